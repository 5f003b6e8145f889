use std::collections::BTreeMap;

use rand::RngExt;
use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use super::config::CorrelateConfig;
use super::inherited::Inherited;
use super::ranks::{PairCounts, kendall_tau_b, ranks_with_ties_at_random, spearman};
use super::scores::Scores;
use super::table::{Row, Table, Trivial, convolutions};
use crate::Result;
use crate::random::{Generator, generator, name_key};
use crate::record::FORMAT_VERSION;
use crate::score::ScoreKind;

/// Resamples of the table's rows for an interval.
const RESAMPLES: u64 = 200;
/// Draws of the order of ties that are averaged.
const TIE_DRAWS: u64 = 5;

/// How well scores rank a table: `correlate.json`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Correlation {
    /// Format version.
    pub version: u32,
    /// Each score, then the trivial ranks.
    pub scores: Vec<ScoreCorrelation>,
    /// Architectures that were ranked.
    pub cells: usize,
    /// Those of them with a path from input to output in every cell. (In SpikeNAS-Bench the others all have the accuracy of chance.)
    pub living: usize,
    /// Seeds of weights and images.
    pub seeds: usize,
    /// How they were scored.
    pub config: CorrelateConfig,
}

/// A figure over all cells, and over those with a path.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct AllAndLiving {
    /// Over all cells.
    pub all: f64,
    /// Over cells with a path.
    pub living: f64,
}

/// How well one score ranks a table; means over the seeds.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ScoreCorrelation {
    /// Its name.
    pub score: String,
    /// Whether `search` takes it where none is named.
    pub default: bool,
    /// Whether it is a rank that needs no network.
    pub trivial: bool,
    /// Kendall's tau-b.
    pub tau_b: AllAndLiving,
    /// Kendall's tau-b with the score's ties broken at random.
    pub tau_random_ties: AllAndLiving,
    /// Spearman's rank correlation.
    pub spearman: AllAndLiving,
    /// Kendall's tau over pairs of cells with a path and of equal depth, ties broken at random.
    pub tau_within_depth: f64,
    /// Mean truth of the ten architectures that it ranks highest.
    pub top10_mean: f64,
    /// How good what it ranks highest is; records of early versions lack it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub choice: Option<Choice>,
    /// By number of convolutions: truth of the cell with the best score among those with at most that many; the mean of
    /// equally good ones.
    pub best_by_budget: BTreeMap<usize, f64>,
    /// Standard deviation over the seeds of `tau_random_ties.living` and `tau_within_depth`.
    pub spread: Spread,
    /// 95 % intervals over resamples of the table.
    pub intervals: Intervals,
    /// Mean time per candidate; scores of spikes share one forward pass, and its time. Nothing for trivial ranks.
    pub seconds_per_candidate: Option<f64>,
}

/// How good the architectures are that a score ranks highest: what a search makes of it.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Choice {
    /// Normalised discounted cumulative gain, 0 to 1: what is ranked high counts most, and a point of accuracy doubles the gain.
    pub ndcg: f64,
    /// Its 95 % interval.
    pub ndcg_interval: [f64; 2],
    /// Points of accuracy by which the one ranked highest is behind the best of the table.
    pub regret: f64,
    /// Its 95 % interval.
    pub regret_interval: [f64; 2],
}

/// Standard deviations over the seeds.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Spread {
    /// Of `tau_random_ties.living`.
    pub tau_random_ties: f64,
    /// Of `tau_within_depth`.
    pub tau_within_depth: f64,
}

/// 95 % bootstrap intervals.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Intervals {
    /// Of `tau_b.living`.
    pub tau_b: [f64; 2],
    /// Of `tau_random_ties.living`.
    pub tau_random_ties: [f64; 2],
    /// Of `tau_within_depth`.
    pub tau_within_depth: [f64; 2],
    /// Of `top10_mean`.
    pub top10_mean: [f64; 2],
}

