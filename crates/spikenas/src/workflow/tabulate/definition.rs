use serde::{Deserialize, Serialize};

use crate::cost::{Bits, Budget, Scope};
use crate::data::DataConfig;
use crate::graph::NetworkConfig;
use crate::record::FORMAT_VERSION;
use crate::space::{Architecture, Operation, SearchSpace};
use crate::train::TrainConfig;
use crate::workflow::run::{RunConfig, check_epochs_given};
use crate::{Error, Result};

/// Architectures and trainings of a table at most.
const MOST: usize = 100_000;

/// A table of trained architectures and how it is made: `table.toml`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Tabulation {
    /// Format version.
    pub version: u32,
    /// Architectures to draw.
    pub architectures: usize,
    /// The operations on an edge of each space; the spaces are drawn from in turn.
    pub spaces: Vec<Vec<Operation>>,
    /// The most memory that an architecture may take.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub budget: Option<Budget>,
    /// What the budget counts.
    pub scope: Scope,
    /// Precision at which a budget in bytes is compared.
    pub bits: Bits,
    /// Trainings of each architecture, with seeds from `train.seed` on.
    pub seeds: usize,
    /// Which images.
    pub data: DataConfig,
    /// The network around the cells.
    pub network: NetworkConfig,
    /// How each is trained.
    pub train: TrainConfig,
}

impl Tabulation {
    /// Whether every value is in range; the first that is not, named.
    pub fn check(&self) -> Result<()> {
        for (name, value, least) in [("architectures", self.architectures, 2), ("seeds", self.seeds, 1)] {
            if !(least..=MOST).contains(&value) {
                return Err(Error::invalid(format!("{name} {value} is out of range: give {least} to {MOST}")));
            }
        }
        check_epochs_given(&self.train)?;
        if self.spaces.is_empty() {
            return Err(Error::invalid("a table needs at least one set of operations to draw from"));
        }
        self.spaces.iter().try_for_each(|space| SearchSpace::new(space.clone(), self.network.cells).map(drop))?;
        self.network.check()?;
        self.train.check()
    }

    /// The training of an architecture with one of the seeds, counted from 0.
    pub fn config(&self, architecture: &Architecture, seed: usize) -> RunConfig {
        RunConfig {
            version: FORMAT_VERSION,
            architecture: Some(architecture.clone()),
            data: self.data.clone(),
            network: self.network.clone(),
            score: Default::default(),
            search: Default::default(),
            train: TrainConfig { seed: self.seed(seed), ..self.train.clone() },
            lineage: None,
        }
    }

    /// One of the seeds, counted from 0.
    pub fn seed(&self, index: usize) -> u64 {
        self.train.seed.wrapping_add(index as u64)
    }
}
