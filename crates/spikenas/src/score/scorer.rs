use serde::{Deserialize, Serialize};
use spikenas_kernels::Isa;

use super::{LayerParameters, Mode, Pass, ScoreKind, forward};
use crate::plan::{NetworkConfig, Plan};
use crate::{Error, Result};

/// How architectures are scored.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ScoreConfig {
    /// Which score.
    pub kind: ScoreKind,
    /// Images of a mini-batch.
    pub batch: usize,
    /// Mini-batches, each with weights of its own; their scores are averaged.
    pub repeats: usize,
    /// Seed of weights and images.
    pub seed: u64,
}

impl Default for ScoreConfig {
    fn default() -> Self {
        Self { kind: ScoreKind::default(), batch: 64, repeats: 1, seed: 1 }
    }
}

impl ScoreConfig {
    /// Whether every value is in range.
    pub fn check(&self) -> Result<()> {
        match (self.batch, self.repeats) {
            (0 | 1, _) => Err(Error::invalid(format!("batch {}: a score compares at least 2 images", self.batch))),
            (_, 0) => Err(Error::invalid("repeats 0: score at least once")),
            _ => Ok(()),
        }
    }
}

/// The score of one architecture.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Score {
    /// The figure of merit; minus infinity where the kernel matrix is singular, never NaN.
    pub value: f64,
    /// Spikes a neuron and timestep over all LIF layers.
    pub firing_rate: f64,
}

/// Scores architectures, all on the same mini-batches and with the same weights for equal parts.
pub struct Scorer {
    config: ScoreConfig,
    /// One for each repeat.
    batches: Vec<(Vec<f32>, LayerParameters<'static>)>,
}

impl Scorer {
    /// A scorer on the given mini-batches, one a repeat, each `[batch, channels, height, width]` and normalised.
    pub fn new(config: ScoreConfig, network: &NetworkConfig, batches: Vec<Vec<f32>>) -> Result<Self> {
        config.check()?;
        if batches.len() != config.repeats {
            return Err(Error::invalid(format!("{} mini-batches for {} repeats", batches.len(), config.repeats)));
        }
        let isa = Isa::best();
        let parameters = |repeat| LayerParameters::drawn(network.initialisation, config.seed, repeat as u64, isa);
        let batches = batches.into_iter().enumerate().map(|(repeat, images)| (images, parameters(repeat))).collect();
        Ok(Self { config, batches })
    }

    /// The mean over the repeats. Errors: a score that is not a number.
    pub fn score(&self, plan: &Plan) -> Result<Score> {
        let mut total = Score { value: 0.0, firing_rate: 0.0 };
        for (images, parameters) in &self.batches {
            let trace = forward(plan, parameters, images, Pass { mode: Mode::Train, membranes: None });
            total.value += self.config.kind.of(parameters.isa(), &trace);
            total.firing_rate += trace.firing_rate();
        }
        if total.value.is_nan() {
            return Err(Error::NotFinite(format!("the score of `{}` is not a number", plan.architecture)));
        }
        let repeats = self.batches.len() as f64;
        Ok(Score { value: total.value / repeats, firing_rate: total.firing_rate / repeats })
    }
}
