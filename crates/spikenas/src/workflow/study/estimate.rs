use std::sync::Arc;

use super::definition::Study;
use super::scenario::Scenario;
use crate::Result;
use crate::data::Dataset;
use crate::engine::Engine;
use crate::workflow::run::{self, seconds_per_score};

/// The expected time of a study on this machine, from the time of a few scores.
#[derive(Clone, Debug, PartialEq)]
pub struct Estimate {
    /// Seconds of each scenario, in order.
    pub seconds: Vec<f64>,
}

impl Estimate {
    /// Scores a network of each number of cells, twice, and counts candidates, epochs and images.
    pub fn new(study: &Study, scenarios: &[Scenario], dataset: &Dataset, engine: &Arc<dyn Engine>) -> Result<Self> {
        let mut scores: [Option<f64>; 4] = [None; 4];
        let mut seconds = Vec::new();
        for scenario in scenarios {
            let config = study.config(scenario, dataset)?;
            let score = match scores[scenario.cells] {
                Some(score) => score,
                None => *scores[scenario.cells].insert(seconds_per_score(&config.score, &config, dataset, engine)?),
            };
            seconds.push(run::Estimate::from_scores(score, score, &config, dataset)?.total());
        }
        Ok(Self { seconds })
    }

    /// Seconds of all scenarios.
    pub fn total(&self) -> f64 {
        self.seconds.iter().sum()
    }
}
