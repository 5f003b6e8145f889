use serde::{Deserialize, Serialize};

use super::saccades::DURATION_US;
use crate::{Error, Result};

/// What a simulated camera is like, and how it is moved.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct CameraSettings {
    /// Change of the logarithm of the light that makes an event. With 0.35 a white digit on black makes as many as N-MNIST's, about 4,000.
    pub contrast: f64,
    /// Standard deviation of that threshold over the pixels, of which each has one for ON and one for OFF. 0.03 is v2e's.
    pub mismatch: f64,
    /// Time after an event in which its pixel sees nothing. 500 is v2e's.
    pub refractory_us: u64,
    /// Events per second and pixel that no light makes.
    pub noise_hz: f64,
    /// Pixels by which the picture moves to each side, and by which the sensor is larger than it at each edge. 3 is N-MNIST's.
    pub margin: u16,
    /// Seed of the thresholds and of the noise.
    pub seed: u64,
}

impl Default for CameraSettings {
    fn default() -> Self {
        Self { contrast: 0.35, mismatch: 0.03, refractory_us: 500, noise_hz: 0.0, margin: 3, seed: 1 }
    }
}

impl CameraSettings {
    /// The least contrast threshold, that of a pixel too: real ones are ten times as large.
    pub(super) const LEAST_CONTRAST: f64 = 0.01;

    /// Whether every value is in range; the first that is not, named.
    pub fn check(&self) -> Result<()> {
        let in_range = [
            ("contrast", self.contrast, Self::LEAST_CONTRAST, 3.0),
            ("mismatch", self.mismatch, 0.0, 1.0),
            ("refractory time in microseconds", self.refractory_us as f64, 0.0, DURATION_US as f64),
            ("noise in Hz", self.noise_hz, 0.0, 1000.0),
            ("margin", self.margin.into(), 1.0, 100.0),
        ];
        match in_range.into_iter().find(|(_, value, least, most)| !(*least..=*most).contains(value)) {
            None => Ok(()),
            Some((name, value, least, most)) => {
                Err(Error::invalid(format!("{name} {value} is out of range: give {least} to {most}")))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_out_of_range_are_named() {
        let failure = |settings: CameraSettings| settings.check().unwrap_err().to_string();
        let default = CameraSettings::default;
        assert!(default().check().is_ok());
        assert_eq!(
            failure(CameraSettings { contrast: 0.0, ..default() }),
            "contrast 0 is out of range: give 0.01 to 3"
        );
        assert!(failure(CameraSettings { mismatch: f64::NAN, ..default() }).starts_with("mismatch NaN"));
        assert!(failure(CameraSettings { noise_hz: -1.0, ..default() }).starts_with("noise in Hz -1"));
        assert!(failure(CameraSettings { refractory_us: 300_001, ..default() }).contains("give 0 to 300000"));
        assert!(failure(CameraSettings { margin: 0, ..default() }).starts_with("margin 0"));
    }
}
