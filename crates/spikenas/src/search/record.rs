use serde::{Deserialize, Serialize};

use super::config::Method;
use super::front::FrontPoint;
use crate::cost::{DeviceLedger, ParameterCount, Scope, Unreachable};
use crate::graph::{NetworkConfig, Shape, Sizes};
use crate::record::Number;
use crate::score::Judged;
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
    /// What it reached with inherited weights, where the score is made of that.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub judged: Option<Judged>,
    /// Its parameters.
    pub parameters: ParameterCount,
    /// The most parameters that were allowed.
    pub budget: Option<u64>,
    /// What the budget counts.
    pub scope: Scope,
    /// How candidates were chosen.
    pub method: Method,
    /// Candidates of all passes, equal ones as often as they came: those that a random search drew.
    pub candidates: usize,
    /// Those that fit the budget, counted alike.
    pub feasible: usize,
    /// Those with a score, counted alike: all that fit.
    pub scored: usize,
    /// Different networks among those of each pass; 0 in records of early versions.
    #[serde(default)]
    pub different: usize,
    /// Different networks that fit, over all passes: each score is computed once. 0 in records of early versions.
    #[serde(default)]
    pub computed: usize,
    /// Each pass.
    pub passes: Vec<PassRecord>,
    /// Wall-clock time, with that of the scores that an interrupted search had kept, and of all answers.
    pub seconds: f64,
    /// Seed of weights, images and random candidates.
    pub seed: u64,
    /// Shape of an image; records of early versions lack it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub input: Option<Shape>,
    /// What of the winner does no work: with the paper's scores only, which see such parts; others leave them out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unreachable: Option<Unreachable>,
    /// Confidence in the winner, where that was asked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub confirmation: Option<Confirmation>,
    /// The sizes of the winner's network, where these were chosen, too.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sizes: Option<Sizes>,
    /// The best network of each choice of sizes, where there were several; the winner first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub finalists: Vec<Finalist>,
    /// The memory of the winner's integer network, where the search was for a device.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub device: Option<DeviceLedger>,
    /// Where several limits were given, the answers to all but the first, each from all candidates of the searches so far: at least as
    /// good as what a search with it alone finds. Scores that it shares with answers before it take none of its time.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub answers: Vec<SearchRecord>,
    /// Of all candidates that were scored, those that no other beats in every objective, where objectives were given.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub front: Vec<FrontPoint>,
    /// Version of the program that searched; records of early versions lack it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub program: Option<String>,
}

impl SearchRecord {
    /// What somebody should hear of what the budget does not count.
    pub fn concern(&self) -> Option<String> {
        match self.scope {
            Scope::Backbone => self.parameters.concern(self.budget),
            Scope::Network => None,
        }
    }

    /// The network whose cells these are: the one that was given, with the sizes that were chosen.
    pub fn network(&self, given: &NetworkConfig) -> NetworkConfig {
        self.sizes.map_or_else(|| given.clone(), |sizes| given.with_sizes(sizes))
    }

    /// Different networks whose scores were computed, also from records that have it by pass only.
    pub fn computed(&self) -> usize {
        self.computed.max(self.passes.iter().map(|pass| pass.computed).sum())
    }
}

/// The best network of one choice of sizes.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Finalist {
    /// The sizes of its network.
    pub sizes: Sizes,
    /// Its architecture.
    pub architecture: Architecture,
    /// Its score; those of other sizes may have another scale.
    pub score: Number,
    /// Its parameters.
    pub parameters: ParameterCount,
    /// Its short trainings, one a round until it was left behind; none where the sizes alone decided.
    pub trainings: Vec<ShortTraining>,
}

/// A short training of a finalist, from the start.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ShortTraining {
    /// The round, counted from 1.
    pub round: usize,
    /// Images that it was shown, equal ones as often as they came.
    pub images: usize,
    /// Timesteps for which each was shown.
    pub timesteps: usize,
    /// Accuracy in percent on the training images that were held out.
    pub accuracy: f64,
    /// Their mean cross entropy.
    pub loss: f64,
    /// Wall-clock time.
    pub seconds: f64,
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
    /// The score of the search, then those of the new rounds, with other weights and images.
    pub scores: Vec<Number>,
    /// Mean of the new rounds, which alone judge; the score of the search where there are none.
    pub mean: Number,
    /// Standard deviation of the new rounds.
    pub deviation: Number,
    /// Whether its mean is not significantly different from the best.
    pub is_tied: bool,
}

impl Confirmation {
    /// Rounds in which the leaders were scored again.
    pub fn rounds(&self) -> usize {
        self.leaders.first().map_or(0, |leader| leader.scores.len().saturating_sub(1))
    }
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
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct PassRecord {
    /// Candidates, equal ones as often as they came.
    pub candidates: usize,
    /// Those that fit the budget, counted alike.
    pub feasible: usize,
    /// Those with a score, counted alike: all that fit.
    pub scored: usize,
    /// Different networks among the candidates; 0 in records of early versions.
    #[serde(default)]
    pub different: usize,
    /// Different networks that fit and that no earlier pass had: each score is computed once.
    pub computed: usize,
}

impl PassRecord {
    /// Adds the counts of what followed under the same name.
    pub(super) fn add(&mut self, other: &Self) {
        self.candidates += other.candidates;
        self.feasible += other.feasible;
        self.scored += other.scored;
        self.different += other.different;
        self.computed += other.computed;
    }

    /// The counts in words: `729 candidates, 364 fit`, `5000 draws, 64 different, 64 to score`.
    pub(super) fn words(&self) -> String {
        let Self { candidates, feasible, different, computed, .. } = self;
        if candidates == different {
            format!("{feasible} of {candidates} candidates fit")
        } else {
            format!("{feasible} of {candidates} candidates fit, {different} different, {computed} to score")
        }
    }
}
