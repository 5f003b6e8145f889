//! Confidence in a search's winner: the leading candidates are scored again with other weights and images.

use std::sync::Arc;
use std::time::Instant;

use super::config::RunConfig;
use crate::Result;
use crate::cost::{ParameterCount, Scope};
use crate::data::Dataset;
use crate::engine::{Draws, Engine, Firing, LayerId, Observer};
use crate::graph::Graph;
use crate::progress::Progress;
use crate::score::{Score, ScoreConfig, score_batches, scorer};
use crate::search::{Confirmation, Degenerate, Evaluator, Leader};
use crate::space::Architecture;

/// Leading candidates that are scored again.
const LEADERS: usize = 10;
/// Candidates without a finite score that are listed.
const DEGENERATE: usize = 20;
/// Means are significantly different if they differ by more than this many standard errors.
const STANDARD_ERRORS: f64 = 2.0;

/// Scores the leaders of a search again, as often as the configuration says, and finds those tied with the best.
///
/// Two candidates are tied where the mean of the differences of their scores, each with the same weights and images, is within two
/// standard errors of zero.
pub(super) fn confirm(
    config: &RunConfig,
    dataset: &Dataset,
    engine: &Arc<dyn Engine>,
    evaluator: &Evaluator<'_>,
    winner: &Architecture,
    progress: &mut dyn Progress,
) -> Result<Confirmation> {
    let begin = Instant::now();
    let ranking = evaluator.ranking()?;
    let finite = ranking.iter().filter(|(_, score, _)| score.value.is_finite());
    let mut leaders: Vec<Leader> = finite.take(LEADERS).map(leader).collect();
    let graph = |architecture: &Architecture| Graph::new(architecture, &config.network, dataset.train.shape);
    let graphs = leaders.iter().map(|l| graph(&l.architecture)).collect::<Result<Vec<Graph>>>()?;
    // A score that draws nothing would only be the same again.
    let again = if config.score.kind.is_drawn() { config.search.confirm } else { 0 };
    progress.begin("confirm the leaders", again * graphs.len());
    for round in 1..=again {
        let score = ScoreConfig { seed: config.score.seed.wrapping_add(round as u64), ..config.score.clone() };
        let scorer = scorer(engine, &score, &config.network, score_batches(&score, dataset)?)?;
        scorer.score_each(&graphs, &mut |index, score| {
            leaders[index].scores.push(score.value.into());
            progress.advance(1, "");
            Ok(())
        })?;
    }
    progress.end();
    for leader in &mut leaders {
        let (mean, deviation) = mean_and_deviation(&values(leader));
        (leader.mean, leader.deviation) = (mean.into(), deviation.into());
    }
    // Stable: among equal means, the one that the search ranks first.
    leaders.sort_by(|a, b| b.mean.0.total_cmp(&a.mean.0));
    if let Some(best) = leaders.first().map(values) {
        leaders.iter_mut().for_each(|leader| leader.is_tied = is_tied(&best, &values(leader)));
    }
    let margin = leaders.iter().find(|l| !l.is_tied).map(|l| leaders[0].mean.0 - l.mean.0);
    let infinite: Vec<&Architecture> =
        ranking.iter().filter(|(_, score, _)| !score.value.is_finite()).map(|(a, ..)| a).collect();
    let degenerate = infinite.iter().take(DEGENERATE).map(|&architecture| {
        Ok(Degenerate {
            architecture: architecture.clone(),
            reason: why(config, dataset, engine.as_ref(), &graph(architecture)?)?,
        })
    });
    Ok(Confirmation {
        degenerate: degenerate.collect::<Result<_>>()?,
        degenerate_count: infinite.len(),
        margin,
        best_of_search: winner.clone(),
        leaders,
        seconds: begin.elapsed().as_secs_f64(),
    })
}

/// The smallest of the candidates tied with the best mean; among equally small ones, the first.
pub(super) fn smallest_tied(confirmation: &Confirmation, scope: Scope) -> Option<&Leader> {
    let tied = confirmation.leaders.iter().filter(|leader| leader.is_tied);
    tied.min_by_key(|leader| leader.parameters.in_scope(scope))
}

fn leader((architecture, score, parameters): &(Architecture, Score, ParameterCount)) -> Leader {
    Leader {
        architecture: architecture.clone(),
        parameters: *parameters,
        scores: vec![score.value.into()],
        mean: score.value.into(),
        deviation: 0.0.into(),
        is_tied: false,
    }
}

