use serde::{Deserialize, Serialize};

/// Mean and deviation of each channel, for pixels in 0..=1: a pixel p becomes (p / 255 - mean) / deviation.
///
/// A network has learned with one, and is applied with the same, whatever the images.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Normalisation {
    /// Mean of each channel.
    pub mean: [f32; 3],
    /// Standard deviation of each channel, never zero.
    pub deviation: [f32; 3],
}