/// Compares every score, and the trivial ranks, with a table's truth.
pub fn correlate(table: &Table, config: &CorrelateConfig, scores: &Scores) -> Result<Correlation> {
    let mut found = Vec::new();
    for &kind in &config.scores {
        let seeds = if kind.is_drawn() { &config.seeds[..] } else { &config.seeds[..1] };
        let values = seeds.iter().map(|&seed| scores.of(kind, seed, table, config)).collect::<Result<Vec<_>>>()?;
        let seconds = scores.seconds_per_candidate(kind);
        let is_default = kind == ScoreKind::default();
        found.push(ScoreCorrelation { default: is_default, ..of_values(kind.name(), &table.rows, &values, seconds) });
    }
    for rank in Trivial::ALL {
        let values = vec![table.rows.iter().map(|row| rank.of(&row.architecture)).collect()];
        found.push(ScoreCorrelation { trivial: true, ..of_values(rank.name(), &table.rows, &values, None) });
    }
    Ok(Correlation {
        version: FORMAT_VERSION,
        scores: found,
        cells: table.rows.len(),
        living: table.rows.iter().filter(|row| row.is_living()).count(),
        seeds: config.seeds.len(),
        config: config.clone(),
    })
}

impl Correlation {
    /// The same with what a table's architectures reach with inherited weights, before the trivial ranks.
    ///
    /// Errors: an architecture that was not judged.
    pub fn with_inherited(mut self, table: &Table, inherited: &Inherited) -> Result<Self> {
        let place = self.scores.iter().position(|score| score.trivial).unwrap_or(self.scores.len());
        let rows = ["inherited accuracy", "inherited fitness"].into_iter().zip(inherited.of(table)?);
        let rows = rows.map(|(name, values)| of_values(name, &table.rows, &[values], inherited.seconds()));
        self.scores.splice(place..place, rows.collect::<Vec<_>>());
        Ok(self)
    }
}

/// `values`: for each seed, in the order of the rows.
fn of_values(name: &str, rows: &[Row], values: &[Vec<f64>], seconds: Option<f64>) -> ScoreCorrelation {
    let whole: Vec<usize> = (0..rows.len()).collect();
    let figures: Vec<Figures> =
        values.par_iter().enumerate().map(|(seed, values)| Figures::of(rows, values, &whole, seed as u64)).collect();
    let mean = |of: fn(&Figures) -> f64| figures.iter().map(of).sum::<f64>() / figures.len() as f64;
    let both = |of: fn(&Figures) -> AllAndLiving| AllAndLiving {
        all: figures.iter().map(|f| of(f).all).sum::<f64>() / figures.len() as f64,
        living: figures.iter().map(|f| of(f).living).sum::<f64>() / figures.len() as f64,
    };
    let deviation = |of: fn(&Figures) -> f64| {
        let centre = mean(of);
        let squares: f64 = figures.iter().map(|f| (of(f) - centre).powi(2)).sum();
        if figures.len() > 1 { (squares / (figures.len() - 1) as f64).sqrt() } else { 0.0 }
    };
    // Resamples take one seed after the other, so that an interval holds the spread of the seeds as well.
    let resamples: Vec<Figures> = (0..RESAMPLES)
        .into_par_iter()
        .map(|resample| {
            let mut rng = generator(&[resample, name_key("resample")]);
            let drawn: Vec<usize> = whole.iter().map(|_| rng.random_range(0..rows.len())).collect();
            Figures::of(rows, &values[resample as usize % values.len()], &drawn, resample)
        })
        .collect();
    let interval = |of: fn(&Figures) -> f64| {
        let mut sorted: Vec<f64> = resamples.iter().map(of).collect();
        sorted.sort_by(f64::total_cmp);
        let at = |part: f64| sorted[((sorted.len() - 1) as f64 * part).round() as usize];
        [at(0.025), at(0.975)]
    };
    let budgets = figures[0].best_by_budget.keys();
    let best = |n: &usize| figures.iter().filter_map(|f| f.best_by_budget.get(n)).sum::<f64>() / figures.len() as f64;
    ScoreCorrelation {
        score: name.into(),
        default: false,
        trivial: false,
        tau_b: both(|f| f.tau_b),
        tau_random_ties: both(|f| f.tau_random_ties),
        spearman: both(|f| f.spearman),
        tau_within_depth: mean(|f| f.tau_within_depth),
        top10_mean: mean(|f| f.top10_mean),
        choice: Some(Choice {
            ndcg: mean(|f| f.ndcg),
            ndcg_interval: interval(|f| f.ndcg),
            regret: mean(|f| f.regret),
            regret_interval: interval(|f| f.regret),
        }),
        best_by_budget: budgets.map(|n| (*n, best(n))).collect(),
        spread: Spread {
            tau_random_ties: deviation(|f| f.tau_random_ties.living),
            tau_within_depth: deviation(|f| f.tau_within_depth),
        },
        intervals: Intervals {
            tau_b: interval(|f| f.tau_b.living),
            tau_random_ties: interval(|f| f.tau_random_ties.living),
            tau_within_depth: interval(|f| f.tau_within_depth),
            top10_mean: interval(|f| f.top10_mean),
        },
        seconds_per_candidate: seconds,
    }
}

