use std::sync::Arc;
use std::time::Instant;

use super::config::RunConfig;
use super::confirm::{self, confirm, smallest_tied};
use super::folder::RunFolder;
use super::memory::check_peak;

use crate::cost::Unreachable;
use crate::data::Dataset;
use crate::engine::{Engine, check_images};
use crate::graph::Graph;
use crate::progress::Progress;
use crate::random::fingerprint;
use crate::record::FORMAT_VERSION;
use crate::score::{Scorer, check_room, score_batches, scorer};
use crate::search::{self, Evaluator, Journal, JournalHeader, Problem, SearchRecord};
use crate::space::{Architecture, Cell, Kernel, Operation};
use crate::{Error, Result};

/// Whether a search can begin, so that no folder is made for one that cannot.
///
/// Errors: settings out of range, more images in a mini-batch than there are, images that do not fit the network, a budget
/// that no candidate fits, certainly too little memory.
pub fn check_search(config: &RunConfig, dataset: &Dataset, engine: &Arc<dyn Engine>) -> Result<()> {
    config.check()?;
    let (problem, scorer, _) = prepare(config, dataset, engine)?;
    check_room(&config.score, engine.as_ref(), &problem.graph(&heaviest(config)?)?.0)?;
    Evaluator::new(problem, scorer.as_ref(), None)?.check_feasible()
}

/// Whether the network of a configuration can be trained on a dataset, whatever its cells.
///
/// Errors: settings out of range, images that do not fit the network, labels that it has no class for, too little memory.
pub fn check_training(config: &RunConfig, dataset: &Dataset, engine: &dyn Engine) -> Result<()> {
    config.check()?;
    let architecture = any_architecture(config)?;
    if let Some(cell) = architecture.cell_without_path() {
        return Err(Error::invalid(format!(
            "`{architecture}` has no path from input to output in cell {cell}, so that its output is the same for every image: there \
             is nothing to train"
        )));
    }
    let graph = Graph::new(&architecture, &config.network, dataset.train.shape)?;
    check_images(&graph, &dataset.train)?;
    check_images(&graph, &dataset.test)?;
    config.train.split(dataset)?;
    check_peak(&config.train, engine, &graph, dataset)
}

/// The architecture whose weights are those of all candidates together: each operation is drawn once for each edge.
fn heaviest(config: &RunConfig) -> Result<Architecture> {
    let side = |o: &&Operation| o.kernel().map_or(0, Kernel::side);
    let operation = config.search.operations.iter().max_by_key(side).copied().unwrap_or(Operation::Skip);
    Architecture::repeated(Cell::uniform(operation), config.network.cells)
}

/// One architecture of the network: its images and classes do not depend on its cells.
fn any_architecture(config: &RunConfig) -> Result<Architecture> {
    let skips = || Architecture::repeated(Cell::uniform(Operation::Skip), config.network.cells);
    config.architecture.clone().map_or_else(skips, Ok)
}

/// The problem, the scorer, and the fingerprint of the images that it scores on.
fn prepare(
    config: &RunConfig,
    dataset: &Dataset,
    engine: &Arc<dyn Engine>,
) -> Result<(Problem, Box<dyn Scorer>, String)> {
    let batches = score_batches(&config.score, dataset)?;
    let bits = batches.iter().flat_map(|b| &b.images).flat_map(|v| v.to_bits().to_le_bytes());
    let images = format!("{:016x}", fingerprint(bits));
    let problem = Problem::new(&config.search, &config.network, dataset.train.shape)?;
    Ok((problem, scorer(engine, &config.score, &config.network, batches)?, images))
}

/// Searches as a configuration says; with a folder, from its journal, and keeps the result there.
pub fn search(
    config: &RunConfig,
    dataset: &Dataset,
    engine: &Arc<dyn Engine>,
    folder: Option<&RunFolder>,
    progress: &mut dyn Progress,
) -> Result<SearchRecord> {
    let record = find(config, dataset, engine, folder, progress)?;
    folder.map_or(Ok(()), |f| f.keep_search(&record))?;
    Ok(record)
}

/// Searches as [`search()`] does, and leaves it to the caller to keep the result.
pub fn find(
    config: &RunConfig,
    dataset: &Dataset,
    engine: &Arc<dyn Engine>,
    folder: Option<&RunFolder>,
    progress: &mut dyn Progress,
) -> Result<SearchRecord> {
    if let Some(folder) = folder
        && let Some(record) = folder.winner(config, dataset.train.shape)?
    {
        progress.note("the search was finished before");
        folder.concern_of_journal(&record).iter().for_each(|concern| progress.note(concern));
        return Ok(record);
    }
    let begin = Instant::now();
    let (problem, scorer, images) = prepare(config, dataset, engine)?;
    let header = JournalHeader {
        version: FORMAT_VERSION,
        data: config.data.source.name().into(),
        images,
        input: dataset.train.shape,
        network: config.network.clone(),
        score: config.score.clone(),
        search: config.search.clone(),
    };
    let journal = folder.map(|f| Journal::open(&f.journal_path(), &header)).transpose()?;
    let seconds_before = journal.as_ref().map_or(0.0, |j| j.entries().iter().map(|e| e.seconds).sum());
    let mut evaluator = Evaluator::new(problem, scorer.as_ref(), journal)?;
    evaluator.expect_confirmation(confirm::length(config));
    let (mut best, passes) = search::search(&config.search, &mut evaluator, progress)?;
    evaluator.sync_journal()?;
    let seconds = seconds_before + begin.elapsed().as_secs_f64();
    let ranking = evaluator.ranking()?;
    // Their feature maps make room for those of the confirmation.
    drop(evaluator);
    drop(scorer);
    let confirmation = match config.search.confirm {
        0 => None,
        _ => Some(confirm(config, dataset, engine, &ranking, &best.architecture, progress)?),
    };
    let chosen = confirmation.as_ref().and_then(|c| smallest_tied(c, config.search.scope));
    if let Some(chosen) = chosen {
        best.architecture = chosen.architecture.clone();
        best.parameters = chosen.parameters;
        let score = ranking.iter().find(|(architecture, ..)| *architecture == chosen.architecture);
        best.score = score.map_or(best.score, |(_, score, _)| *score);
    }
    let unreachable = Unreachable::of(&Graph::new(&best.architecture, &config.network, dataset.train.shape)?);
    let record = SearchRecord {
        version: FORMAT_VERSION,
        architecture: best.architecture,
        score: best.score.value.into(),
        firing_rate: best.score.firing_rate,
        parameters: best.parameters,
        budget: config.search.budget_parameters(),
        scope: config.search.scope,
        method: config.search.method,
        candidates: passes.iter().map(|p| p.candidates).sum(),
        feasible: passes.iter().map(|p| p.feasible).sum(),
        scored: passes.iter().map(|p| p.scored).sum(),
        different: passes.iter().map(|p| p.different).sum(),
        computed: passes.iter().map(|p| p.computed).sum(),
        passes,
        seconds,
        confirmation,
        seed: config.search.seed,
        input: Some(dataset.train.shape),
        unreachable,
        program: Some(env!("CARGO_PKG_VERSION").into()),
    };
    Ok(record)
}
