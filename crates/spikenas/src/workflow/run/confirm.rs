//! Confidence in a search's winner: the leading candidates are scored again with other weights and images.

use std::sync::Arc;
use std::time::Instant;

use super::config::RunConfig;
use super::student::quantile;
use crate::cost::{ParameterCount, Scope};
use crate::data::Dataset;
use crate::engine::Engine;
use crate::graph::Graph;
use crate::progress::Progress;
use crate::score::{Score, ScoreConfig, reason, score_batches, scorer};
use crate::search::{Confirmation, Degenerate, Leader};
use crate::space::Architecture;
use crate::spread::Spread;
use crate::{Error, Result};

/// Leading candidates that are scored again.
const LEADERS: usize = 10;
/// Candidates without a finite score that are listed.
const DEGENERATE: usize = 20;
/// Time of a score of the confirmation, which draws new weights and shares little, in scores of the search.
const LENGTH_OF_A_SCORE: f64 = 3.0;

/// Rounds that the leaders are scored again; none for a score that would only be the same again.
fn rounds(config: &RunConfig) -> usize {
    if config.score.kind.is_drawn() { config.search.confirm } else { 0 }
}

/// About how long a confirmation takes, in scores of the search.
pub(super) fn length(config: &RunConfig) -> f64 {
    (rounds(config) * LEADERS) as f64 * LENGTH_OF_A_SCORE
}

/// Scores the leaders of a search's ranking again, as often as the configuration says, and finds those tied with the best.
///
/// The score of the search chose the leaders, so it does not judge them: means and deviations are those of the new rounds alone.
/// Two candidates are tied where the mean of the differences of their scores, each with the same weights and images, is within as
/// many standard errors of zero as Student's t allows at 5 %; one round alone says nothing about the spread, so that all are
/// tied. Where nothing is drawn there are no rounds, and only equal scores are tied.
pub(super) fn confirm(
    config: &RunConfig,
    dataset: &Dataset,
    engine: &Arc<dyn Engine>,
    ranking: &[(Architecture, Score, ParameterCount)],
    winner: &Architecture,
    progress: &mut dyn Progress,
) -> Result<Confirmation> {
    let begin = Instant::now();
    let is_sound = |(a, score, _): &&(Architecture, Score, ParameterCount)| {
        score.value.is_finite() && a.cell_without_path().is_none()
    };
    let mut leaders: Vec<Leader> = ranking.iter().filter(is_sound).take(LEADERS).map(leader).collect();
    score_again(config, dataset, engine, &mut leaders, progress)?;
    judge(&mut leaders);
    let margin = leaders.iter().find(|l| !l.is_tied).map(|l| leaders[0].mean.0 - l.mean.0);
    let infinite: Vec<&Architecture> =
        ranking.iter().filter(|(_, score, _)| !score.value.is_finite()).map(|(a, ..)| a).collect();
    Ok(Confirmation {
        degenerate: reasons(config, dataset, engine.as_ref(), &infinite)?,
        degenerate_count: infinite.len(),
        margin,
        best_of_search: winner.clone(),
        leaders,
        seconds: begin.elapsed().as_secs_f64(),
    })
}

/// Adds the score of each round to the leaders.
fn score_again(
    config: &RunConfig,
    dataset: &Dataset,
    engine: &Arc<dyn Engine>,
    leaders: &mut [Leader],
    progress: &mut dyn Progress,
) -> Result<()> {
    let graph = |leader: &Leader| Graph::new(&leader.architecture, &config.network, dataset.train.shape);
    let graphs = leaders.iter().map(graph).collect::<Result<Vec<Graph>>>()?;
    progress.begin("confirm the leaders", rounds(config) * graphs.len());
    for round in 1..=rounds(config) {
        let score = ScoreConfig { seed: config.score.seed.wrapping_add(round as u64), ..config.score.clone() };
        let scorer = scorer(engine, &score, &config.network, score_batches(&score, dataset)?)?;
        scorer.score_each(&graphs, &mut |index: usize, score: Score| {
            leaders[index].scores.push(score.value.into());
            progress.advance(1, &format!("round {round} of {}", rounds(config)));
            let go_on = "the scores of the search are kept; repeat it in the same folder to go on";
            if progress.is_cancelled() { Err(Error::Interrupted(go_on.into())) } else { Ok(()) }
        })?;
    }
    progress.end();
    Ok(())
}

/// Means, deviations and ties; the best mean first.
fn judge(leaders: &mut [Leader]) {
    for leader in leaders.iter_mut() {
        let (mean, deviation) = mean_and_deviation(&values(leader));
        (leader.mean, leader.deviation) = (mean.into(), deviation.into());
    }
    // Stable: among equal means, the one that the search ranks first.
    leaders.sort_by(|a, b| b.mean.0.total_cmp(&a.mean.0));
    if let Some(best) = leaders.first().cloned() {
        let is_exact = best.scores.len() == 1;
        for leader in leaders {
            leader.is_tied = if is_exact { leader.mean == best.mean } else { is_tied(&values(&best), &values(leader)) };
        }
    }
}

