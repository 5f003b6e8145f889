use std::sync::Arc;
use std::time::Instant;

use super::config::RunConfig;
use super::finalists::{PART, compared, middling};
use crate::Result;
use crate::data::Dataset;
use crate::engine::Engine;
use crate::graph::Graph;
use crate::score::{ScoreConfig, ScoreKind, score_batches, scorer};
use crate::search::{Method, Problem, distinct_draws};
use crate::space::{Architecture, SearchSpace};
use crate::supernet::{Judge, supernet_recipe};
use crate::train::Choice;

/// Time of a score among others with which it shares layers, as a part of that of a score alone; measured at widths
/// 16/32.
const SHARED: f64 = 0.25;
/// The same for random candidates, which have less in common.
const SHARED_AT_RANDOM: f64 = 0.4;
/// Time of a training step, as a part of that of a score of as many images; measured at widths 16/32.
const STEP: f64 = 1.7;
/// The same for a test.
const TEST: f64 = 0.7;
/// Leading candidates that a confirmation scores again, without others that they share layers with.
const LEADERS: usize = 10;

/// The expected time of a run on this machine, from the time of one score.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Estimate {
    /// Seconds of the search.
    pub search: f64,
    /// Seconds of the training with its tests, and of the test at its end.
    pub train: f64,
}

impl Estimate {
    /// Scores a network, twice, and counts candidates, epochs and images; where a search chooses sizes, those that it looks at first
    /// stand for all.
    pub fn new(config: &RunConfig, dataset: &Dataset, engine: &Arc<dyn Engine>) -> Result<Self> {
        if config.search.layout.is_some() {
            let compared = compared(config, dataset)?;
            let mut first = config.with_first_sizes(dataset.train.shape)?;
            first.search.layout = None;
            let Self { search, train } = Self::new(&first, dataset, engine)?;
            let trainings = if compared > 1 { PART * train } else { 0.0 };
            return Ok(Self { search: search * compared as f64 + trainings, train });
        }
        let batch = config.score.batch.clamp(2, dataset.train.len().max(2));
        let spikes = ScoreConfig { kind: ScoreKind::Funnel, batch, ..config.score.clone() };
        let forward = seconds_per_score(&spikes, config, dataset, engine)? * config.score.batch as f64 / batch as f64;
        let score = match config.score.kind {
            kind if kind.is_of_spikes() => forward,
            _ => seconds_per_score(&config.score, config, dataset, engine)?,
        };
        Self::from_scores(score, forward, config, dataset)
    }

    /// The same, where the seconds of a score and of a score of spikes are known.
    pub fn from_scores(score: f64, forward: f64, config: &RunConfig, dataset: &Dataset) -> Result<Self> {
        let (split, epochs, all) = (config.train.split(dataset)?, config.train.epochs, config.network.timesteps);
        let steps = config.train.sum_of_timesteps(1..=epochs, &config.network) as f64 / all as f64;
        let choosing = if config.train.choice == Choice::Test { dataset.test.len() } else { split.held_out.len() };
        let tested = (epochs * choosing + dataset.test.len()) as f64;
        let images = steps * split.learned.len() as f64 * STEP + tested * TEST;
        let image = forward / config.score.batch as f64;
        if let Some(settings) = &config.search.supernet {
            let recipe = supernet_recipe(&config.train, settings);
            let steps = recipe.sum_of_timesteps(1..=recipe.epochs, &config.network) as f64 / all as f64;
            let each = Judge::ESTIMATED as f64 + settings.images.min(split.held_out.len()) as f64 * TEST;
            let judged = (candidates(config, dataset)? + Judge::SAMPLE) as f64 * each;
            let search = image * (steps * split.learned.len() as f64 * STEP + judged);
            return Ok(Self { search, train: image * images });
        }
        let share = if config.search.method.draws() { SHARED_AT_RANDOM } else { SHARED };
        let again = if config.score.kind.is_drawn() { config.search.confirm * LEADERS } else { 0 };
        let scores = candidates(config, dataset)? as f64 * share + again as f64;
        Ok(Self { search: score * scores * config.score.repeats as f64, train: image * images })
    }

    /// Seconds of both.
    pub fn total(&self) -> f64 {
        self.search + self.train
    }
}

/// The time of a score with one mini-batch, weights drawn and memory in hand.
pub fn seconds_per_score(
    score: &ScoreConfig,
    config: &RunConfig,
    dataset: &Dataset,
    engine: &Arc<dyn Engine>,
) -> Result<f64> {
    let graph = [Graph::new(&middling()?, &config.network, dataset.train.shape)?];
    let score = ScoreConfig { repeats: 1, ..score.clone() };
    let scorer = scorer(engine, &score, &config.network, score_batches(&score, dataset)?)?;
    scorer.score_each(&graph, &mut |_, _| Ok(()))?;
    let begin = Instant::now();
    scorer.score_each(&graph, &mut |_, _| Ok(()))?;
    Ok(begin.elapsed().as_secs_f64())
}

/// Candidates that will be scored, assuming that each later pass scores as many as the first.
fn candidates(config: &RunConfig, dataset: &Dataset) -> Result<usize> {
    let cells = config.network.cells;
    let space = SearchSpace::new(config.search.operations.clone(), cells)?.of_kind(config.search.cell);
    match config.search.method {
        Method::Random => return Ok(distinct_draws(&space, config.search.seed, config.search.iterations)),
        Method::Evolution | Method::Local | Method::Supernet => return Ok(config.search.iterations),
        Method::Spikenas | Method::Exhaustive => {}
    }
    let problem = Problem::new(&config.search, &config.network, dataset.train.shape)?;
    let mut feasible = 0;
    for cell in space.iter_forward_cells() {
        let counted = problem.graph(&Architecture::repeated(cell, cells)?)?;
        feasible += usize::from(problem.is_feasible(&counted)?);
    }
    // Edges back are as likely to fit as others.
    Ok(feasible * cells * (space.cell_count() / space.iter_forward_cells().count().max(1)))
}
