use serde::{Deserialize, Serialize};

use super::config::Method;
use crate::cost::{ParameterCount, Scope};
use crate::record::Number;
use crate::space::Architecture;

/// The result of a search: `search.json`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct SearchRecord {
    /// Format version.
    pub version: u32,
    /// The winner.
    pub architecture: Architecture,
    /// Its score.
    pub score: Number,
    /// Its firing rate, untrained, where the score took a forward pass.
    #[serde(default)]
    pub firing_rate: Option<f64>,
    /// Its parameters.
    pub parameters: ParameterCount,
    /// The most parameters that were allowed.
    pub budget: Option<u64>,
    /// What the budget counts.
    pub scope: Scope,
    /// How candidates were chosen.
    pub method: Method,
    /// Candidates of all passes.
    pub candidates: usize,
    /// Those that fit the budget.
    pub feasible: usize,
    /// Those that were scored.
    pub scored: usize,
    /// Each pass.
    pub passes: Vec<PassRecord>,
    /// Wall-clock time, with that of the scores that an interrupted search had kept.
    pub seconds: f64,
    /// Seed of weights, images and random candidates.
    pub seed: u64,
    /// Confidence in the winner, where that was asked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub confirmation: Option<Confirmation>,
    /// Version of the program that searched; records of early versions lack it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub program: Option<String>,
}

/// Confidence in the winner.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Confirmation {
    /// The leading candidates, the one with the best mean first.
    pub leaders: Vec<Leader>,
    /// Difference of the winner's mean to that of the best candidate that is significantly worse; nothing where all are
    /// tied.
    pub margin: Option<f64>,
    /// The best of the search itself; the winner is the smallest of those tied with the best mean.
    pub best_of_search: Architecture,
    /// Candidates whose score is minus infinity, at most 20, and why.
    pub degenerate: Vec<Degenerate>,
    /// All of those candidates.
    pub degenerate_count: usize,
    /// Wall-clock time of the scores.
    pub seconds: f64,
}

/// A leading candidate and its scores.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Leader {
    /// Its architecture.
    pub architecture: Architecture,
    /// Its parameters.
    pub parameters: ParameterCount,
    /// The score of the search, then those with other weights and images.
    pub scores: Vec<Number>,
    /// Their mean.
    pub mean: Number,
    /// Their standard deviation.
    pub deviation: Number,
    /// Whether its mean is not significantly different from the best.
    pub is_tied: bool,
}

/// A candidate whose score is minus infinity.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Degenerate {
    /// Its architecture.
    pub architecture: Architecture,
    /// Why.
    pub reason: String,
}

/// The counts of one pass.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PassRecord {
    /// Candidates.
    pub candidates: usize,
    /// Those that fit the budget.
    pub feasible: usize,
    /// Those that were scored.
    pub scored: usize,
    /// Those whose score had to be computed: not known from an equal candidate or the journal.
    pub computed: usize,
}
