//! Epochs for the time that there is, from steps that are measured.

use std::time::Instant;

use super::average::estimated_images;
use super::checkpoint::Checkpoint;
use super::config::TrainConfig;
use super::trainer::Training;
use crate::Result;
use crate::data::Dataset;
use crate::engine::{Engine, Mode};
use crate::graph::{Graph, NetworkConfig};
use crate::weights::Weights;

/// Steps before those that are measured: they claim the memory.
const FIRST_STEPS: usize = 2;
/// Steps that are measured at least.
const STEPS: usize = 3;
/// The most epochs of a plan.
const MOST: usize = 100_000;

/// How long the parts of a training take on this machine: seconds per image.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Measured {
    /// Of a step with the timesteps of the first epochs.
    pub first_step: f64,
    /// Of a step with all timesteps.
    pub step: f64,
    /// Of a test.
    pub test: f64,
}

/// Images of a training that its time depends on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Amounts {
    /// That are trained on in each epoch.
    pub learned: usize,
    /// On which each epoch is tested.
    pub choosing: usize,
    /// On which the model is tested at the end.
    pub tested: usize,
}

/// Trains a network for some seconds, and throws away what it learned.
///
/// Errors: those of [`train`](super::train) before the first step, and those of a step.
pub fn measure(
    config: &TrainConfig,
    graph: &Graph,
    engine: &dyn Engine,
    dataset: &Dataset,
    seconds: f64,
) -> Result<(Measured, Amounts)> {
    let start = || Checkpoint::start(Weights::initialised(graph, config.seed, 0), dataset);
    // All epochs with the timesteps of the first ones, or none.
    let with = |first_part: f64| TrainConfig { epochs: 1, first_part, warmup_epochs: 0.0, ..config.clone() };
    let (all, first) = (with(0.0), with(1.0));
    let mut training = Training::begin(&all, graph, engine, dataset, start())?;
    let step = seconds_per_image(&mut training, seconds / 2.0)?;
    let amounts = Amounts {
        learned: training.chosen.len(),
        choosing: training.choosing.as_ref().map_or(0, |images| images.len()),
        tested: dataset.test.len(),
    };
    let test = seconds_per_tested_image(&mut training)?;
    let first_step = match config.first_timesteps {
        None => step,
        Some(_) if graph.config.frames => step,
        Some(_) => seconds_per_image(&mut Training::begin(&first, graph, engine, dataset, start())?, seconds / 2.0)?,
    };
    Ok((Measured { first_step, step, test }, amounts))
}

fn seconds_per_image(training: &mut Training<'_>, seconds: f64) -> Result<f64> {
    training.take_timesteps()?;
    let order = training.order("order");
    let batches = || order.chunks(training.config.batch).cycle();
    let (mut begin, mut images) = (Instant::now(), 0);
    for (number, indices) in batches().enumerate() {
        if number == FIRST_STEPS {
            (begin, images) = (Instant::now(), 0);
        }
        training.step(indices)?;
        images += indices.len();
        if number >= FIRST_STEPS + STEPS && begin.elapsed().as_secs_f64() >= seconds {
            break;
        }
    }
    Ok(begin.elapsed().as_secs_f64() / images.max(1) as f64)
}

fn seconds_per_tested_image(training: &mut Training<'_>) -> Result<f64> {
    let order = training.order("order");
    let indices = &order[..training.at_a_time().min(order.len())];
    let batch = training.dataset.train.batch(indices, &training.dataset.normalisation, None);
    training.network.forward(&batch.images, Mode::Evaluate)?;
    let begin = Instant::now();
    for _ in 0..STEPS {
        training.network.forward(&batch.images, Mode::Evaluate)?;
    }
    Ok(begin.elapsed().as_secs_f64() / (STEPS * indices.len().max(1)) as f64)
}

impl Measured {
    /// Seconds of a training with so many epochs, all its tests among them.
    pub fn seconds(&self, config: &TrainConfig, network: &NetworkConfig, amounts: Amounts, epochs: usize) -> f64 {
        let config = TrainConfig { epochs, ..config.clone() };
        let first = (1..=epochs).filter(|&epoch| config.timesteps(epoch, network) < network.timesteps).count();
        let steps = first as f64 * self.first_step + (epochs - first) as f64 * self.step;
        let estimated = config.estimates() * estimated_images(amounts.learned, config.batch);
        let tested = epochs * amounts.choosing + estimated + amounts.tested;
        steps * amounts.learned as f64 + self.test * tested as f64
    }

    /// The most epochs that end within some seconds; at least one.
    pub fn epochs(&self, config: &TrainConfig, network: &NetworkConfig, amounts: Amounts, seconds: f64) -> usize {
        let fits = |epochs: usize| self.seconds(config, network, amounts, epochs) <= seconds;
        let (mut least, mut most) = (1, MOST);
        while least < most {
            let middle = (least + most).div_ceil(2);
            if fits(middle) { least = middle } else { most = middle - 1 }
        }
        least
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const AMOUNTS: Amounts = Amounts { learned: 100, choosing: 10, tested: 50 };
    const MEASURED: Measured = Measured { first_step: 0.01, step: 0.02, test: 0.01 };

    fn network() -> NetworkConfig {
        NetworkConfig::preset("sample").unwrap()
    }

    #[test]
    fn as_many_epochs_are_planned_as_fit() {
        let config = TrainConfig::default();
        // An epoch takes 2.1 seconds, the test at the end half a second.
        let epochs = |seconds| MEASURED.epochs(&config, &network(), AMOUNTS, seconds);
        assert_eq!([epochs(21.6), epochs(21.4), epochs(0.0), epochs(1e9)], [10, 9, 1, MOST]);
    }

    #[test]
    fn fewer_timesteps_and_averages_count() {
        let config =
            TrainConfig { first_timesteps: Some(2), first_part: 0.6, average_epochs: 2, ..TrainConfig::default() };
        let seconds = MEASURED.seconds(&config, &network(), AMOUNTS, 10);
        // Six epochs of 1 second, four of 2, ten tests of 0.1, two estimates of 1, the last test of 0.5.
        assert!((seconds - (6.0 + 8.0 + 1.0 + 2.0 + 0.5)).abs() < 1e-9, "{seconds}");
        let epochs = MEASURED.epochs(&config, &network(), AMOUNTS, seconds + 1e-9);
        assert_eq!(epochs, 10);
    }
}
