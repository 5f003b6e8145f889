//! What commands write for people and programs to read later; JSON, versioned.

use std::path::Path;

use serde::de::{DeserializeOwned, Deserializer, Error as _};
use serde::{Deserialize, Serialize, Serializer};
use serde_json::Value;

use crate::Error;
use crate::files::read_text;
use crate::memory::{ParameterCount, Scope};
use crate::search::{Method, PassRecord};
use crate::space::Architecture;

/// Format version of all records of a run folder.
pub const FORMAT_VERSION: u32 = 1;

/// A number that JSON may not know: infinities are the strings `"inf"` and `"-inf"`.
#[derive(Clone, Copy, Debug, PartialEq, PartialOrd)]
pub struct Number(pub f64);

impl From<f64> for Number {
    fn from(value: f64) -> Self {
        Self(value)
    }
}

impl Serialize for Number {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if self.0.is_finite() { serializer.serialize_f64(self.0) } else { serializer.collect_str(&self.0) }
    }
}

impl<'de> Deserialize<'de> for Number {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        #[serde(untagged)]
        enum Form {
            Finite(f64),
            Text(String),
        }
        match Form::deserialize(deserializer)? {
            Form::Finite(value) => Ok(Self(value)),
            Form::Text(text) if text == "inf" => Ok(Self(f64::INFINITY)),
            Form::Text(text) if text == "-inf" => Ok(Self(f64::NEG_INFINITY)),
            Form::Text(text) => Err(D::Error::custom(format!("`{text}` is not a number"))),
        }
    }
}

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
    /// Those that got a score.
    pub scored: usize,
    /// Each pass.
    pub passes: Vec<PassRecord>,
    /// Wall-clock time, with that of the scores that an interrupted search had kept.
    pub seconds: f64,
    /// Seed of weights, images and random candidates.
    pub seed: u64,
    /// How sure the winner is, where that was asked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub confirmation: Option<Confirmation>,
    /// Version of the program that searched; records of early versions lack it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub program: Option<String>,
}

/// How sure the winner is.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Confirmation {
    /// The leading candidates, the one with the best mean first.
    pub leaders: Vec<Leader>,
    /// By how much the winner's mean is above that of the best candidate that is told apart from it; nothing where all are tied.
    pub margin: Option<f64>,
    /// What the search itself found best; the winner is the smallest of those tied with the best mean.
    pub best_of_search: Architecture,
    /// Candidates whose score is minus infinity, at most 20, and why.
    pub degenerate: Vec<Degenerate>,
    /// All of those candidates.
    pub degenerate_count: usize,
    /// What the scores took.
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
    /// Whether its mean cannot be told apart from the best.
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

/// One epoch of a training: a line of `train.jsonl`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct EpochRecord {
    /// The epoch, counted from 1.
    pub epoch: usize,
    /// Its learning rate.
    pub learning_rate: f64,
    /// Mean cross entropy of the training images as they were seen.
    pub train_loss: f64,
    /// Their accuracy in percent.
    pub train_accuracy: f64,
    /// Mean cross entropy of the test images after the epoch.
    pub test_loss: f64,
    /// Their accuracy in percent.
    pub test_accuracy: f64,
    /// How many of them have their class among the five highest, in percent; records of early versions lack it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub test_top5_accuracy: Option<f64>,
    /// Training images a second, without the test.
    pub images_per_second: f64,
    /// Wall-clock time with the test.
    pub seconds: f64,
}

/// Reads a JSON record whose version, where it has one, must be known.
pub(crate) fn read_record<T: DeserializeOwned>(path: &Path) -> crate::Result<T> {
    let damaged = |e: serde_json::Error| Error::file(path, format!("damaged record ({e})"));
    let value: Value = serde_json::from_str(&read_text(path)?).map_err(damaged)?;
    check_version(path, &value)?;
    serde_json::from_value(value).map_err(damaged)
}

/// Whether a record's version, where it has one, is known.
pub(crate) fn check_version(path: &Path, value: &Value) -> crate::Result<()> {
    match value.get("version") {
        Some(version) if *version != FORMAT_VERSION => {
            Err(Error::file(path, format!("format version {version}, this program knows {FORMAT_VERSION}")))
        }
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn infinite_numbers_survive_json() {
        for value in [1.5, -0.1, f64::INFINITY, f64::NEG_INFINITY, 2.225_073_858_507_201_4e-308] {
            let text = serde_json::to_string(&Number(value)).unwrap();
            assert_eq!(serde_json::from_str::<Number>(&text).unwrap(), Number(value), "{text}");
        }
        assert!(serde_json::from_str::<Number>("\"many\"").is_err());
    }
}
