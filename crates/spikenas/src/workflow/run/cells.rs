//! The best cells of a network whose sizes are given.

use std::sync::Arc;
use std::time::Instant;

use super::config::RunConfig;
use super::confirm::{self, confirm, smallest_tied};
use crate::cost::{Operations, ParameterCount, Unreachable};
use crate::data::Dataset;
use crate::engine::Engine;
use crate::graph::Graph;
use crate::progress::Progress;
use crate::record::FORMAT_VERSION;
use crate::score::{Score, Scorer, score_batches, scorer};
use crate::search::{self, Evaluator, FrontPoint, Handed, Problem, SearchRecord};
use crate::space::Architecture;
use crate::{Error, Result};

fn problem(config: &RunConfig, dataset: &Dataset) -> Result<Problem> {
    let sizes = config.search.layout.as_ref().map(|layout| layout.sizes_of(&config.network));
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

/// Searches cells, from what searches before it have handed on, by the scorer that is given or that of the configuration;
/// returns what it hands on to the one after it, too.
pub(super) fn search_cells(
    config: &RunConfig,
    dataset: &Dataset,
    engine: &Arc<dyn Engine>,
    given: Option<&dyn Scorer>,
    handed: Handed,
    progress: &mut dyn Progress,
) -> Result<(SearchRecord, Handed)> {
    let begin = Instant::now();
    let (problem, configured) = match given {
        Some(_) => (problem(config, dataset)?, None),
        None => prepare(config, dataset, engine).map(|(problem, scorer)| (problem, Some(scorer)))?,
    };
    let scorer = given.or(configured.as_deref()).ok_or_else(|| Error::invalid("there is no score"))?;
    let sizes = problem.sizes;
    let mut evaluator = Evaluator::after(problem, scorer, handed)?;
    evaluator.expect_confirmation(confirm::length(config));
    let (mut best, passes) = search::search(&config.search, &mut evaluator, progress)?;
    evaluator.sync_journal()?;
    let seconds = begin.elapsed().as_secs_f64();
    let ranking = evaluator.ranking()?;
    // Their feature maps make room for those of the confirmation.
    let handed = evaluator.hand_on();
    drop(configured);
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
        answers: Vec::new(),
        front: front(config, dataset, &ranking)?,
        program: Some(env!("CARGO_PKG_VERSION").into()),
    };
    Ok((record, handed))
}

/// The candidates that no other beats in every objective, where objectives are given.
fn front(
    config: &RunConfig,
    dataset: &Dataset,
    ranking: &[(Architecture, Score, ParameterCount)],
) -> Result<Vec<FrontPoint>> {
    let Some(front) = config.search.front.as_ref().filter(|front| !front.objectives.is_empty()) else {
        return Ok(Vec::new());
    };
    let is_sound = |(architecture, score, _): &&(Architecture, Score, ParameterCount)| {
        score.value.is_finite() && architecture.cell_without_path().is_none()
    };
    let points = ranking.iter().filter(is_sound).map(|(architecture, score, parameters)| {
        let graph = Graph::new(architecture, &config.network, dataset.train.shape)?;
        let operations = Operations::new(&graph, |_| Some(1.0)).map_or(0.0, |operations| operations.dense());
        let (score, firing_rate) = (score.value.into(), score.firing_rate);
        let (architecture, parameters) = (architecture.clone(), *parameters);
        Ok(FrontPoint { architecture, score, firing_rate, parameters, operations })
    });
    let points = points.collect::<Result<Vec<FrontPoint>>>()?;
    Ok(FrontPoint::non_dominated(points, &front.objectives, config.search.scope))
}
