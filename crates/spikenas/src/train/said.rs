//! What a training says while it runs.

use super::record::EpochRecord;
use super::trainer::Training;
use crate::engine::Evaluation;
use crate::progress::{Progress, rough_duration};
use crate::weights::Choice;

impl Training<'_> {
    /// The time that the rest takes, in words, where it is known and not short.
    fn left(&self) -> Option<String> {
        let epochs = self.config.epochs.saturating_sub(self.epoch);
        let (now, all) = (self.timesteps(), self.graph.config.timesteps);
        let steps = self.config.sum_of_timesteps(self.epoch + 1..=self.config.epochs, &self.graph.config);
        let train = (steps * self.chosen.len()).saturating_sub(self.learned.images * now);
        let choosing = self.choosing.as_ref().map_or(0, |images| images.len());
        let [left, tested] = [epochs, self.tested].map(|tests| tests * choosing * all);
        self.pace.seconds(train, left, tested).map(rough_duration)
    }

    /// What is known after a step; once, how long all will take.
    pub(super) fn say_step(&mut self, images: usize, progress: &mut dyn Progress) {
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
    pub(super) fn say_epoch(&self, record: &EpochRecord, test: Option<&Evaluation>, progress: &mut dyn Progress) {
        let reached = record.reached();
        let reached = reached.map_or(String::new(), |r| format!(", {} {:.2} %", r.images, r.accuracy));
        let left = self.left().map_or(String::new(), |left| format!(", about {left} left"));
        progress.note(&format!(
            "epoch {} of {}: loss {:.4}, train {:.2} %{reached}, {:.0} images/s{left}",
            self.epoch, self.config.epochs, record.train_loss, record.train_accuracy, record.images_per_second
        ));
        if self.config.is_over(self.epoch, self.best.1) {
            // What speaks against the network on the test images is said with their test.
            let on = if self.config.choice == Choice::Validation { "on the images held out, " } else { "" };
            let concerns = test.map(Evaluation::concerns).unwrap_or_default();
            concerns.iter().for_each(|concern| progress.note(&format!("warning: {on}{concern}")));
        }
    }
}
