use serde::{Deserialize, Serialize};

use crate::{Error, Result};

/// The optimiser.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum OptimiserKind {
    /// Stochastic gradient descent with momentum.
    #[default]
    Sgd,
    /// Adam; `momentum` is not used.
    Adam,
}

/// How the learning rate changes from epoch to epoch.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase", deny_unknown_fields)]
pub enum Schedule {
    /// Half a cosine from the first learning rate to the final one.
    #[default]
    Cosine,
    /// The first learning rate, divided by 10 every `epochs`.
    Step {
        /// Epochs at one learning rate.
        epochs: usize,
    },
    /// Always the first learning rate.
    Constant,
}

/// The most epochs, and images of a mini-batch; sums and products of them stay in range.
const MOST: usize = 1_000_000;

/// How a network is trained; the default is SNASNet's recipe.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TrainConfig {
    /// Passes over the training images.
    pub epochs: usize,
    /// Images of a mini-batch.
    pub batch: usize,
    /// Parts in which a mini-batch is shown, one after the other, to save memory. Their gradients are averaged; batch
    /// norm takes the statistics of each part, so that it is not quite the gradient of the whole.
    #[serde(default = "one")]
    pub accumulate: usize,
    /// Learning rate of the first epoch.
    pub learning_rate: f64,
    /// Final learning rate of the cosine schedule.
    pub final_learning_rate: f64,
    /// How the learning rate changes.
    #[serde(default)]
    pub schedule: Schedule,
    /// The optimiser.
    #[serde(default, rename = "optimizer", alias = "optimiser")]
    pub optimiser: OptimiserKind,
    /// Momentum of SGD.
    pub momentum: f64,
    /// Weight decay of SGD.
    pub weight_decay: f64,
    /// Probability with which an input of the classifier is dropped.
    pub dropout: f32,
    /// Part of each target that is spread evenly over all classes.
    #[serde(default)]
    pub label_smoothing: f64,
    /// Ends the training after this many epochs without a better test accuracy; never where none is given.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub patience: Option<usize>,
    /// Whether images are cropped and mirrored at random, as the next two say.
    pub augment: bool,
    /// Black pixels on every side before a random crop; an eighth of the shorter side where none is given.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub crop_padding: Option<usize>,
    /// Whether half of the images are mirrored, left to right.
    #[serde(default = "yes")]
    pub mirror: bool,
    /// Number of training images, every class alike, drawn by the seed; all where none is given.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub limit_train: Option<usize>,
    /// Seed of initial weights, order, augmentation and dropout.
    pub seed: u64,
    /// Minutes between checkpoints within an epoch; the result does not depend on them.
    #[serde(skip, default = "default_checkpoint_minutes")]
    pub checkpoint_minutes: f64,
    /// Whether TensorBoard's event files are written, too.
    #[serde(skip)]
    pub tensorboard: bool,
    /// Whether the checkpoint stays when the last epoch is kept, twice as large as the model.
    #[serde(skip)]
    pub keep_checkpoint: bool,
}

/// The most padding of a crop.
const MOST_PADDING: usize = 1024;

fn yes() -> bool {
    true
}

fn one() -> usize {
    1
}

fn default_checkpoint_minutes() -> f64 {
    10.0
}

impl Default for TrainConfig {
    fn default() -> Self {
        Self {
            epochs: 300,
            batch: 64,
            accumulate: 1,
            learning_rate: 0.1,
            final_learning_rate: 0.001,
            schedule: Schedule::default(),
            optimiser: OptimiserKind::default(),
            momentum: 0.9,
            weight_decay: 5e-4,
            dropout: 0.5,
            label_smoothing: 0.0,
            patience: None,
            augment: true,
            crop_padding: None,
            mirror: true,
            limit_train: None,
            seed: 1,
            checkpoint_minutes: default_checkpoint_minutes(),
            tensorboard: false,
            keep_checkpoint: false,
        }
    }
}

impl TrainConfig {
    /// How a preset's winner is trained: by SNASNet's recipe, but in as many epochs as a person waits for, 8 with the sample and
    /// 30 with others; all 300 with the preset that is named after SNASNet.
    pub fn for_preset(preset: &str) -> Self {
        match preset {
            "sample" => Self { epochs: 8, ..Self::default() },
            "snasnet-cifar10" => Self::default(),
            _ => Self { epochs: 30, ..Self::default() },
        }
    }

    /// Learning rate of an epoch, counted from 1.
    pub fn learning_rate(&self, epoch: usize) -> f64 {
        match self.schedule {
            Schedule::Cosine => {
                let progress = (epoch - 1) as f64 / self.epochs as f64;
                let fraction = (1.0 + (std::f64::consts::PI * progress).cos()) / 2.0;
                self.final_learning_rate + (self.learning_rate - self.final_learning_rate) * fraction
            }
            Schedule::Step { epochs } => self.learning_rate * 0.1f64.powf(((epoch - 1) / epochs) as f64),
            Schedule::Constant => self.learning_rate,
        }
    }

