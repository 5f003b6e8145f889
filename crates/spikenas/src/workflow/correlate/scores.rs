use std::collections::{BTreeMap, HashMap};

use serde::{Deserialize, Serialize};

use super::config::CorrelateConfig;
use super::table::{Row, Table};
use crate::graph::NetworkConfig;
use crate::record::{FORMAT_VERSION, Number};
use crate::score::ScoreKind;
use crate::space::Architecture;
use crate::{Error, Result};

/// Everything that the values depend on; the first line of the journal.
#[derive(Serialize)]
pub(super) struct Header<'a> {
    version: u32,
    data: &'a str,
    network: &'a NetworkConfig,
    batch: usize,
    repeats: usize,
}

impl<'a> Header<'a> {
    /// `data`: the name of the images.
    pub fn of(config: &'a CorrelateConfig, data: &'a str) -> Self {
        let CorrelateConfig { network, batch, repeats, .. } = config;
        Self { version: FORMAT_VERSION, data, network, batch: *batch, repeats: *repeats }
    }
}

/// Scores of one architecture that were taken together; every other line.
#[derive(Serialize, Deserialize)]
pub(super) struct Entry {
    pub architecture: Architecture,
    pub seed: u64,
    pub scores: BTreeMap<String, Number>,
    pub seconds: f64,
}

/// The scores of a table's architectures.
#[derive(Clone, Debug, Default)]
pub struct Scores {
    known: HashMap<(ScoreKind, u64, Architecture), f64>,
    /// Seconds and architectures of each score.
    times: HashMap<ScoreKind, (f64, usize)>,
}

impl Scores {
    /// The values of a score for a seed, in the order of the rows.
    ///
    /// Errors: an architecture that was not scored.
    pub fn of(&self, kind: ScoreKind, seed: u64, table: &Table, config: &CorrelateConfig) -> Result<Vec<f64>> {
        let seed = if kind.is_drawn() { seed } else { config.seeds[0] };
        let value = |row: &Row| {
            let architecture = seen(kind, row, config)?;
            let found = self.known.get(&(kind, seed, architecture.clone())).copied();
            found.ok_or_else(|| Error::invalid(format!("`{architecture}` has no {kind} for seed {seed}")))
        };
        table.rows.iter().map(value).collect()
    }

    /// Whether a score of an architecture, as the score sees it, is known.
    pub(super) fn has(&self, kind: ScoreKind, seed: u64, architecture: &Architecture) -> bool {
        self.known.contains_key(&(kind, seed, architecture.clone()))
    }

    /// Mean seconds of an architecture's score; scores of spikes share one forward pass, and its time.
    pub fn seconds_per_candidate(&self, kind: ScoreKind) -> Option<f64> {
        self.times.get(&kind).map(|(seconds, count)| seconds / *count as f64)
    }

    /// Takes the scores of a line of a journal.
    ///
    /// Errors: another number of cells than the network's.
    pub(super) fn keep(&mut self, entry: &Entry, config: &CorrelateConfig) -> Result<()> {
        let architecture = entry.architecture.clone().with_cells(config.network.cells)?;
        for (name, value) in &entry.scores {
            // Names of scores of other versions are skipped.
            let Ok(kind) = name.parse::<ScoreKind>() else { continue };
            self.known.insert((kind, entry.seed, architecture.clone()), value.0);
            let time = self.times.entry(kind).or_default();
            *time = (time.0 + entry.seconds, time.1 + 1);
        }
        Ok(())
    }
}

/// What a score sees of an architecture: the paper's scores see dead parts, too.
///
/// Errors: another number of cells than the network's.
pub(super) fn seen(kind: ScoreKind, row: &Row, config: &CorrelateConfig) -> Result<Architecture> {
    let architecture = row.architecture.clone().with_cells(config.network.cells)?;
    Ok(if kind.is_of_the_paper() { architecture } else { architecture.pruned() })
}
