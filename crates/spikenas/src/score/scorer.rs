use std::sync::{Mutex, PoisonError};

use serde::{Deserialize, Serialize};
use spikenas_kernels::Isa;

use super::{LayerParameters, Mode, Pass, ScoreKind, Stages, forward};
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
    network: NetworkConfig,
    repeats: Vec<Repeat>,
}

/// One mini-batch with weights of its own.
struct Repeat {
    images: Vec<f32>,
    parameters: LayerParameters<'static>,
    stages: Mutex<Stages>,
}

impl Scorer {
    /// A scorer on the given mini-batches, one a repeat, each `[batch, channels, height, width]` and normalised.
    pub fn new(config: ScoreConfig, network: &NetworkConfig, batches: Vec<Vec<f32>>) -> Result<Self> {
        config.check()?;
        if batches.len() != config.repeats {
            return Err(Error::invalid(format!("{} mini-batches for {} repeats", batches.len(), config.repeats)));
        }
        let isa = Isa::best();
        let repeat = |(index, images): (usize, Vec<f32>)| Repeat {
            images,
            parameters: LayerParameters::drawn(network.initialisation, config.seed, index as u64, isa),
            stages: Mutex::default(),
        };
        let repeats = batches.into_iter().enumerate().map(repeat).collect();
        Ok(Self { config, network: network.clone(), repeats })
    }

    /// The mean over the repeats. Errors: a plan of another network, a score that is not a number.
    pub fn score(&self, plan: &Plan) -> Result<Score> {
        if plan.config != self.network {
            return Err(Error::invalid(format!("`{}` was laid out for another network", plan.architecture)));
        }
        let mut total = Score { value: 0.0, firing_rate: 0.0 };
        for Repeat { images, parameters, stages } in &self.repeats {
            let mut stages = stages.lock().unwrap_or_else(PoisonError::into_inner);
            let pass = Pass { stages: Some(&mut stages), ..Pass::new(Mode::Train) };
            let trace = forward(plan, parameters, images, pass);
            total.value += self.config.kind.of(parameters.isa(), &trace);
            total.firing_rate += trace.firing_rate();
        }
        if total.value.is_nan() {
            return Err(Error::NotFinite(format!("the score of `{}` is not a number", plan.architecture)));
        }
        let repeats = self.repeats.len() as f64;
        Ok(Score { value: total.value / repeats, firing_rate: total.firing_rate / repeats })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::Shape;

    const IMAGE: Shape = Shape { channels: 3, height: 16, width: 16 };

    fn scorer(network: &NetworkConfig) -> Scorer {
        let config = ScoreConfig { batch: 4, ..ScoreConfig::default() };
        let images = (0..4 * IMAGE.len()).map(|i| ((i * i) as f32 * 0.37).sin()).collect();
        Scorer::new(config, network, vec![images]).unwrap()
    }

    #[test]
    fn a_score_does_not_depend_on_what_earlier_passes_left() {
        let network = NetworkConfig {
            cells: 3,
            widths: [8, 16],
            hidden: 16,
            last_pool: 2,
            ..NetworkConfig::preset("sample").unwrap()
        };
        let shared = scorer(&network);
        let [a, b] = ["0313 0031 0003 0000", "0341 0021 0001 0000"];
        for cells in [[a, a, a], [a, b, a], [a, b, b], [a, a, a], [b, a, a], [b, a, b], [b, a, b]] {
            let plan = Plan::new(&cells.join("/").parse().unwrap(), &network, IMAGE).unwrap();
            let alone = scorer(&network).score(&plan).unwrap();
            assert!(alone.value.is_finite());
            assert_eq!(shared.score(&plan).unwrap(), alone, "{cells:?}");
        }
    }

    #[test]
    fn a_plan_of_another_network_is_refused() {
        let network = NetworkConfig { widths: [8, 16], ..NetworkConfig::preset("sample").unwrap() };
        let other = NetworkConfig { timesteps: 3, ..network.clone() };
        let plan = Plan::new(&"0111 0011 0001 0000".parse().unwrap(), &other, IMAGE).unwrap();
        assert!(scorer(&network).score(&plan).unwrap_err().to_string().contains("another network"));
    }
}
