use std::sync::Arc;
use std::time::Instant;

use super::definition::Study;
use super::scenario::Scenario;
use crate::Result;
use crate::cost::Ledger;
use crate::data::Dataset;
use crate::engine::Engine;
use crate::graph::Graph;
use crate::score::{score_batches, scorer};
use crate::search::{Method, distinct_draws};
use crate::space::{Architecture, SearchSpace};

/// The expected time of a study on this machine, from the time of a few scores.
#[derive(Clone, Debug, PartialEq)]
pub struct Estimate {
    /// Seconds of each scenario, in order.
    pub seconds: Vec<f64>,
}

/// Time of a score among others with which it shares layers, as a part of that of a score alone; measured at widths
/// 16/32.
const SHARED: f64 = 0.25;
/// The same for random candidates, which have less in common.
const SHARED_AT_RANDOM: f64 = 0.4;
/// Time of a training step, as a part of that of a score of as many images; measured at widths 16/32.
const STEP: f64 = 1.7;
/// The same for a test.
const TEST: f64 = 0.7;
/// A network of medium cost.
const MIDDLING: &str = "0313 0031 0003 0000";

impl Estimate {
    /// Scores a network of each number of cells, twice, and counts candidates, epochs and images.
    pub fn new(study: &Study, scenarios: &[Scenario], dataset: &Dataset, engine: &Arc<dyn Engine>) -> Result<Self> {
        let mut scores: [Option<f64>; 4] = [None; 4];
        let mut seconds = Vec::new();
        for scenario in scenarios {
            let score = match scores[scenario.cells] {
                Some(score) => score,
                None => *scores[scenario.cells].insert(seconds_per_score(study, scenario, dataset, engine)?),
            };
            let train = &study.settings.train;
            let images = train.limit_train.unwrap_or(usize::MAX).min(dataset.train.len());
            let an_epoch = images as f64 * STEP + dataset.test.len() as f64 * TEST;
            let share = if scenario.method == Method::Random { SHARED_AT_RANDOM } else { SHARED };
            let search = candidates(study, scenario, dataset)? as f64 * share;
            seconds.push(score * (search + train.epochs as f64 * an_epoch / study.settings.score.batch as f64));
        }
        Ok(Self { seconds })
    }

    /// Seconds of all scenarios.
    pub fn total(&self) -> f64 {
        self.seconds.iter().sum()
    }
}

/// The time of a score, weights drawn and memory in hand.
fn seconds_per_score(study: &Study, scenario: &Scenario, dataset: &Dataset, engine: &Arc<dyn Engine>) -> Result<f64> {
    let config = study.config(scenario, dataset)?;
    let graph = Graph::new(&MIDDLING.parse()?, &config.network, dataset.train.shape)?;
    let scorer = scorer(engine, &config.score, &config.network, score_batches(&config.score, dataset)?)?;
    let graph = [graph];
    scorer.score_each(&graph, &mut |_, _| Ok(()))?;
    let begin = Instant::now();
    scorer.score_each(&graph, &mut |_, _| Ok(()))?;
    Ok(begin.elapsed().as_secs_f64())
}

/// Candidates that will be scored, assuming that each later pass scores as many as the first.
fn candidates(study: &Study, scenario: &Scenario, dataset: &Dataset) -> Result<usize> {
    let config = study.config(scenario, dataset)?;
    let space = SearchSpace::new(scenario.operations.clone(), scenario.cells)?;
    if scenario.method == Method::Random {
        return Ok(distinct_draws(&space, study.seed, config.search.iterations));
    }
    let Some(budget) = config.search.budget_parameters() else { return Ok(space.cell_count() * scenario.cells) };
    let mut feasible = 0;
    for cell in space.iter_cells() {
        let graph = Graph::new(&Architecture::repeated(cell, scenario.cells)?, &config.network, dataset.train.shape)?;
        feasible += usize::from(Ledger::new(&graph).count().in_scope(config.search.scope) <= budget);
    }
    Ok(feasible * scenario.cells)
}
