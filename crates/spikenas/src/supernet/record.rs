use serde::{Deserialize, Serialize};

use crate::score::Judged;
use crate::space::Architecture;
use crate::train::TrainConfig;

/// A trained supernet: `supernet/supernet.json`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct SupernetRecord {
    /// Format version.
    pub version: u32,
    /// Version of the program.
    pub program: String,
    /// Trainable parameters of all operations together.
    pub parameters: u64,
    /// Steps of its training, each on a path of its own.
    pub steps: u64,
    /// Seconds of its training.
    pub train_seconds: f64,
    /// How it was trained, and which images were left to it.
    pub train: TrainConfig,
    /// Fingerprint of its weights.
    pub weights: String,
    /// Validation images on which candidates are judged.
    pub images: usize,
    /// Random paths, drawn by the seed.
    pub sample: Vec<Sampled>,
    /// The mean of their spikes per image.
    pub mean_spikes: f64,
    /// Seconds in which they were judged.
    pub seconds: f64,
}

/// A random path.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Sampled {
    /// Its architecture.
    pub architecture: Architecture,
    /// What it reached with the weights of the supernet.
    #[serde(flatten)]
    pub judged: Judged,
}
