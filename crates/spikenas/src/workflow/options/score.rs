use serde::Deserialize;

use super::read::{named, size};
use crate::score::{ScoreConfig, ScoreKind};
use crate::{Error, Result};

/// How architectures are scored.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ScoreOptions {
    /// Which score.
    #[serde(deserialize_with = "named")]
    pub score: Option<ScoreKind>,
    /// The name of a score of the caller's own, instead.
    pub own: Option<String>,
    /// Images of a mini-batch.
    pub batch: Option<usize>,
    /// Mini-batches, each with weights of its own, whose scores are averaged.
    pub repeats: Option<usize>,
    /// Most bytes of feature maps.
    #[serde(deserialize_with = "size")]
    pub memory: Option<u64>,
}

impl ScoreOptions {
    /// The configuration of a search by the method supernet, which has a score of its own. Errors: options of another.
    pub(super) fn of_supernet(&self, seed: u64) -> Result<ScoreConfig> {
        let kind = self.score.map(|kind| kind.to_string());
        if let Some(name) = self.own.as_ref().or(kind.as_ref()) {
            return Err(Error::invalid(format!(
                "score {name}: the method supernet has a score of its own, name no other"
            )));
        }
        if self.repeats.is_some() || self.memory.is_some() {
            return Err(Error::invalid(
                "repeats and memory are for scores of untrained networks, the method supernet has none",
            ));
        }
        let default = ScoreConfig::default();
        Ok(ScoreConfig { batch: self.batch.unwrap_or(default.batch), seed, ..default })
    }

    /// The configuration that says so, where the caller has a score by default. Errors: options that the score has no use for.
    pub fn config(&self, preset: Option<&str>, default_kind: ScoreKind, seed: u64) -> Result<ScoreConfig> {
        let default = ScoreConfig::default();
        if self.own.is_some() {
            return self.of_own(ScoreConfig { seed, ..default });
        }
        let kind = match (self.score, preset) {
            (Some(kind), _) => kind,
            (None, Some(preset)) if preset.starts_with("snasnet") => ScoreKind::of_preset(preset),
            (None, _) => default_kind,
        };
        if !kind.is_drawn() && (self.repeats.is_some() || self.memory.is_some()) {
            return Err(Error::invalid(format!("score {kind}: it draws nothing, and takes no repeats and no memory")));
        }
        Ok(ScoreConfig {
            kind,
            batch: self.batch.unwrap_or(default.batch),
            repeats: self.repeats.unwrap_or(default.repeats),
            seed,
            memory: self.memory.unwrap_or(default.memory),
            ..default
        })
    }

    /// The configuration of a score of the caller's own; the mini-batch is that of the training.
    fn of_own(&self, default: ScoreConfig) -> Result<ScoreConfig> {
        let name = self.own.clone().unwrap_or_default();
        if self.score.is_some() || self.repeats.is_some() || self.memory.is_some() {
            return Err(Error::invalid(format!(
                "score {name}: it is the caller's own, and takes no repeats, no memory and no other score beside it"
            )));
        }
        Ok(ScoreConfig { own: Some(name), batch: self.batch.unwrap_or(default.batch), ..default })
    }
}