/// How well one sequence of values ranks rows.
struct Figures {
    tau_b: AllAndLiving,
    tau_random_ties: AllAndLiving,
    spearman: AllAndLiving,
    tau_within_depth: f64,
    top10_mean: f64,
    ndcg: f64,
    regret: f64,
    best_by_budget: BTreeMap<usize, f64>,
}

impl Figures {
    /// `chosen`: the rows that count; one that occurs several times counts as often.
    fn of(rows: &[Row], values: &[f64], chosen: &[usize], seed: u64) -> Self {
        let with_path: Vec<usize> = chosen.iter().copied().filter(|&i| rows[i].is_living()).collect();
        let values_of = |indices: &[usize]| indices.iter().map(|&i| values[i]).collect::<Vec<f64>>();
        let truths_of = |indices: &[usize]| indices.iter().map(|&i| rows[i].truth).collect::<Vec<f64>>();
        let both = |of: &dyn Fn(&[f64], &[f64]) -> f64| AllAndLiving {
            all: of(&values_of(chosen), &truths_of(chosen)),
            living: of(&values_of(&with_path), &truths_of(&with_path)),
        };
        let rngs = || (0..TIE_DRAWS).map(|draw| generator(&[seed, draw, name_key("ties")]));
        let averaged =
            |of: &dyn Fn(&mut Generator) -> f64| rngs().map(|mut rng| of(&mut rng)).sum::<f64>() / TIE_DRAWS as f64;
        Self {
            tau_b: both(&kendall_tau_b),
            tau_random_ties: both(&|v, t| averaged(&|rng| kendall_tau_b(&ranks_with_ties_at_random(v, rng), t))),
            spearman: both(&spearman),
            tau_within_depth: averaged(&|rng| within_depth(rows, values, &with_path, rng)),
            top10_mean: averaged(&|rng| mean_of_first(&by_rank(rows, values, chosen, rng), 10)),
            ndcg: averaged(&|rng| ndcg(&by_rank(rows, values, chosen, rng))),
            regret: averaged(&|rng| regret(&by_rank(rows, values, chosen, rng))),
            best_by_budget: best_by_budget(rows, values, chosen),
        }
    }
}

/// Concordant minus discordant pairs of equal depth over all pairs of equal depth.
fn within_depth(rows: &[Row], values: &[f64], with_path: &[usize], rng: &mut Generator) -> f64 {
    let mut by_depth: BTreeMap<Option<usize>, Vec<usize>> = BTreeMap::new();
    with_path.iter().for_each(|&i| by_depth.entry(rows[i].architecture.depth()).or_default().push(i));
    let (mut surplus, mut pairs) = (0.0, 0);
    for indices in by_depth.values() {
        let of_depth: Vec<f64> = indices.iter().map(|&i| values[i]).collect();
        let truths: Vec<f64> = indices.iter().map(|&i| rows[i].truth).collect();
        let counts = PairCounts::new(&ranks_with_ties_at_random(&of_depth, rng), &truths);
        surplus += counts.surplus();
        pairs += counts.pairs;
    }
    if pairs == 0 { 0.0 } else { surplus / pairs as f64 }
}

/// Truths of the chosen rows, the one with the highest value first, ties in a random order.
fn by_rank(rows: &[Row], values: &[f64], chosen: &[usize], rng: &mut Generator) -> Vec<f64> {
    let of_chosen: Vec<f64> = chosen.iter().map(|&i| values[i]).collect();
    let ranks = ranks_with_ties_at_random(&of_chosen, rng);
    let mut truths = vec![0.0; chosen.len()];
    for (&row, rank) in chosen.iter().zip(ranks) {
        truths[chosen.len() - 1 - rank as usize] = rows[row].truth;
    }
    truths
}

