use std::borrow::Cow;
use std::time::Instant;

use super::average::{Average, estimate_statistics};
use super::checkpoint::{Checkpoint, Learned};
use super::config::TrainConfig;
use super::divergence::Moment;
use super::images::Split;
use super::pace::Pace;
use super::record::EpochRecord;
use super::schedule::Position;
use super::timesteps::with_timesteps;
use crate::data::{Dataset, Images, shuffled};
use crate::engine::{Engine, Evaluation, Lesson, Network, Optimiser, check_images, evaluate};
use crate::graph::Graph;
use crate::progress::{Progress, rough_duration};
use crate::random::{Generator, generator, name_key};
use crate::weights::{Choice, Origin};
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
    config.check()?;
    check_images(graph, &dataset.train)?;
    check_images(graph, &dataset.test)?;
    let mut network = engine.network(graph, &start.weights)?;
    let optimiser = config.optimiser();
    network.set_optimiser_state(&start.optimiser)?;
    let split = config.split(dataset)?;
    let (choosing, selection) = (config.choosing_images(dataset, &split), config.selection(&split));
    let Split { learned: chosen, .. } = split;
    let images = chosen.len();
    let Checkpoint { epoch, best_accuracy, best_epoch, learned, origin, average, .. } = start;
    if learned.images > images {
        return Err(Error::invalid(format!("the checkpoint has seen {} of {images} images", learned.images)));
    }
    let origin = origin.map(|origin| Origin { selection, ..origin });
    let best = (best_accuracy, best_epoch);
    let (kept, pace) = (Instant::now(), Pace::new());
    let mut training = Training {
        config,
        graph,
        engine,
        dataset,
        chosen,
        choosing,
        network,
        optimiser,
        epoch,
        best,
        learned,
        average,
        origin,
        kept,
        pace,
        tested: 0,
    };
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
struct Training<'a> {
    config: &'a TrainConfig,
    graph: &'a Graph,
    engine: &'a dyn Engine,
    dataset: &'a Dataset,
    /// Training images of an epoch: their indices.
    chosen: Vec<usize>,
    /// The images by which the epoch to keep is chosen, if one is.
    choosing: Option<Cow<'a, Images>>,
    /// The graph's network, with the timesteps of the epoch.
    network: Box<dyn Network>,
    optimiser: Optimiser,
    /// Epochs done.
    epoch: usize,
    /// Best accuracy on the images that choose, and the epoch that had it.
    best: (f64, usize),
    /// Progress of the current epoch.
    learned: Learned,
    /// The average of the last epochs, once it has begun.
    average: Option<Average>,
    /// What the weights are trained on.
    origin: Option<Origin>,
    /// When the sink last received a state.
    kept: Instant,
    pace: Pace,
    /// Tests since this process began.
    tested: usize,
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

    fn moment(&self) -> Moment {
        let (epoch, steps) = (self.epoch + 1, self.steps());
        let step = (self.learned.images / self.config.batch).min(steps - 1);
        Moment { epoch, learning_rate: self.config.learning_rate(Position { epoch, step, steps }) }
    }

    /// Steps of an epoch.
    fn steps(&self) -> usize {
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

    /// The time that the rest takes, in words, where it is known and not short.
    fn left(&self) -> Option<String> {
        let epochs = self.config.epochs.saturating_sub(self.epoch);
        let (now, all) = (self.timesteps(), self.graph.config.timesteps);
        let steps = self.config.sum_of_timesteps(self.epoch + 1..=self.config.epochs, all);
        let train = (steps * self.chosen.len()).saturating_sub(self.learned.images * now);
        let choosing = self.choosing.as_ref().map_or(0, |images| images.len());
        let [left, tested] = [epochs, self.tested].map(|tests| tests * choosing * all);
        self.pace.seconds(train, left, tested).map(rough_duration)
    }

    /// Timesteps of the epoch that is trained.
    fn timesteps(&self) -> usize {
        self.config.timesteps(self.epoch + 1, self.graph.config.timesteps)
    }

    /// A generator of the epoch's or step's own, so that resuming from a checkpoint needs no other state.
    fn generator(&self, purpose: &str, step: &[u64]) -> Generator {
        let key = [self.config.seed, name_key(purpose), self.epoch as u64 + 1];
        generator(&[key.as_slice(), step].concat())
    }

    /// The rest of an epoch: its steps, the test, the record.
    fn run_epoch(&mut self, sink: &mut dyn TrainingSink, progress: &mut dyn Progress) -> Result<()> {
        let (begin, before) = (Instant::now(), self.learned.seconds);
        let timesteps = self.timesteps();
        if self.network.graph().config.timesteps != timesteps {
            self.network = with_timesteps(timesteps, self.graph, self.engine, self.network.as_ref())?;
        }
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
    fn at_a_time(&self) -> usize {
        self.config.batch.div_ceil(self.config.accumulate)
    }

    /// The state after an epoch with the average, where the epoch is one of those averaged; and the network to be tested where it is
    /// not the one that was trained: the average's, or that of all timesteps.
    fn to_test(
        &self,
        state: Checkpoint,
        progress: &mut dyn Progress,
    ) -> Result<(Checkpoint, Option<Box<dyn Network>>)> {
        let is_whole = self.timesteps() == self.graph.config.timesteps;
        let whole = |weights| self.engine.network(self.graph, weights);
        if !self.config.is_averaged(self.epoch + 1) {
            let other = if is_whole { None } else { Some(whole(&state.weights)?) };
            return Ok((Checkpoint { average: None, ..state }, other));
        }
        let mut average = Average::with(self.average.as_ref(), &state.weights);
        let weights = &average.weights;
        let mut averaged = if is_whole { self.network.sibling(weights) } else { whole(weights) }?;
        let order = self.order("average");
        estimate_statistics(averaged.as_mut(), self.dataset, &order, self.at_a_time(), progress)?;
        average.weights = averaged.weights();
        let state = Checkpoint { average: Some(average), ..state };
        self.moment().check_state(&state)?;
        Ok((state, Some(averaged)))
    }

    /// The training images of an epoch in an order of their own for a purpose.
    fn order(&self, purpose: &str) -> Vec<usize> {
        let order = shuffled(self.chosen.len(), &mut self.generator(purpose, &[]));
        order.into_iter().map(|place| self.chosen[place]).collect()
    }

    /// Tests a network, or that of the training, on the images that choose, if there are any.
    fn test(&mut self, mut other: Option<Box<dyn Network>>, progress: &mut dyn Progress) -> Result<Option<Evaluation>> {
        let at_a_time = self.at_a_time();
        let Some(images) = &self.choosing else { return Ok(None) };
        let network = other.as_mut().unwrap_or(&mut self.network).as_mut();
        let test = evaluate(network, images, &self.dataset.normalisation, at_a_time, progress)?;
        let what = if self.config.choice == Choice::Test { "test" } else { "validation" };
        self.moment().check_mean(what, test.loss)?;
        self.tested += 1;
        Ok(Some(test))
    }

    /// Counts the epoch; its record, and whether it is the one to keep of those so far.
    fn finish_epoch(&mut self, test: Option<&Evaluation>, seconds: f64) -> (EpochRecord, bool) {
        let learned = std::mem::take(&mut self.learned);
        let timesteps = self.config.first_timesteps.map(|_| self.timesteps());
        self.epoch += 1;
        let is_best = self.epoch == 1 || test.is_none_or(|test| test.accuracy > self.best.0);
        if is_best {
            self.best = (test.map_or(0.0, |test| test.accuracy), self.epoch);
        }
        let (by_test, by_validation) = match self.config.choice {
            Choice::Test => (test, None),
            Choice::Validation | Choice::Last => (None, test),
        };
        let is_part = self.config.limit_train.is_some() || self.config.validation > 0.0;
        let record = EpochRecord {
            epoch: self.epoch,
            learning_rate: self.config.learning_rate(Position::last(self.epoch, self.steps())),
            train_loss: learned.loss / learned.images as f64,
            train_accuracy: 100.0 * learned.correct as f64 / learned.images as f64,
            validation_loss: by_validation.map(|test| test.loss),
            validation_accuracy: by_validation.map(|test| test.accuracy),
            validation_top5_accuracy: by_validation.map(|test| test.top5_accuracy),
            test_loss: by_test.map(|test| test.loss),
            test_accuracy: by_test.map(|test| test.accuracy),
            test_top5_accuracy: by_test.map(|test| test.top5_accuracy),
            images_per_class: is_part.then(|| self.dataset.count_by_class(&self.chosen)),
            timesteps,
            images_per_second: learned.images as f64 / learned.seconds,
            seconds,
        };
        (record, is_best)
    }

    /// What is known after a step; once, how long all will take.
    fn say_step(&mut self, images: usize, progress: &mut dyn Progress) {
        let left = self.left();
        let of_training = left.as_ref().map_or(String::new(), |left| format!(", training {left} left"));
        progress.advance(images, &format!("loss {:.4}{of_training}", self.learned.loss / self.learned.images as f64));
        if self.pace.is_due()
            && let Some(left) = left
        {
            progress.note(&format!("the training takes about {left}"));
        }
    }

    /// The epoch in a line, and at the end what speaks against the network.
    fn say_epoch(&self, record: &EpochRecord, test: Option<&Evaluation>, progress: &mut dyn Progress) {
        let reached = record.reached();
        let reached = reached.map_or(String::new(), |r| format!(", {} {:.2} %", r.images, r.accuracy));
        let left = self.left().map_or(String::new(), |left| format!(", about {left} left"));
        progress.note(&format!(
            "epoch {} of {}: loss {:.4}, train {:.2} %{reached}, {:.0} images/s{left}",
            self.epoch, self.config.epochs, record.train_loss, record.train_accuracy, record.images_per_second
        ));
        if self.config.is_over(self.epoch, self.best.1) {
            let concerns = test.map(Evaluation::concerns).unwrap_or_default();
            concerns.iter().for_each(|concern| progress.note(&format!("warning: {concern}")));
        }
    }

    /// One step of the optimiser on a mini-batch, shown in `accumulate` parts.
    fn step(&mut self, indices: &[usize]) -> Result<()> {
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
            let TrainConfig { dropout, label_smoothing, loss, .. } = *self.config;
            let lesson = Lesson { dropout, label_smoothing, loss, share };
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
