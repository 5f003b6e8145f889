//! The end of an epoch: what is tested of it, and its record.

use super::average::{Average, Estimate, estimated_images};
use super::checkpoint::Checkpoint;
use super::config::NormStatistics;
use super::record::EpochRecord;
use super::schedule::Position;
use super::trainer::Training;
use crate::Result;
use crate::engine::{Evaluation, Network, evaluate};
use crate::progress::Progress;
use crate::weights::Choice;

impl Training<'_> {
    /// The state after an epoch with the average, where the epoch is one of those averaged or the statistics of batch norms are to be
    /// estimated; and the network to be tested where it is not the one that was trained: the average's, or that of all timesteps.
    pub(super) fn to_test(
        &self,
        state: Checkpoint,
        progress: &mut dyn Progress,
    ) -> Result<(Checkpoint, Option<Box<dyn Network>>)> {
        let is_whole = self.timesteps() == self.graph.config.timesteps;
        let whole = |weights| self.engine.network(self.graph, weights);
        let is_averaged = self.config.is_averaged(self.epoch + 1);
        if !is_averaged && self.config.norm_statistics == NormStatistics::Running {
            let other = if is_whole { None } else { Some(whole(&state.weights)?) };
            return Ok((Checkpoint { average: None, ..state }, other));
        }
        // What was estimated after an epoch before them is of that epoch alone.
        let before = self.average.as_ref().filter(|_| self.config.is_averaged(self.epoch));
        let mut average = Average::with(before, &state.weights);
        let weights = &average.weights;
        let mut averaged = if is_whole { self.network.sibling(self.graph, weights.clone()) } else { whole(weights) }?;
        let mut order = self.order("average");
        order.truncate(estimated_images(order.len(), self.at_a_time()));
        let estimate = Estimate {
            dataset: self.dataset,
            order: &order,
            at_a_time: self.at_a_time(),
            augmentation: self.config.augmentation(self.dataset.train.shape, self.epoch + 1),
            over: self.config.norm_over(self.graph),
            changes: self.generator("augmentation of the average", &[]),
        };
        estimate.of(averaged.as_mut(), progress)?;
        average.weights = averaged.weights();
        let state = Checkpoint { average: Some(average), ..state };
        self.moment().check_state(&state)?;
        Ok((state, Some(averaged)))
    }

    /// Tests a network, or that of the training, on the images that choose, if there are any.
    pub(super) fn test(
        &mut self,
        mut other: Option<Box<dyn Network>>,
        progress: &mut dyn Progress,
    ) -> Result<Option<Evaluation>> {
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
    pub(super) fn finish_epoch(&mut self, test: Option<&Evaluation>, seconds: f64) -> (EpochRecord, bool) {
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
}
