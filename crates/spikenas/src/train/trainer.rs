use std::borrow::Cow;
use std::time::Instant;

use super::average::Average;
use super::checkpoint::{Checkpoint, Learned};
use super::config::TrainConfig;
use super::divergence::Moment;
use super::images::Split;
use super::pace::Pace;
use super::record::EpochRecord;
use super::schedule::Position;
use super::timesteps::with_timesteps;
use crate::data::{Dataset, Images, shuffled};
use crate::engine::{Engine, Lesson, Network, Optimiser, check_images};
use crate::graph::Graph;
use crate::progress::Progress;
use crate::quantise::Rounding;
use crate::random::{Generator, generator, name_key};
use crate::weights::Origin;
use crate::{Error, Result};

/// Receives the records and states of a training.
pub trait TrainingSink {
    /// Keeps an epoch's record and the state after it; `is_best` says whether it is the one to keep of those so far.
    fn keep(&mut self, record: &EpochRecord, state: &Checkpoint, is_best: bool) -> Result<()>;

    /// Keeps a state in the middle of an epoch.
    fn pause(&mut self, state: &Checkpoint) -> Result<()>;
}

/// Trains a graph's network on an engine from a checkpoint to the last epoch; returns the state after it.
///
/// On one machine's CPU, a training that was interrupted ends with the same bits as one that was not. Errors: images that
/// do not fit the network; a training that diverged: a loss or a state that is not finite, a mean loss beyond all bounds; a sink
/// that fails; or a stop that was asked for: then the step is finished and the sink receives the state. No state that is not finite
/// ever reaches the sink.
pub fn train(
    config: &TrainConfig,
    graph: &Graph,
    engine: &dyn Engine,
    dataset: &Dataset,
    start: Checkpoint,
    sink: &mut dyn TrainingSink,
    progress: &mut dyn Progress,
) -> Result<Checkpoint> {
    let rounding = config.weight_bits.map(|bits| Rounding::new(engine, bits));
    let engine = rounding.as_ref().map_or(engine, |rounding| rounding as &dyn Engine);
    let mut training = Training::begin(config, graph, engine, dataset, start)?;
    let images = training.chosen.len();
    while !config.is_over(training.epoch, training.best.1) {
        if let Err(error) = training.run_epoch(sink, progress) {
            let Error::Interrupted(_) = error else { return Err(error) };
            sink.pause(&training.sound_state()?)?;
            return Err(Error::Interrupted(format!(
                "epoch {} is kept up to image {} of {images}; resume the training to go on",
                training.epoch + 1,
                training.learned.images
            )));
        }
    }
    Ok(training.state())
}

/// A training in progress.
pub(super) struct Training<'a> {
    pub(super) config: &'a TrainConfig,
    pub(super) graph: &'a Graph,
    pub(super) engine: &'a dyn Engine,
    pub(super) dataset: &'a Dataset,
    /// Training images of an epoch: their indices.
    pub(super) chosen: Vec<usize>,
    /// The images by which the epoch to keep is chosen, if one is.
    pub(super) choosing: Option<Cow<'a, Images>>,
    /// The graph's network, with the timesteps of the epoch.
    pub(super) network: Box<dyn Network>,
    optimiser: Optimiser,
    /// Epochs done.
    pub(super) epoch: usize,
    /// Best accuracy on the images that choose, and the epoch that had it.
    pub(super) best: (f64, usize),
    /// Progress of the current epoch.
    pub(super) learned: Learned,
    /// The average of the last epochs, once it has begun.
    pub(super) average: Option<Average>,
    /// What the weights are trained on.
    origin: Option<Origin>,
    /// When the sink last received a state.
    kept: Instant,
    pub(super) pace: Pace,
    /// Tests since this process began.
    pub(super) tested: usize,
}

