//! The best cells of a network whose sizes are given.

use std::sync::Arc;
use std::time::Instant;

use super::config::RunConfig;
use super::confirm::{self, confirm, smallest_tied};
use super::supernet::Lender;
use crate::Result;
use crate::cost::Unreachable;
use crate::data::Dataset;
use crate::engine::Engine;
use crate::graph::Graph;
use crate::progress::Progress;
use crate::record::FORMAT_VERSION;
use crate::score::{Scorer, score_batches, scorer};
use crate::search::{self, Evaluator, Journal, Problem, SearchRecord};

fn problem(config: &RunConfig, dataset: &Dataset) -> Result<Problem> {
    let sizes = config.search.layout.as_ref().map(|_| config.network.sizes());
    Ok(Problem { sizes, ..Problem::new(&config.search, &config.network, dataset.train.shape)? })
}

/// The problem, and the scorer of untrained networks.
pub(super) fn prepare<'a>(
    config: &RunConfig,
    dataset: &Dataset,
    engine: &Arc<dyn Engine>,
) -> Result<(Problem, Box<dyn Scorer + 'a>)> {
    let batches = score_batches(&config.score, dataset)?;
    Ok((problem(config, dataset)?, scorer(engine, &config.score, &config.network, batches)?))
}

/// Searches cells, from the scores that a journal has of them, or of weights that a supernet lends; returns the journal, too, for the search after this one.
pub(super) fn search_cells(
    config: &RunConfig,
    dataset: &Dataset,
    engine: &Arc<dyn Engine>,
    lender: Option<&Lender<'_>>,
    journal: Option<Journal>,
    progress: &mut dyn Progress,
) -> Result<(SearchRecord, Option<Journal>)> {
    let begin = Instant::now();
    let (problem, scorer) = match lender {
        Some(lender) => (problem(config, dataset)?, lender.scorer()),
        None => prepare(config, dataset, engine)?,
    };
    let sizes = problem.sizes;
    let kept = journal.iter().flat_map(|j| j.entries()).filter(|entry| entry.sizes == sizes);
    let seconds_before: f64 = kept.map(|entry| entry.seconds).sum();
    let mut evaluator = Evaluator::new(problem, scorer.as_ref(), journal)?;
    evaluator.expect_confirmation(confirm::length(config));
    let (mut best, passes) = search::search(&config.search, &mut evaluator, progress)?;
    evaluator.sync_journal()?;
    let seconds = lender.map_or(0.0, Lender::seconds) + seconds_before + begin.elapsed().as_secs_f64();
    let ranking = evaluator.ranking()?;
    // Their feature maps make room for those of the confirmation.
    let journal = evaluator.into_journal();
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
    let graph = Graph::new(&best.architecture, &config.network, dataset.train.shape)?;
    let unreachable = Unreachable::of(&graph);
    let device = config.search.device.as_ref().map(|device| device.ledger(&graph)).transpose()?;
    let record = SearchRecord {
        version: FORMAT_VERSION,
        architecture: best.architecture,
        score: best.score.value.into(),
        firing_rate: best.score.firing_rate,
        judged: best.score.judged,
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
        sizes,
        finalists: Vec::new(),
        device,
        program: Some(env!("CARGO_PKG_VERSION").into()),
    };
    Ok((record, journal))
}
