use serde::{Deserialize, Serialize};

use super::kind::ScoreKind;
use crate::{Error, Result};

/// How architectures are scored.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ScoreConfig {
    /// Which score; the default where it is one of the caller's own.
    pub kind: ScoreKind,
    /// The name of a score of the caller's own, which only the caller can compute.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub own: Option<String>,
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
        Self { kind: ScoreKind::default(), own: None, batch: 64, repeats: 1, seed: 1, memory: default_memory() }
    }
}

/// Mini-batches at most.
const MOST_REPEATS: usize = 1000;

impl ScoreConfig {
    /// The name of the score.
    pub fn name(&self) -> &str {
        self.own.as_deref().unwrap_or(self.kind.name())
    }

    /// Whether every value is in range.
    pub fn check(&self) -> Result<()> {
        if let Some(name) = self.own.as_deref().filter(|name| name.trim().is_empty() || self.kind.is_drawn()) {
            return Err(Error::invalid(format!(
                "score '{name}': a score of one's own has a name, and is none of the others"
            )));
        }
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
