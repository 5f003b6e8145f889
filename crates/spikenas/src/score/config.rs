use serde::{Deserialize, Serialize};

use super::kind::ScoreKind;
use crate::{Error, Result};

/// How architectures are scored.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ScoreConfig {
    /// Which score.
    pub kind: ScoreKind,
    /// Images of a mini-batch.
    pub batch: usize,
    /// Mini-batches, each with weights of its own; their scores are averaged.
    pub repeats: usize,
    /// Seed of weights and images.
    pub seed: u64,
    /// Most bytes of feature maps to hold at a time; what is scored does not depend on it.
    #[serde(skip, default = "default_memory")]
    pub memory: u64,
}

/// 4 GiB.
fn default_memory() -> u64 {
    4 << 30
}

impl Default for ScoreConfig {
    fn default() -> Self {
        Self { kind: ScoreKind::default(), batch: 64, repeats: 1, seed: 1, memory: default_memory() }
    }
}

/// Mini-batches at most.
const MOST_REPEATS: usize = 1000;

impl ScoreConfig {
    /// Whether every value is in range.
    pub fn check(&self) -> Result<()> {
        match (self.batch, self.repeats) {
            (0 | 1, _) if self.kind.is_drawn() => {
                Err(Error::invalid(format!("batch {}: a score compares at least 2 images", self.batch)))
            }
            (_, repeats) if !(1..=MOST_REPEATS).contains(&repeats) => {
                Err(Error::invalid(format!("repeats {repeats} is out of range: give 1 to {MOST_REPEATS}")))
            }
            _ => Ok(()),
        }
    }
}