fn mean_of_first(truths: &[f64], count: usize) -> f64 {
    let first = &truths[..count.min(truths.len())];
    first.iter().sum::<f64>() / first.len().max(1) as f64
}

/// Discounted cumulative gain of an order over that of the best order. The gain is `2^truth - 1`, the discount `log2(1 + rank)`; both sums
/// are divided by two to the highest truth, so that they stay in range.
fn ndcg(truths: &[f64]) -> f64 {
    let highest = truths.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    let gain = |truth: f64| (truth - highest).exp2() - (-highest).exp2();
    let gains = |truths: &[f64]| -> f64 {
        truths.iter().zip(2_u32..).map(|(&truth, place)| gain(truth) / f64::from(place).log2()).sum()
    };
    let mut best = truths.to_vec();
    best.sort_by(|a, b| b.total_cmp(a));
    let most = gains(&best);
    if most > 0.0 { gains(truths) / most } else { 0.0 }
}

fn regret(truths: &[f64]) -> f64 {
    let highest = truths.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    truths.first().map_or(0.0, |chosen| highest - chosen)
}

fn best_by_budget(rows: &[Row], values: &[f64], chosen: &[usize]) -> BTreeMap<usize, f64> {
    let best = |most: usize| {
        let fits = || chosen.iter().filter(|&&i| convolutions(&rows[i].architecture) <= most);
        let highest = fits().map(|&i| values[i]).max_by(f64::total_cmp)?;
        let truths: Vec<f64> = fits().filter(|&&i| values[i] == highest).map(|&i| rows[i].truth).collect();
        Some((most, truths.iter().sum::<f64>() / truths.len() as f64))
    };
    let most = rows.iter().map(|row| convolutions(&row.architecture)).max().unwrap_or(0);
    (1..=most).filter_map(best).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::space::{Architecture, Digits};

    fn row(text: &str, truth: f64) -> Row {
        Row { architecture: Architecture::parse(text, Digits::SpikenasBench).unwrap(), truth }
    }

    #[test]
    fn figures_follow_their_definitions() {
        let rows = [
            row("0000 0000 0000 0000", 10.0),
            row("0001 0000 0000 0000", 81.0),
            row("0002 0000 0000 0000", 86.5),
            row("0004 0000 0000 0000", 85.5),
            row("0203 0004 0000 0000", 87.5),
        ];
        let depth: Vec<f64> = rows.iter().map(|r| Trivial::Depth.of(&r.architecture)).collect();
        let by_depth = of_values("depth", &rows, &[depth], None);
        assert!(by_depth.tau_b.all > by_depth.tau_b.living && by_depth.tau_b.living > 0.8);
        assert_eq!(by_depth.best_by_budget[&1], 86.0, "the mean of the two of equal depth");
        assert_eq!((by_depth.best_by_budget[&2], by_depth.best_by_budget[&3]), (86.0, 87.5));
        let truth: Vec<f64> = rows.iter().map(|r| r.truth).collect();
        let by_truth = of_values("truth", &rows, &[truth], None);
        assert_eq!((by_truth.tau_b.all, by_truth.tau_within_depth, by_truth.spread.tau_random_ties), (1.0, 1.0, 0.0));
        assert_eq!(by_truth.best_by_budget[&1], 86.5);
        let choice = by_truth.choice.unwrap();
        assert_eq!((choice.ndcg, choice.regret, by_truth.top10_mean), (1.0, 0.0, 70.1));
    }

    #[test]
    fn gains_double_with_a_point_of_accuracy_and_count_less_further_down() {
        assert_eq!(ndcg(&[90.0, 89.0, 80.0]), 1.0);
        // Gains 1/2, 1, discounts 1, log2 3; at best 1, 1/2.
        let second = 1.0 / 3f64.log2();
        assert!((ndcg(&[89.0, 90.0]) - (0.5 + second) / (1.0 + 0.5 * second)).abs() < 1e-12);
        assert!(ndcg(&[10.0, 90.0]) < ndcg(&[89.0, 90.0]));
        assert_eq!((regret(&[88.5, 90.0, 10.0]), regret(&[90.0, 10.0])), (1.5, 0.0));
    }
}