impl<'a> Training<'a> {
    /// A training that goes on from a state. Errors: settings out of range, images or a state that do not fit the network.
    pub(super) fn begin(
        config: &'a TrainConfig,
        graph: &'a Graph,
        engine: &'a dyn Engine,
        dataset: &'a Dataset,
        start: Checkpoint,
    ) -> Result<Self> {
        config.check()?;
        check_images(graph, &dataset.train)?;
        check_images(graph, &dataset.test)?;
        let mut network = engine.network(graph, &start.weights)?;
        network.set_optimiser_state(&start.optimiser)?;
        let split = config.split(dataset)?;
        let (choosing, selection) = (config.choosing_images(dataset, &split), config.selection(&split));
        let Split { learned: chosen, .. } = split;
        let other = (engine.name() != "cpu").then(|| engine.name().to_string());
        let Checkpoint { epoch, best_accuracy, best_epoch, learned, origin, average, .. } = start;
        if learned.images > chosen.len() {
            let (seen, images) = (learned.images, chosen.len());
            return Err(Error::invalid(format!("the checkpoint has seen {seen} of {images} images")));
        }
        Ok(Self {
            config,
            graph,
            engine,
            dataset,
            chosen,
            choosing,
            network,
            optimiser: config.optimiser(),
            epoch,
            best: (best_accuracy, best_epoch),
            learned,
            average,
            origin: origin.map(|origin| Origin { selection, engine: other, ..origin }),
            kept: Instant::now(),
            pace: Pace::new(),
            tested: 0,
        })
    }
}

