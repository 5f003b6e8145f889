//! How well a trained supernet ranks a table: accuracy and fitness with inherited weights.

use std::collections::{HashMap, HashSet};
use std::path::Path;
use std::time::Instant;

use serde::{Deserialize, Serialize};

use super::table::{Row, Table};
use crate::data::Dataset;
use crate::engine::Engine;
use crate::graph::{Graph, NetworkConfig};
use crate::progress::Progress;
use crate::record::{FORMAT_VERSION, Journal, Number};
use crate::score::{Judged, Listener, Score};
use crate::space::{Architecture, Operation};
use crate::supernet::supernet_images;
use crate::workflow::run::{RunConfig, RunFolder, kept_supernet};
use crate::{Error, Result};

/// Everything that the values depend on; the first line of the journal.
#[derive(Serialize)]
struct Header<'a> {
    version: u32,
    network: &'a NetworkConfig,
    /// Fingerprint of the supernet's weights.
    supernet: &'a str,
    /// Validation images.
    images: usize,
    lambda: f64,
}

/// An architecture; every other line.
#[derive(Clone, Serialize, Deserialize)]
struct Entry {
    architecture: Architecture,
    #[serde(flatten)]
    judged: Judged,
    fitness: Number,
    seconds: f64,
}

/// What the architectures of a table reach with the weights of a supernet.
#[derive(Clone, Default)]
pub struct Inherited {
    known: HashMap<Architecture, Entry>,
}

impl Inherited {
    /// Accuracy and fitness of each row, in their order.
    ///
    /// Errors: an architecture that was not judged.
    pub(super) fn of(&self, table: &Table) -> Result<[Vec<f64>; 2]> {
        let entry = |row: &Row| {
            let cells = self.known.keys().next().map_or(1, |known| known.cells().len());
            let architecture = row.architecture.clone().with_cells(cells)?.pruned();
            self.known.get(&architecture).ok_or_else(|| Error::invalid(format!("`{architecture}` was not judged")))
        };
        let entries = table.rows.iter().map(entry).collect::<Result<Vec<&Entry>>>()?;
        Ok([entries.iter().map(|e| e.judged.accuracy).collect(), entries.iter().map(|e| e.fitness.0).collect()])
    }

    /// Mean seconds of an architecture.
    pub(super) fn seconds(&self) -> Option<f64> {
        let mut seconds: Vec<f64> = self.known.values().map(|entry| entry.seconds).collect();
        // Added up in one order, whatever that of the map is.
        seconds.sort_by(f64::total_cmp);
        (!seconds.is_empty()).then(|| seconds.iter().sum::<f64>() / seconds.len() as f64)
    }
}

/// Judges every architecture of a table, without its dead edges, with the weights of a run's supernet, except those in a journal.
///
/// `config`: the run's. Errors: those of a folder whose supernet is not there; operations that it does not hold; another number
/// of cells; a journal of another supernet or that cannot be written; a stop that was asked for.
pub fn inherit_table(
    table: &Table,
    (folder, config): (&RunFolder, &RunConfig),
    dataset: &Dataset,
    engine: &dyn Engine,
    journal: Option<&Path>,
    progress: &mut dyn Progress,
) -> Result<Inherited> {
    let images = supernet_images(&config.train, dataset)?;
    let lender = kept_supernet(config, &images, engine, folder)?;
    let header = Header {
        version: FORMAT_VERSION,
        network: &config.network,
        supernet: &lender.record.weights,
        images: lender.record.images,
        lambda: lender.lambda(),
    };
    let journal = journal.map(|path| Journal::<Entry>::open(path, &header)).transpose()?;
    journal.iter().filter_map(Journal::warning).for_each(|warning| progress.note(warning));
    let mut inherited = Inherited::default();
    for entry in journal.iter().flat_map(|j| j.entries()) {
        let architecture = entry.architecture.clone().with_cells(config.network.cells)?;
        inherited.known.insert(architecture, entry.clone());
    }
    let unknown = unknown(table, config, &inherited)?;
    let graph = |architecture: &Architecture| Graph::new(architecture, &config.network, dataset.train.shape);
    let graphs = unknown.iter().map(graph).collect::<Result<Vec<Graph>>>()?;
    progress.begin("inherited weights", graphs.len());
    let mut keeper = Keeper { unknown: &unknown, journal, inherited, begin: Instant::now(), progress };
    lender.scorer().score_each(&graphs, &mut keeper)?;
    keeper.progress.end();
    keeper.journal.as_mut().map_or(Ok(()), Journal::sync)?;
    Ok(keeper.inherited)
}

/// The architectures of a table that are not known, each once.
fn unknown(table: &Table, config: &RunConfig, inherited: &Inherited) -> Result<Vec<Architecture>> {
    let allowed = &config.search.operations;
    let (mut found, mut unknown) = (HashSet::new(), Vec::new());
    for row in &table.rows {
        let architecture = row.architecture.clone().with_cells(config.network.cells)?.pruned();
        let mut operations = architecture.cells().iter().flat_map(|cell| cell.all_operations().collect::<Vec<_>>());
        if let Some(other) = operations.find(|other| other.kernel().is_some() && !allowed.contains(other)) {
            let names: Vec<&str> = allowed.iter().map(|operation: &Operation| operation.name()).collect();
            return Err(Error::invalid(format!(
                "`{architecture}` has {other}, which the supernet of {} lacks: take one of more operations",
                names.join(", ")
            )));
        }
        if !inherited.known.contains_key(&architecture) && found.insert(architecture.clone()) {
            unknown.push(architecture);
        }
    }
    Ok(unknown)
}

/// Keeps what is judged as it is found.
struct Keeper<'k> {
    unknown: &'k [Architecture],
    journal: Option<Journal<Entry>>,
    inherited: Inherited,
    begin: Instant,
    progress: &'k mut dyn Progress,
}

impl Listener for Keeper<'_> {
    fn scored(&mut self, index: usize, score: Score) -> Result<()> {
        let architecture = self.unknown[index].clone();
        let judged = score.judged.ok_or_else(|| Error::invalid(format!("`{architecture}` was not judged")))?;
        let (fitness, seconds) = (score.value.into(), self.begin.elapsed().as_secs_f64());
        let entry = Entry { architecture: architecture.clone(), judged, fitness, seconds };
        self.journal.as_mut().map_or(Ok(()), |journal| journal.append(entry.clone()))?;
        self.inherited.known.insert(architecture, entry);
        self.progress.advance(1, "");
        self.begin = Instant::now();
        self.step()
    }

    fn step(&mut self) -> Result<()> {
        if !self.progress.is_cancelled() {
            return Ok(());
        }
        Err(Error::Interrupted(match self.journal {
            Some(_) => "repeat it with the same journal to go on".into(),
            None => "nothing is kept without a folder".into(),
        }))
    }
}
