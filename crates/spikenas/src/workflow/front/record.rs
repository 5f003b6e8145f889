use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use crate::cost::{DeviceLedger, ParameterCount, Scope};
use crate::graph::Sizes;
use crate::record::Number;
use crate::search::Limit;
use crate::space::Architecture;
use crate::weights::Selection;

/// The networks that a search answers, and the results of their trainings so far: `front.json`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct FrontRecord {
    /// Format version.
    pub version: u32,
    /// Version of the program.
    pub program: String,
    /// Where the images come from.
    pub data: String,
    /// What a budget counts.
    pub scope: Scope,
    /// Networks to train.
    pub networks: usize,
    /// Those that are trained, the smallest first.
    pub results: Vec<FrontResult>,
}

/// The result of one network.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct FrontResult {
    /// Its run folder, seen from that of the search.
    pub folder: PathBuf,
    /// The limits that it is the answer to, the largest first; none where it is a candidate that no other beats.
    pub limits: Vec<Limit>,
    /// Its architecture.
    pub architecture: Architecture,
    /// The sizes of its network, where these were chosen, too.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sizes: Option<Sizes>,
    /// Its score.
    pub score: Number,
    /// Its parameters.
    pub parameters: ParameterCount,
    /// The memory of its integer network, where the search was for a device.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub device: Option<DeviceLedger>,
    /// Synaptic operations of an inference: additions and multiplications, from what fires in the test.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub operations: Option<f64>,
    /// Their energy in picojoules.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub energy_pj: Option<f64>,
    /// Test accuracy in percent.
    pub accuracy: f64,
    /// Accuracy in percent on the images that are held out, where any are, of the epoch that is kept.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub validation_accuracy: Option<f64>,
    /// Test accuracy in percent of the integer network, where the search was for a device.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub integer_accuracy: Option<f64>,
    /// The epoch that is kept.
    pub epoch: usize,
    /// How it was chosen.
    #[serde(flatten)]
    pub selection: Selection,
    /// Seconds of the training.
    pub train_seconds: f64,
}
