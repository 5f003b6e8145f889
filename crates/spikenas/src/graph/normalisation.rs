use std::borrow::Cow;

use serde::{Deserialize, Serialize};

/// Mean and deviation of each channel, for pixels in 0..=1: a pixel p becomes (p / 255 - mean) / deviation.
///
/// A network has learned with one, and is applied with the same, whatever the images.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Normalisation {
    /// Mean of each channel.
    pub mean: Cow<'static, [f32]>,
    /// Standard deviation of each channel, never zero; as many as there are means.
    pub deviation: Cow<'static, [f32]>,
}

impl Normalisation {
    /// Whether it is one of so many channels, of numbers that a pixel can be normalised with; if not, why.
    pub fn check(&self, channels: usize) -> Result<(), String> {
        let Self { mean, deviation } = self;
        let is_finite = mean.iter().all(|m| m.is_finite()) && deviation.iter().all(|d| d.is_finite() && *d > 0.0);
        if !is_finite || mean.len() != deviation.len() {
            return Err(format!("its normalisation is damaged (mean {mean:?}, deviation {deviation:?})"));
        }
        if mean.len() != channels {
            return Err(format!("its normalisation is of {} channels, and its network takes {channels}", mean.len()));
        }
        Ok(())
    }
}
