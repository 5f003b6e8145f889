use serde::{Deserialize, Serialize};

use crate::cost::ParameterCount;
use crate::space::Architecture;
use crate::spread::Spread;
use crate::weights::Selection;

/// The same run with several seeds, and its results so far: `seeds.json`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct SeedsRecord {
    /// Format version.
    pub version: u32,
    /// Version of the program.
    pub program: String,
    /// Where the images come from.
    pub data: String,
    /// Number of seeds that were asked for.
    pub seeds: usize,
    /// Test accuracy in percent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub accuracy: Option<Spread>,
    /// Accuracy in percent on the images that are held out, where any are, of the epoch that is kept.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub validation_accuracy: Option<Spread>,
    /// Test accuracy in percent of the integer networks, where the run is for a device.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub integer_accuracy: Option<Spread>,
    /// Parameters of the backbone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub backbone: Option<Spread>,
    /// Parameters of the network.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub network: Option<Spread>,
    /// The seeds that are finished, in their order.
    pub results: Vec<SeedResult>,
}

/// The result of one seed.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct SeedResult {
    /// The seed.
    pub seed: u64,
    /// The architecture that was found, or given.
    pub architecture: Architecture,
    /// Its parameters.
    pub parameters: ParameterCount,
    /// Test accuracy in percent.
    pub accuracy: f64,
    /// Accuracy in percent on the images that are held out, where any are, of the epoch that is kept.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub validation_accuracy: Option<f64>,
    /// Test accuracy in percent of the integer network, where the run is for a device.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub integer_accuracy: Option<f64>,
    /// The epoch that is kept.
    pub epoch: usize,
    /// How it was chosen.
    #[serde(flatten)]
    pub selection: Selection,
    /// Seconds of the search, where there was one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub search_seconds: Option<f64>,
    /// Seconds of the training.
    pub train_seconds: f64,
}

impl SeedsRecord {
    /// Adds a result, in the place of an earlier one of its seed, and takes the means again.
    pub(super) fn add(&mut self, result: SeedResult) {
        self.results.retain(|other| other.seed != result.seed);
        self.results.push(result);
        self.results.sort_by_key(|result| result.seed);
        let of = |value: fn(&SeedResult) -> Option<f64>| {
            Spread::of(&self.results.iter().filter_map(value).collect::<Vec<f64>>())
        };
        let accuracy = of(|result| Some(result.accuracy));
        let validation_accuracy = of(|result| result.validation_accuracy);
        let integer_accuracy = of(|result| result.integer_accuracy);
        let backbone = of(|result| Some(result.parameters.backbone as f64));
        let network = of(|result| Some(result.parameters.network as f64));
        *self = Self { accuracy, validation_accuracy, integer_accuracy, backbone, network, ..self.clone() };
    }
}