impl Training<'_> {
    fn state(&self) -> Checkpoint {
        Checkpoint {
            epoch: self.epoch,
            best_accuracy: self.best.0,
            best_epoch: self.best.1,
            learned: self.learned.clone(),
            origin: self.origin.clone(),
            weights: self.network.weights(),
            optimiser: self.network.optimiser_state(),
            average: self.average.clone(),
        }
    }

    pub(super) fn moment(&self) -> Moment {
        let (epoch, steps) = (self.epoch + 1, self.steps());
        let step = (self.learned.images / self.config.batch).min(steps - 1);
        Moment { epoch, learning_rate: self.config.learning_rate(Position { epoch, step, steps }) }
    }

    /// Steps of an epoch.
    pub(super) fn steps(&self) -> usize {
        self.chosen.len().div_ceil(self.config.batch).max(1)
    }

    /// The state, which may be kept.
    ///
    /// Errors: it is not finite.
    fn sound_state(&self) -> Result<Checkpoint> {
        let state = self.state();
        self.moment().check_state(&state)?;
        Ok(state)
    }

    /// Timesteps of the epoch that is trained.
    pub(super) fn timesteps(&self) -> usize {
        self.config.timesteps(self.epoch + 1, &self.graph.config)
    }

    /// Takes the network with the timesteps of the epoch; returns these.
    pub(super) fn take_timesteps(&mut self) -> Result<usize> {
        let timesteps = self.timesteps();
        if self.network.graph().config.timesteps != timesteps {
            self.network = with_timesteps(timesteps, self.graph, self.engine, self.network.as_ref())?;
        }
        Ok(timesteps)
    }

    /// A generator of the epoch's or step's own, so that resuming from a checkpoint needs no other state.
    pub(super) fn generator(&self, purpose: &str, step: &[u64]) -> Generator {
        let key = [self.config.seed, name_key(purpose), self.epoch as u64 + 1];
        generator(&[key.as_slice(), step].concat())
    }

    /// The rest of an epoch: its steps, the test, the record.
    fn run_epoch(&mut self, sink: &mut dyn TrainingSink, progress: &mut dyn Progress) -> Result<()> {
        let (begin, before) = (Instant::now(), self.learned.seconds);
        let timesteps = self.take_timesteps()?;
        let order = self.order("order");
        progress.begin(&format!("epoch {} of {}", self.epoch + 1, self.config.epochs), order.len());
        progress.advance(self.learned.images, "");
        for indices in order[self.learned.images..].chunks(self.config.batch) {
            self.step(indices)?;
            self.learned.seconds = before + begin.elapsed().as_secs_f64();
            self.pace.step(indices.len() * timesteps);
            self.say_step(indices.len(), progress);
            if progress.is_cancelled() {
                return Err(Error::Interrupted("a step is done".into()));
            }
            if self.kept.elapsed().as_secs_f64() >= 60.0 * self.config.checkpoint_minutes {
                sink.pause(&self.sound_state()?)?;
                self.kept = Instant::now();
            }
        }
        progress.end();
        let now = self.sound_state()?;
        self.moment().check_mean("training", self.learned.loss / self.learned.images as f64)?;
        let (now, other) = self.to_test(now, progress)?;
        let test = self.test(other, progress)?;
        let seconds = before + begin.elapsed().as_secs_f64();
        let (record, is_best) = self.finish_epoch(test.as_ref(), seconds);
        self.say_epoch(&record, test.as_ref(), progress);
        let (best_accuracy, best_epoch) = self.best;
        let learned = Learned::default();
        let now = Checkpoint { epoch: self.epoch, best_accuracy, best_epoch, learned, ..now };
        sink.keep(&record, &now, is_best)?;
        self.average = now.average;
        self.kept = Instant::now();
        Ok(())
    }

    /// Images that are shown at a time.
    pub(super) fn at_a_time(&self) -> usize {
        self.config.batch.div_ceil(self.config.accumulate)
    }

    /// The training images of an epoch in an order of their own for a purpose.
    pub(super) fn order(&self, purpose: &str) -> Vec<usize> {
        let order = shuffled(self.chosen.len(), &mut self.generator(purpose, &[]));
        order.into_iter().map(|place| self.chosen[place]).collect()
    }

    /// One step of the optimiser on a mini-batch, shown in `accumulate` parts.
    pub(super) fn step(&mut self, indices: &[usize]) -> Result<()> {
        let place = [self.learned.images as u64];
        let augmentation = self.config.augmentation(self.dataset.train.shape, self.epoch + 1);
        let mut changes = self.generator("augmentation", &place);
        let mut mask = self.generator("dropout", &place);
        let learning_rate = self.moment().learning_rate;
        for part in indices.chunks(indices.len().div_ceil(self.config.accumulate)) {
            let batch = self.dataset.train.batch(
                part,
                &self.dataset.normalisation,
                augmentation.map(|kind| (kind, &mut changes)),
            );
            let share = part.len() as f32 / indices.len() as f32;
            let TrainConfig { dropout, label_smoothing, loss, surrogate_alpha, .. } = *self.config;
            let norm_over = self.config.norm_over(self.graph);
            let lesson = Lesson { dropout, label_smoothing, loss, norm_over, surrogate_alpha, share };
            let shown = self.network.learn(&batch, &lesson, &mut mask)?;
            self.moment().check_step(shown.loss)?;
            self.learned.correct += shown.correct;
            self.learned.loss += shown.loss * part.len() as f64;
        }
        self.learned.images += indices.len();
        self.network.step(&self.optimiser, learning_rate);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::Batch;
    use crate::engine::{Gradients, engine};
    use crate::graph::{NetworkConfig, Shape};
    use crate::weights::Weights;

    /// Each half of the batch has the same images, so that batch norm sees the same statistics in a part as in the whole.
    #[test]
    fn parts_give_the_gradient_of_the_whole_where_batch_norm_allows_it() {
        let config = NetworkConfig { widths: [4, 8], hidden: 16, ..NetworkConfig::preset("sample").unwrap() };
        let input = Shape { channels: 3, height: 8, width: 8 };
        let graph = Graph::new(&"0313 0021 0004 0000".parse().unwrap(), &config, input).unwrap();
        let weights = Weights::initialised(&graph, 1, 0);
        let half: Vec<f32> = (0..4 * input.len()).map(|i| 2.0 * ((i * i) as f32 * 0.37).sin()).collect();
        let batch = |times: usize| Batch { images: half.repeat(times), labels: [3, 1, 4, 1].repeat(times) };
        let gradients = |parts: &[Batch]| -> Gradients {
            let mut network = engine("cpu").unwrap().network(&graph, &weights).unwrap();
            let lesson = Lesson { share: 1.0 / parts.len() as f32, ..Lesson::PLAIN };
            parts.iter().for_each(|part| _ = network.learn(part, &lesson, &mut generator(&[1])).unwrap());
            network.gradients()
        };
        let (whole, parts) = (gradients(&[batch(2)]), gradients(&[batch(1), batch(1)]));
        assert!(whole.len() > 10 && whole.keys().eq(parts.keys()));
        for (name, whole) in &whole {
            for (a, b) in whole.iter().zip(&parts[name]) {
                assert!((a - b).abs() < 1e-5 * (1.0 + a.abs()), "{name}: {a} and {b}");
            }
        }
    }
}