fn values(leader: &Leader) -> Vec<f64> {
    leader.scores.iter().map(|score| score.0).collect()
}

fn mean_and_deviation(values: &[f64]) -> (f64, f64) {
    let mean = values.iter().sum::<f64>() / values.len() as f64;
    let squares: f64 = values.iter().map(|v| (v - mean).powi(2)).sum();
    (mean, if values.len() > 1 { (squares / (values.len() - 1) as f64).sqrt() } else { 0.0 })
}

fn is_tied(best: &[f64], other: &[f64]) -> bool {
    let differences: Vec<f64> = best.iter().zip(other).map(|(a, b)| a - b).collect();
    let (mean, deviation) = mean_and_deviation(&differences);
    // An infinite score in one round is no tie.
    mean.is_finite() && mean <= STANDARD_ERRORS * deviation / (differences.len() as f64).sqrt()
}

/// Why a network's score is minus infinity.
fn why(config: &RunConfig, dataset: &Dataset, engine: &dyn Engine, graph: &Graph) -> Result<String> {
    if let Some(cell) = graph.architecture.cells().iter().position(|cell| !cell.is_connected()) {
        return Ok(format!("cell {} has no path from input to output", cell + 1));
    }
    let ScoreConfig { seed, memory, .. } = config.score;
    let batch = score_batches(&ScoreConfig { repeats: 1, ..config.score.clone() }, dataset)?.swap_remove(0);
    let draws = Draws { initialisation: config.network.initialisation, seed, repeats: 1, memory };
    let mut silence = Silence::default();
    engine.untrained(&draws).observe(0, &[graph], &batch.images, &mut silence)?;
    Ok(match silence.layer {
        Some(layer) => format!("layer {layer} never fires"),
        None => "its kernel matrix is singular".into(),
    })
}

/// Finds the first layer of a network that never fires.
#[derive(Default)]
struct Silence {
    silent: Vec<LayerId>,
    layer: Option<String>,
}

impl Observer for Silence {
    fn fired(&mut self, layer: LayerId, firing: &Firing<'_>) {
        if firing.counts.iter().all(|&count| count == 0) {
            self.silent.push(layer);
        }
    }

    fn finished(&mut self, _: usize, layers: &[(String, LayerId)]) -> Result<()> {
        self.layer = layers.iter().find(|(_, layer)| self.silent.contains(layer)).map(|(name, _)| name.clone());
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn leader_of(architecture: &str, backbone: u64, is_tied: bool) -> Leader {
        Leader {
            architecture: architecture.parse().unwrap(),
            parameters: ParameterCount { backbone, classifier: 1, network: backbone + 1 },
            scores: vec![],
            mean: 0.0.into(),
            deviation: 0.0.into(),
            is_tied,
        }
    }

    #[test]
    fn ties_are_told_by_paired_differences() {
        // Both vary by a lot from round to round, but one is always better by about 1.
        let best = [10.0, 20.0, 30.0, 40.0];
        assert!(!is_tied(&best, &[9.0, 19.1, 28.9, 39.0]));
        assert!(is_tied(&best, &[11.0, 18.0, 31.0, 38.5]));
        assert!(is_tied(&best, &best));
        assert!(!is_tied(&best, &[10.0, 20.0, 30.0, f64::NEG_INFINITY]));
        // One round says nothing about the spread: only equal scores are tied.
        assert!(!is_tied(&[2.0], &[1.0]) && is_tied(&[2.0], &[2.0]));
    }

    #[test]
    fn the_smallest_of_the_tied_wins_and_the_first_of_equals() {
        let leaders = vec![
            leader_of("0333 0033 0003 0000", 30, true),
            leader_of("0313 0031 0003 0000", 20, true),
            leader_of("0331 0031 0003 0000", 20, true),
            leader_of("0111 0011 0001 0000", 10, false),
        ];
        let confirmation = Confirmation {
            best_of_search: leaders[0].architecture.clone(),
            leaders,
            margin: None,
            degenerate: vec![],
            degenerate_count: 0,
            seconds: 0.0,
        };
        let winner = smallest_tied(&confirmation, Scope::Backbone).unwrap();
        assert_eq!(winner.architecture.to_string(), "0313 0031 0003 0000");
    }
}
