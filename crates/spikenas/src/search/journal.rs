use serde::{Deserialize, Serialize};

use super::config::SearchConfig;
use crate::cost::ParameterCount;
use crate::graph::{NetworkConfig, Shape, Sizes};
use crate::record::Number;
use crate::score::{Judged, ScoreConfig};
use crate::space::Architecture;

/// Everything that a score depends on; the first line of a journal.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct JournalHeader {
    /// Format version of the journal.
    pub version: u32,
    /// Where the images come from: `sample`, `cifar10`, `cifar100` or `folder`.
    pub data: String,
    /// Fingerprint of the images that are scored with.
    pub images: String,
    /// Shape of an image.
    pub input: Shape,
    /// The network around the cells.
    pub network: NetworkConfig,
    /// How architectures are scored.
    pub score: ScoreConfig,
    /// What is searched, and how.
    pub search: SearchConfig,
    /// Fingerprint of the weights that candidates inherit, where they do.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub supernet: Option<String>,
}

/// One scored candidate; every other line.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct JournalEntry {
    /// The candidate.
    pub architecture: Architecture,
    /// The sizes of its network, where these are chosen, too.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sizes: Option<Sizes>,
    /// Its score.
    pub score: Number,
    /// Its firing rate, where the score took a forward pass.
    #[serde(default)]
    pub firing_rate: Option<f64>,
    /// What it reached with inherited weights, where the score is made of that.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub judged: Option<Judged>,
    /// Its parameters.
    pub parameters: ParameterCount,
    /// Wall-clock time of the score.
    pub seconds: f64,
}

/// The scores of a search.
pub type Journal = crate::record::Journal<JournalEntry>;
