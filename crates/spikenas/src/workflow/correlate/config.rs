use serde::{Deserialize, Serialize};

use crate::graph::NetworkConfig;
use crate::score::{ScoreConfig, ScoreKind};
use crate::{Error, Result};

/// How the architectures of a table are scored.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CorrelateConfig {
    /// The scores.
    pub scores: Vec<ScoreKind>,
    /// Seeds of weights and images; each score is taken for each.
    pub seeds: Vec<u64>,
    /// The network around the cells.
    pub network: NetworkConfig,
    /// Images of a mini-batch.
    pub batch: usize,
    /// Mini-batches whose scores are averaged.
    pub repeats: usize,
}

/// Seeds at most.
const MOST_SEEDS: u64 = 1000;

impl CorrelateConfig {
    /// Consecutive seeds from one on; after the highest comes 0.
    ///
    /// Errors: a count out of range.
    pub fn seeds(first: u64, count: u64) -> Result<Vec<u64>> {
        if !(1..=MOST_SEEDS).contains(&count) {
            return Err(Error::invalid(format!("seeds {count} is out of range: give 1 to {MOST_SEEDS}")));
        }
        Ok((0..count).map(|index| first.wrapping_add(index)).collect())
    }

    /// Whether every value is in range; the first that is not, named.
    pub fn check(&self) -> Result<()> {
        self.network.check()?;
        if self.scores.is_empty() || self.seeds.is_empty() {
            return Err(Error::invalid("a correlation needs at least one score and one seed"));
        }
        self.of(ScoreKind::default(), 0).check()
    }

    /// How one score is taken for one seed.
    pub(super) fn of(&self, kind: ScoreKind, seed: u64) -> ScoreConfig {
        ScoreConfig { kind, batch: self.batch, repeats: self.repeats, seed, ..ScoreConfig::default() }
    }
}
