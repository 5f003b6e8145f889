use serde::{Deserialize, Serialize};

use crate::{Error, Result};

/// Settings of the method `supernet` (AutoSNN, Na et al., ICML 2022): how long the network of all operations is trained, and how
/// candidates that inherit its weights are judged.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SupernetConfig {
    /// Passes over the training images, with one random path a step.
    pub epochs: usize,
    /// Validation images on which a candidate is judged, every class alike; all where there are fewer.
    pub images: usize,
    /// The exponent of a candidate's spikes in its fitness, `accuracy * (spikes / mean spikes)^lambda`, below 0: the lower, the more
    /// a spike costs.
    pub lambda: f64,
}

/// The most epochs and images.
const MOST: usize = 1_000_000;

impl Default for SupernetConfig {
    /// The paper's lambda.
    fn default() -> Self {
        Self { epochs: 10, images: 1000, lambda: -0.08 }
    }
}

impl SupernetConfig {
    /// Whether every value is in range; the first that is not, named.
    pub(super) fn check(&self) -> Result<()> {
        let Self { epochs, images, lambda } = *self;
        for (name, value) in [("supernet epochs", epochs), ("supernet images", images)] {
            if !(1..=MOST).contains(&value) {
                return Err(Error::invalid(format!("{name} {value}: give 1 to {MOST}")));
            }
        }
        if lambda < 0.0 && lambda.is_finite() {
            return Ok(());
        }
        Err(Error::invalid(format!(
            "lambda {lambda}: give a number below 0, such as -0.08, so that spikes cost something"
        )))
    }

    /// A candidate's fitness; minus infinity where it never fires.
    ///
    /// `accuracy` in percent; `spikes` and `mean` per image, of the candidate and of random paths.
    pub fn fitness(&self, accuracy: f64, spikes: f64, mean: f64) -> f64 {
        if spikes > 0.0 { accuracy * (spikes / mean).powf(self.lambda) } else { f64::NEG_INFINITY }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_fitness_is_the_accuracy_of_a_network_of_mean_spikes_and_falls_with_them() {
        let config = SupernetConfig { lambda: -0.5, ..SupernetConfig::default() };
        let of = |spikes| config.fitness(60.0, spikes, 100.0);
        assert_eq!([of(100.0), of(400.0), of(25.0), of(0.0)], [60.0, 30.0, 120.0, f64::NEG_INFINITY]);
    }

    #[test]
    fn values_out_of_range_are_named() {
        let default = SupernetConfig::default;
        default().check().unwrap();
        for lambda in [0.0, 0.08, f64::NAN, f64::NEG_INFINITY] {
            let error = SupernetConfig { lambda, ..default() }.check().unwrap_err();
            assert!(error.is_usage() && error.to_string().contains("lambda"), "{error}");
        }
        for config in [SupernetConfig { epochs: 0, ..default() }, SupernetConfig { images: 0, ..default() }] {
            assert!(config.check().unwrap_err().to_string().contains("give 1 to 1000000"));
        }
    }
}
