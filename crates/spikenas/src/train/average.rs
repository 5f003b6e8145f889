//! Averaged weights (stochastic weight averaging, Izmailov et al. 2018): the mean of the weights after each of the last epochs.
//!
//! The running statistics of the batch norms are those of no such mean. They are estimated again on training images, as means over
//! all passes; a training may ask for that after every epoch.

use super::config::{NormStatistics, TrainConfig};
use crate::data::{Augmentation, Dataset};
use crate::engine::{Mode, Network, NormOver};
use crate::progress::Progress;
use crate::random::Generator;
use crate::weights::Weights;
use crate::{Error, Result};

/// Images of which running statistics are estimated after an epoch of so many: 50 mini-batches at most, and of few images a quarter, but
/// eight mini-batches if there are as many.
pub(super) fn estimated_images(images: usize, at_a_time: usize) -> usize {
    (images / 4).clamp(8 * at_a_time, 50 * at_a_time).min(images)
}

/// The mean of the weights after some epochs.
#[derive(Clone, Debug, PartialEq)]
pub struct Average {
    /// The mean, with running statistics of its own.
    pub weights: Weights,
    /// Epochs that it is of.
    pub epochs: usize,
}

impl TrainConfig {
    /// Whether the average of a training takes the weights after an epoch, counted from 1: one of the last `average_epochs`.
    pub fn is_averaged(&self, epoch: usize) -> bool {
        epoch.saturating_add(self.average_epochs) > self.epochs
    }

    /// Epochs after which the running statistics are estimated again.
    pub(crate) fn estimates(&self) -> usize {
        match self.norm_statistics {
            NormStatistics::Running => self.average_epochs.min(self.epochs),
            NormStatistics::Estimated => self.epochs,
        }
    }
}

impl Average {
    /// The average with the weights after another epoch: `mean + (weights - mean) / epochs`; its running statistics are not
    /// estimated yet.
    pub(super) fn with(before: Option<&Self>, weights: &Weights) -> Self {
        let Some(Self { weights: mean, epochs }) = before else { return Self { weights: weights.clone(), epochs: 1 } };
        let (epochs, mut next) = (epochs + 1, weights.clone());
        for (name, mean) in mean.tensors() {
            next.change(name, |new| {
                for (new, &mean) in new.values.iter_mut().zip(&mean.values) {
                    let (old, latest) = (f64::from(mean), f64::from(*new));
                    *new = (old + (latest - old) / epochs as f64) as f32;
                }
            });
        }
        Self { weights: next, epochs }
    }
}

/// Training images of which running statistics are estimated.
pub(crate) struct Estimate<'a> {
    pub dataset: &'a Dataset,
    pub order: &'a [usize],
    pub at_a_time: usize,
    /// How they are changed at random: as in the training, since the statistics of other images are others.
    pub augmentation: Option<Augmentation>,
    pub changes: Generator,
    /// Over what batch norms take them.
    pub over: NormOver,
}