/// The candidates without a finite score, as many as are listed, and why they have none.
fn reasons(
    config: &RunConfig,
    dataset: &Dataset,
    engine: &dyn Engine,
    infinite: &[&Architecture],
) -> Result<Vec<Degenerate>> {
    if infinite.is_empty() {
        return Ok(Vec::new());
    }
    let batches = score_batches(&config.score, dataset)?;
    let own = config.score.own.as_ref();
    let listed = infinite.iter().take(DEGENERATE).map(|&architecture| {
        let graph = Graph::new(architecture, &config.network, dataset.train.shape)?;
        let reason = match own.filter(|_| architecture.cell_without_path().is_none()) {
            Some(name) => format!("the score {name} says so"),
            None => reason(engine, &config.score, &graph, &batches)?,
        };
        Ok(Degenerate { architecture: architecture.clone(), reason })
    });
    listed.collect()
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

/// The scores that judge a leader: those of the new rounds, where there are any.
fn values(leader: &Leader) -> Vec<f64> {
    let of_search = usize::from(leader.scores.len() > 1);
    leader.scores[of_search..].iter().map(|score| score.0).collect()
}

/// The deviation is 0 for one value.
fn mean_and_deviation(values: &[f64]) -> (f64, f64) {
    let Spread { mean, deviation } = Spread::of(values).unwrap_or(Spread { mean: f64::NAN, deviation: None });
    if mean.is_finite() {
        return (mean, deviation.unwrap_or(0.0));
    }
    // Scores of minus infinity, which do not differ where all have it.
    (mean, if values.iter().all(|&value| value == mean) { 0.0 } else { f64::INFINITY })
}

fn is_tied(best: &[f64], other: &[f64]) -> bool {
    let differences: Vec<f64> = best.iter().zip(other).map(|(a, b)| a - b).collect();
    let (mean, deviation) = mean_and_deviation(&differences);
    // An infinite score in one round is no tie.
    mean.is_finite()
        && match differences.len() {
            0 | 1 => true,
            rounds => mean <= quantile(rounds - 1) * deviation / (rounds as f64).sqrt(),
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
    fn infinite_scores_have_a_deviation_that_a_record_can_hold() {
        let least = f64::NEG_INFINITY;
        assert_eq!(mean_and_deviation(&[least, least]), (least, 0.0));
        assert_eq!(mean_and_deviation(&[1.0, least]), (least, f64::INFINITY));
        assert_eq!(mean_and_deviation(&[1.0, 3.0]), (2.0, 2_f64.sqrt()));
    }

    #[test]
    fn ties_are_told_by_paired_differences() {
        // Both vary by a lot from round to round, but one is always better by about 1.
        let best = [10.0, 20.0, 30.0, 40.0];
        assert!(!is_tied(&best, &[9.0, 19.1, 28.9, 39.0]));
        assert!(is_tied(&best, &[11.0, 18.0, 31.0, 38.5]));
        assert!(is_tied(&best, &best));
        assert!(!is_tied(&best, &[10.0, 20.0, 30.0, f64::NEG_INFINITY]));
        // One round says nothing about the spread.
        assert!(is_tied(&[2.0], &[1.0]));
    }

    #[test]
    fn few_rounds_need_more_standard_errors_than_many() {
        // A mean difference of 1 with a standard error of 0.4: 2.5 of them, less than the 2.78 of five rounds.
        let spread = |count: usize| -> Vec<f64> {
            let sign = |i: usize| if i.is_multiple_of(2) { 1.0 } else { -1.0 };
            let raw: Vec<f64> = (0..count).map(|i| if i == 0 && count % 2 == 1 { 0.0 } else { sign(i) }).collect();
            let (mean, deviation) = mean_and_deviation(&raw);
            raw.iter().map(|v| 1.0 + (v - mean) / deviation * 0.4 * (count as f64).sqrt()).collect()
        };
        assert!(is_tied(&spread(5), &[0.0; 5]));
        assert!(!is_tied(&spread(41), &[0.0; 41]));
    }

    #[test]
    fn the_score_that_chose_the_leaders_does_not_judge_them() {
        let of_scores = |architecture: &str, scores: &[f64]| Leader {
            scores: scores.iter().map(|&score| score.into()).collect(),
            ..leader_of(architecture, 1, false)
        };
        // Lucky in the search, and worse in every round since.
        let mut leaders = vec![
            of_scores("0333 0033 0003 0000", &[9.0, 1.0, 1.1, 0.9, 1.0]),
            of_scores("0313 0031 0003 0000", &[5.0, 2.0, 2.1, 1.9, 2.1]),
        ];
        judge(&mut leaders);
        assert_eq!(leaders[0].architecture.to_string(), "0313 0031 0003 0000");
        assert!((leaders[0].mean.0 - 2.025).abs() < 1e-12 && leaders[0].is_tied && !leaders[1].is_tied);
        // The first leaders of the built-in images under 40,000 parameters, of equal size.
        let mut of_sample = vec![
            of_scores("0313 0031 0003 0000", &[4.894025, 4.882216, 4.898727, 4.889891, 4.961674]),
            of_scores("0333 0033 0003 0000", &[4.894191, 4.882126, 4.898838, 4.889730, 4.962298]),
            of_scores("0331 0031 0003 0000", &[4.894337, 4.882469, 4.899204, 4.890336, 4.962216]),
        ];
        judge(&mut of_sample);
        let tied: Vec<bool> = of_sample.iter().map(|leader| leader.is_tied).collect();
        assert_eq!((of_sample[0].scores[0].0, tied), (4.894337, vec![true, true, false]));
        // Scores that are not drawn are exact.
        let mut exact = vec![of_scores("0333 0033 0003 0000", &[3.0]), of_scores("0313 0031 0003 0000", &[2.0])];
        judge(&mut exact);
        assert!(exact[0].is_tied && !exact[1].is_tied);
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
