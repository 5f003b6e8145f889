use std::time::Instant;

use super::{Checkpoint, TrainConfig};
use crate::data::{Dataset, Images, shuffled};
use crate::metrics::{check_images, evaluate, predicted};
use crate::network::{self, Device, Mode, Network, Sgd};
use crate::plan::Plan;
use crate::progress::Progress;
use crate::random::{Generator, generator, name_key};
use crate::record::EpochRecord;
use crate::{Error, Result};

/// Takes what each epoch leaves.
pub trait EpochSink {
    /// Keeps an epoch's record and the state after it; `is_best` says whether no test before was better.
    fn keep(&mut self, record: &EpochRecord, state: &Checkpoint, is_best: bool) -> Result<()>;
}

/// Trains a plan's network from a checkpoint to the last epoch; returns the state after it.
///
/// Errors: images that do not fit the network, a loss that is not a number, a sink that fails, or a stop that was asked
/// for; what the sink was given is kept.
pub fn train(
    config: &TrainConfig,
    plan: &Plan,
    device: &Device,
    dataset: &Dataset,
    start: Checkpoint,
    sink: &mut dyn EpochSink,
    progress: &mut dyn Progress,
) -> Result<Checkpoint> {
    config.check()?;
    check_images(plan, &dataset.train)?;
    check_images(plan, &dataset.test)?;
    let mut network = Network::new(plan, &start.weights, device)?;
    let mut optimiser = Sgd::new(config.momentum, config.weight_decay);
    optimiser.set_buffers(&network, &start.momentum)?;
    let mut state = start;
    for epoch in state.epoch + 1..=config.epochs {
        let begin = Instant::now();
        let mut epoch_run = Epoch { config, epoch, network: &mut network, optimiser: &mut optimiser };
        let learned = epoch_run.run(dataset, progress)?;
        let seconds = begin.elapsed().as_secs_f64();
        state = Checkpoint {
            epoch,
            best_accuracy: state.best_accuracy,
            weights: network.weights(),
            momentum: optimiser.buffers(&network),
        };
        let test = evaluate(plan, &state.weights, &dataset.test, &dataset.normalisation, progress)?;
        let is_best = epoch == 1 || test.accuracy > state.best_accuracy;
        state.best_accuracy = if is_best { test.accuracy } else { state.best_accuracy };
        let record = EpochRecord {
            epoch,
            learning_rate: config.learning_rate(epoch),
            train_loss: learned.loss / learned.images as f64,
            train_accuracy: 100.0 * learned.correct as f64 / learned.images as f64,
            test_loss: test.loss,
            test_accuracy: test.accuracy,
            images_per_second: learned.images as f64 / seconds,
            seconds: begin.elapsed().as_secs_f64(),
        };
        progress.note(&format!(
            "epoch {epoch} of {}: loss {:.4}, train {:.2} %, test {:.2} %, {:.0} images/s",
            config.epochs, record.train_loss, record.train_accuracy, record.test_accuracy, record.images_per_second
        ));
        sink.keep(&record, &state, is_best)?;
    }
    Ok(state)
}

/// One pass over the training images.
struct Epoch<'a> {
    config: &'a TrainConfig,
    epoch: usize,
    network: &'a mut Network,
    optimiser: &'a mut Sgd,
}

/// Sums over the images of an epoch, as each was seen.
#[derive(Default)]
struct Learned {
    loss: f64,
    correct: usize,
    images: usize,
}

impl Epoch<'_> {
    /// A generator of this epoch's own, so that going on from a checkpoint needs no other state.
    fn generator(&self, purpose: &str) -> Generator {
        generator(&[self.config.seed, name_key(purpose), self.epoch as u64])
    }

    fn run(&mut self, dataset: &Dataset, progress: &mut dyn Progress) -> Result<Learned> {
        let images = &dataset.train;
        let count = self.config.limit_train.map_or(images.len(), |limit| limit.min(images.len()));
        let order = shuffled(count, &mut self.generator("order"));
        let (mut augmentation, mut dropout) = (self.generator("augmentation"), self.generator("dropout"));
        let mut learned = Learned::default();
        progress.begin(&format!("epoch {} of {}", self.epoch, self.config.epochs), count);
        for indices in order.chunks(self.config.batch) {
            if progress.is_cancelled() {
                let done = self.epoch - 1;
                return Err(Error::Interrupted(format!(
                    "{done} whole epochs are kept; repeat the command with --resume to go on"
                )));
            }
            self.step(images, dataset, indices, (&mut augmentation, &mut dropout), &mut learned)?;
            progress.advance(indices.len(), &format!("loss {:.4}", learned.loss / learned.images as f64));
        }
        progress.end();
        Ok(learned)
    }

    fn step(
        &mut self,
        images: &Images,
        dataset: &Dataset,
        indices: &[usize],
        (augmentation, dropout): (&mut Generator, &mut Generator),
        learned: &mut Learned,
    ) -> Result<()> {
        let batch = images.batch(indices, &dataset.normalisation, self.config.augment.then_some(augmentation));
        let input = self.network.images(&batch.images);
        let output = self.network.forward(input, Mode::Train { dropout: self.config.dropout, rng: dropout });
        let logits: Vec<f32> = output.logits.clone().into_data().iter::<f32>().collect();
        let loss = network::loss(output.logits, &batch.labels);
        let value: f64 = loss.clone().into_data().iter::<f64>().sum();
        if !value.is_finite() {
            let rate = self.config.learning_rate(self.epoch);
            return Err(Error::NotFinite(format!(
                "the loss became {value} in epoch {}: lower --learning-rate (it was {rate})",
                self.epoch
            )));
        }
        let gradients = self.network.gradients(&loss);
        self.optimiser.step(self.network, &gradients, self.config.learning_rate(self.epoch));
        let rows = logits.chunks(logits.len() / indices.len()).zip(&batch.labels);
        learned.correct += rows.filter(|(row, label)| predicted(row) == **label).count();
        learned.loss += value * indices.len() as f64;
        learned.images += indices.len();
        Ok(())
    }
}