impl Estimate<'_> {
    /// Estimates the running statistics of a network anew.
    ///
    /// Errors: a stop that was asked for, not enough memory.
    pub fn of(mut self, network: &mut dyn Network, progress: &mut dyn Progress) -> Result<()> {
        // A smaller rest would count as much as the others.
        let passes = (self.order.len() / self.at_a_time).max(1);
        progress.begin("statistics of batch norms", passes);
        for (pass, indices) in self.order.chunks(self.at_a_time).take(passes).enumerate() {
            if progress.is_cancelled() {
                return Err(Error::Interrupted("the statistics of batch norms are not finished".into()));
            }
            let augmentation = self.augmentation.map(|kind| (kind, &mut self.changes));
            let batch = self.dataset.train.batch(indices, &self.dataset.normalisation, augmentation);
            network.forward(&batch.images, Mode::Estimate { passes: pass as u64, over: self.over })?;
            progress.advance(1, "");
        }
        progress.end();
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::Engine;
    use crate::engine::cpu::Cpu;
    use crate::graph::{Graph, NetworkConfig, Shape};
    use crate::weights::Tensor;

    #[test]
    fn the_average_is_the_mean_of_all_epochs() {
        let weights =
            |value: f32| Weights::new([("a".into(), Tensor { shape: vec![2], values: vec![value, 1.0] })].into(), 7);
        let first = Average::with(None, &weights(3.0));
        let second = Average::with(Some(&first), &weights(-1.0));
        let third = Average::with(Some(&second), &weights(7.0));
        let found = [&first, &second, &third].map(|average| (average.weights.values("a").to_vec(), average.epochs));
        assert_eq!(found, [(vec![3.0, 1.0], 1), (vec![1.0, 1.0], 2), (vec![3.0, 1.0], 3)]);
    }

    /// The running mean of the stem's batch norm and of that of the second cell after passes over these images.
    fn means(passes: &[(Mode, &[f32])]) -> [Vec<f32>; 2] {
        let preset = NetworkConfig::preset("sample").unwrap();
        let config = NetworkConfig { widths: [4, 8], hidden: 16, timesteps: 3, ..preset };
        let input = Shape { channels: 3, height: 8, width: 8 };
        let graph = Graph::new(&"0313 0021 0004 0000".parse().unwrap(), &config, input).unwrap();
        let mut network = Cpu.network(&graph, &Weights::initialised(&graph, 1, 0)).unwrap();
        for (mode, images) in passes {
            network.forward(images, *mode).unwrap();
        }
        let weights = network.weights();
        assert_eq!(weights.batches_tracked, passes.iter().filter(|(mode, _)| *mode == Mode::Train).count() as u64);
        let names: Vec<&String> = weights.tensors().keys().filter(|name| name.ends_with("running_mean")).collect();
        let stem = names.iter().find(|name| name.starts_with("stem")).unwrap();
        [stem, names.iter().find(|name| name.starts_with("cell")).unwrap()].map(|name| weights.values(name).to_vec())
    }

    fn assert_close(found: &[f32], expected: impl Iterator<Item = f32>) {
        for (found, expected) in found.iter().zip(expected) {
            assert!((found - expected).abs() < 1e-5 * (1.0 + expected.abs()), "{found}, not {expected}");
        }
    }

    #[test]
    fn running_statistics_become_the_mean_over_all_passes() {
        let images = |salt: usize| (0..4 * 192).map(|i| 2.0 * ((i * i + salt) as f32 * 0.37).sin()).collect::<Vec<_>>();
        let (one, other) = (images(0), images(1));
        let first = Mode::Estimate { passes: 0, over: NormOver::Timestep };
        let [of_one, of_other] = [&one, &other].map(|images| means(&[(first, images)]));
        let both = means(&[
            (Mode::Train, &other),
            (first, &one),
            (Mode::Estimate { passes: 1, over: NormOver::Timestep }, &other),
        ]);
        for ((both, one), other) in both.iter().zip(&of_one).zip(&of_other) {
            assert_close(both, one.iter().zip(other).map(|(a, b)| (a + b) / 2.0));
        }
        // The stem sees an image once: training moves its mean, from 0, by a tenth.
        let [trained, _] = means(&[(Mode::Train, &one)]);
        assert_close(&of_one[0], trained.iter().map(|mean| mean * 10.0));
    }

    #[test]
    fn the_last_epochs_are_averaged() {
        let of = |average_epochs| {
            let config = TrainConfig { epochs: 4, average_epochs, ..TrainConfig::default() };
            (1..=4).filter(|&epoch| config.is_averaged(epoch)).collect::<Vec<_>>()
        };
        assert_eq!((of(0), of(1), of(3), of(9)), (vec![], vec![4], vec![2, 3, 4], vec![1, 2, 3, 4]));
    }
}