    /// Whether a training ends after this many epochs, of which one had the best test accuracy so far.
    pub fn is_over(&self, epochs: usize, best_epoch: usize) -> bool {
        epochs >= self.epochs || self.patience.is_some_and(|patience| epochs >= best_epoch.saturating_add(patience))
    }

    /// Whether every value is in range; the first that is not, named.
    pub fn check(&self) -> Result<()> {
        let refuse = |text: String| Err(Error::invalid(text));
        let step = if let Schedule::Step { epochs } = self.schedule { Some(epochs) } else { None };
        for (name, value) in [
            ("epochs", Some(self.epochs)),
            ("batch", Some(self.batch)),
            ("accumulate", Some(self.accumulate)),
            ("patience", self.patience),
            ("epochs of a step", step),
        ] {
            if let Some(value) = value.filter(|value| !(1..=MOST).contains(value)) {
                return refuse(format!("{name} {value}: give 1 to {MOST}"));
            }
        }
        if self.limit_train == Some(0) {
            return refuse("limit_train 0: give at least 1 image".into());
        }
        if !(0.0..1.0).contains(&self.label_smoothing) {
            return refuse(format!("label smoothing {}: give a part below 1", self.label_smoothing));
        }
        if let Some(padding) = self.crop_padding.filter(|&padding| padding > MOST_PADDING) {
            return refuse(format!("crop padding {padding}: give 0 to {MOST_PADDING}"));
        }
        let finite = |value: f64| value.is_finite() && value >= 0.0;
        if !(finite(self.learning_rate) && finite(self.final_learning_rate) && self.learning_rate > 0.0) {
            return refuse(format!(
                "learning rate {} to {}: give positive numbers",
                self.learning_rate, self.final_learning_rate
            ));
        }
        if !(finite(self.momentum) && self.momentum < 1.0 && finite(self.weight_decay)) {
            return refuse(format!("momentum {} or weight decay {} is out of range", self.momentum, self.weight_decay));
        }
        if self.checkpoint_minutes.is_nan() || self.checkpoint_minutes < 0.0 {
            return refuse(format!("checkpoint_minutes {}: give 0 or more", self.checkpoint_minutes));
        }
        if !(0.0..1.0).contains(&self.dropout) {
            return refuse(format!("dropout {}: give a probability below 1", self.dropout));
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_schedule_is_half_a_cosine() {
        let config = TrainConfig { epochs: 100, ..TrainConfig::default() };
        assert_eq!(config.learning_rate(1), 0.1);
        assert!((config.learning_rate(51) - 0.0505).abs() < 1e-12);
        assert!((config.learning_rate(101) - 0.001).abs() < 1e-12);
    }

    #[test]
    fn steps_divide_the_rate_by_ten() {
        let config = TrainConfig { schedule: Schedule::Step { epochs: 2 }, ..TrainConfig::default() };
        let rates = [1, 2, 3, 5].map(|epoch| config.learning_rate(epoch));
        for (rate, expected) in rates.into_iter().zip([0.1, 0.1, 0.01, 0.001]) {
            assert!((rate - expected).abs() < 1e-12);
        }
    }

    #[test]
    fn nobody_waits_for_300_epochs_without_asking() {
        let epochs = |preset: &str| TrainConfig::for_preset(preset).epochs;
        assert_eq!([epochs("sample"), epochs("cifar10"), epochs("cifar100")], [8, 30, 30]);
        assert_eq!(epochs("snasnet-cifar10"), 300, "its recipe as published");
    }

    #[test]
    fn values_out_of_range_are_refused() {
        for config in [
            TrainConfig { epochs: 0, ..TrainConfig::default() },
            TrainConfig { epochs: usize::MAX, ..TrainConfig::default() },
            TrainConfig { patience: Some(usize::MAX), ..TrainConfig::default() },
            TrainConfig { learning_rate: f64::NAN, ..TrainConfig::default() },
            TrainConfig { dropout: 1.0, ..TrainConfig::default() },
            TrainConfig { momentum: 1.0, ..TrainConfig::default() },
            TrainConfig { label_smoothing: 1.0, ..TrainConfig::default() },
            TrainConfig { patience: Some(0), ..TrainConfig::default() },
            TrainConfig { crop_padding: Some(usize::MAX), ..TrainConfig::default() },
            TrainConfig { schedule: Schedule::Step { epochs: 0 }, ..TrainConfig::default() },
        ] {
            assert!(config.check().is_err(), "{config:?}");
        }
    }
}
