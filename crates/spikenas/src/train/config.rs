use serde::{Deserialize, Serialize};

use super::schedule::Schedule;
use crate::cost::WeightBits;
use crate::data::Fill;
use crate::engine::{Decayed, Lesson, LossKind, NormOver, Optimiser};
use crate::graph::{Graph, ParameterKind};
use crate::weights::{Choice, Weights};
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
    /// Adam with decoupled weight decay; `momentum` is not used.
    AdamW,
    /// Muon, and AdamW for what is no matrix; `momentum` is Muon's.
    Muon,
}

/// Which half of the images is mirrored in an epoch.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Flip {
    /// Each image with probability one half.
    #[default]
    Random,
    /// Each image in every other epoch, so that both sides of each are seen alike (Jordan 2024, airbench).
    Alternate,
}

/// What the stem's filters are when a training begins.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum StemInit {
    /// Drawn, as all others.
    #[default]
    Drawn,
    /// The eigenvectors of the patches of the training images, those of the largest eigenvalues first, each with its negative;
    /// drawn where there are no more, and all where a patch has more than 128 values. With the batch norm behind it the stem whitens patches (Jordan 2024, airbench, without the frozen filters).
    Whitening,
}

/// What batch norms normalise by in tests and in the model that is kept.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum NormStatistics {
    /// The moving averages that the training leaves: about the last ten timesteps, and so two mini-batches of five.
    #[default]
    Running,
    /// Means over 50 mini-batches of training images after each epoch (precise batch norm, Wu and Johnson 2021).
    Estimated,
}

/// The most epochs, and images of a mini-batch; sums and products of them stay in range.
const MOST: usize = 1_000_000;

/// How a network is trained; the default is SNASNet's recipe, and what a setting means where a file does not name it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TrainConfig {
    /// Passes over the training images.
    pub epochs: usize,
    /// Minutes in which all is to end, for which the epochs were planned.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub minutes: Option<f64>,
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
    /// Epochs in which the learning rate rises from 0, step by step (Goyal et al. 2017); parts of an epoch count.
    #[serde(default)]
    pub warmup_epochs: f64,
    /// How the learning rate changes.
    #[serde(default)]
    pub schedule: Schedule,
    /// The optimiser.
    #[serde(default, rename = "optimizer", alias = "optimiser")]
    pub optimiser: OptimiserKind,
    /// Momentum of SGD and Muon.
    pub momentum: f64,
    /// Weight decay.
    pub weight_decay: f64,
    /// The parameters that it holds for.
    #[serde(default)]
    pub weight_decay_of: Decayed,
    /// Probability with which an input of the classifier is dropped.
    pub dropout: f32,
    /// Part of each target that is spread evenly over all classes.
    #[serde(default)]
    pub label_smoothing: f64,
    /// Which logits the loss reads.
    #[serde(default)]
    pub loss: LossKind,
    /// Timesteps with which the first epochs train, where these are fewer than the network's; every test has all.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub first_timesteps: Option<usize>,
    /// The part of the epochs that has them.
    #[serde(default = "default_first_part")]
    pub first_part: f64,
    /// The last epochs, whose weights are averaged; the average is tested and kept as the model from the first of them on.
    #[serde(default)]
    pub average_epochs: usize,
    /// Over what batch norms take their statistics in training.
    #[serde(default)]
    pub norm_over: NormOver,
    /// Sharpness of the surrogate gradient of a spike, alpha of ATan (Fang et al. 2021).
    #[serde(default = "default_surrogate_alpha")]
    pub surrogate_alpha: f32,
    /// What the stem's filters are at the beginning.
    #[serde(default)]
    pub stem_init: StemInit,
    /// What batch norms normalise by in tests and in the model; in averages, always what was estimated.
    #[serde(default)]
    pub norm_statistics: NormStatistics,
    /// Part of the training images, of each class alike, that is held out to choose the epoch by, drawn by the seed.
    #[serde(default)]
    pub validation: f64,
    /// By what the kept epoch is chosen.
    #[serde(default)]
    pub choice: Choice,
    /// Ends the training after this many epochs without a better accuracy on the images that choose; never where none is given.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub patience: Option<usize>,
    /// Whether images are cropped and mirrored at random, as the next two say.
    pub augment: bool,
    /// Pixels on every side before a random crop.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub crop_padding: Option<usize>,
    /// The part of the shorter side that these are where none are given, rounded down.
    #[serde(default = "default_crop_part")]
    pub crop_part: f64,
    /// What these pixels are.
    #[serde(default)]
    pub crop_fill: Fill,
    /// Whether half of the images are mirrored, left to right.
    #[serde(default = "yes")]
    pub mirror: bool,
    /// Which half that is, in each epoch.
    #[serde(default)]
    pub flip: Flip,
    /// What batch norms scale by at the beginning, so that more or fewer neurons fire.
    #[serde(default = "default_norm_gain")]
    pub norm_gain: f32,
    /// Bits to which every forward pass rounds the weights of convolutions and linear layers; none where they are not rounded.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub weight_bits: Option<WeightBits>,
    /// Number of training images, of those not held out, every class alike, drawn by the seed; all where none is given.
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

fn default_norm_gain() -> f32 {
    1.0
}

fn default_surrogate_alpha() -> f32 {
    Lesson::PLAIN.surrogate_alpha
}

fn default_crop_part() -> f64 {
    0.125
}

fn default_first_part() -> f64 {
    0.6
}

fn default_checkpoint_minutes() -> f64 {
    10.0
}

impl Default for TrainConfig {
    fn default() -> Self {
        Self {
            epochs: 300,
            minutes: None,
            batch: 64,
            accumulate: 1,
            learning_rate: 0.1,
            final_learning_rate: 0.001,
            warmup_epochs: 0.0,
            schedule: Schedule::default(),
            optimiser: OptimiserKind::default(),
            momentum: 0.9,
            weight_decay: 5e-4,
            weight_decay_of: Decayed::default(),
            dropout: 0.5,
            label_smoothing: 0.0,
            loss: LossKind::default(),
            first_timesteps: None,
            average_epochs: 0,
            norm_over: NormOver::default(),
            surrogate_alpha: default_surrogate_alpha(),
            stem_init: StemInit::default(),
            norm_statistics: NormStatistics::default(),
            first_part: default_first_part(),
            validation: 0.0,
            choice: Choice::Test,
            patience: None,
            augment: true,
            crop_padding: None,
            crop_part: default_crop_part(),
            crop_fill: Fill::default(),
            mirror: true,
            flip: Flip::default(),
            norm_gain: 1.0,
            weight_bits: None,
            limit_train: None,
            seed: 1,
            checkpoint_minutes: default_checkpoint_minutes(),
            tensorboard: false,
            keep_checkpoint: false,
        }
    }
}

impl TrainConfig {
    /// Holds a part of the training images out to choose the epoch by; with 0, no epoch is chosen, unless the test images did.
    pub fn hold_out(&mut self, part: f64) {
        self.validation = part;
        self.choice = match self.choice {
            _ if part > 0.0 => Choice::Validation,
            Choice::Test => Choice::Test,
            Choice::Validation | Choice::Last => Choice::Last,
        };
    }

    /// Holds a tenth of the training images out where none are: what compares networks judges them by these.
    pub(crate) fn hold_some_out(&mut self) {
        if self.validation == 0.0 {
            self.hold_out(0.1);
        }
    }

    /// The weights that a network begins with: drawn by the seed, the scales of its batch norms by `norm_gain`.
    pub fn initial_weights(&self, graph: &Graph) -> Weights {
        let mut weights = Weights::initialised(graph, self.seed, 0);
        for scale in graph.parameters().into_iter().filter(|parameter| parameter.kind == ParameterKind::Scale) {
            weights.set(&scale.name, vec![self.norm_gain; scale.shape.iter().product()]);
        }
        weights
    }

    /// Over what the batch norms of a graph take their statistics: those of cells with edges back, which are computed timestep by timestep,
    /// of each timestep.
    pub fn norm_over(&self, graph: &Graph) -> NormOver {
        if graph.has_feedback() { NormOver::Timestep } else { self.norm_over }
    }

    /// What updates the weights.
    pub fn optimiser(&self) -> Optimiser {
        let optimiser = match self.optimiser {
            OptimiserKind::Sgd => Optimiser::sgd(self.momentum, self.weight_decay),
            OptimiserKind::Adam => Optimiser::adam(self.weight_decay),
            OptimiserKind::AdamW => Optimiser::adamw(self.weight_decay),
            OptimiserKind::Muon => Optimiser::muon(self.momentum, self.weight_decay),
        };
        Optimiser { decayed: self.weight_decay_of, ..optimiser }
    }

    /// Whether a training ends after this many epochs, of which one is the best so far.
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
            ("first timesteps", self.first_timesteps),
        ] {
            if let Some(value) = value.filter(|value| !(1..=MOST).contains(value)) {
                return refuse(format!("{name} {value}: give 1 to {MOST}"));
            }
        }
        if let Some(minutes) = self.minutes.filter(|minutes| !(*minutes > 0.0 && *minutes <= MOST as f64)) {
            return refuse(format!("minutes {minutes}: give a positive number up to {MOST}"));
        }
        if self.limit_train == Some(0) {
            return refuse("limit_train 0: give at least 1 image".into());
        }
        if !(self.norm_gain > 0.0 && self.norm_gain.is_finite()) {
            return refuse(format!("norm gain {}: give a positive number", self.norm_gain));
        }
        if !(self.surrogate_alpha > 0.0 && self.surrogate_alpha.is_finite()) {
            return refuse(format!("surrogate alpha {}: give a positive number", self.surrogate_alpha));
        }
        if !(0.0..=1.0).contains(&self.first_part) {
            return refuse(format!("first part {}: give 0 to 1", self.first_part));
        }
        self.check_choice()?;
        if !(0.0..1.0).contains(&self.label_smoothing) {
            return refuse(format!("label smoothing {}: give a part below 1", self.label_smoothing));
        }
        if let Some(padding) = self.crop_padding.filter(|&padding| padding > MOST_PADDING) {
            return refuse(format!("crop padding {padding}: give 0 to {MOST_PADDING}"));
        }
        if !(0.0..=1.0).contains(&self.crop_part) {
            return refuse(format!("crop part {}: give 0 to 1", self.crop_part));
        }
        let finite = |value: f64| value.is_finite() && value >= 0.0;
        if !(finite(self.learning_rate) && finite(self.final_learning_rate) && self.learning_rate > 0.0) {
            return refuse(format!(
                "learning rate {} to {}: give positive numbers",
                self.learning_rate, self.final_learning_rate
            ));
        }
        if !(0.0..=MOST as f64).contains(&self.warmup_epochs) {
            return refuse(format!("warm-up of {} epochs: give 0 to {MOST}", self.warmup_epochs));
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

    /// Whether there are images to choose an epoch by where one is chosen, and only there.
    fn check_choice(&self) -> Result<()> {
        let Self { validation, choice, patience, .. } = *self;
        if !(0.0..1.0).contains(&validation) {
            return Err(Error::invalid(format!("validation {validation}: give a part below 1, such as 0.1, or 0")));
        }
        match (choice, patience) {
            (Choice::Validation, _) if validation == 0.0 => {
                Err(Error::invalid("validation 0: there is nothing to choose an epoch by, give a part such as 0.1"))
            }
            (Choice::Test | Choice::Last, _) if validation > 0.0 => {
                let by = if choice == Choice::Test { "test images are" } else { "last epoch is" };
                Err(Error::invalid(format!(
                    "validation {validation}: it holds images out that choose nothing where the {by} taken"
                )))
            }
            (Choice::Last, Some(patience)) => Err(Error::invalid(format!(
                "patience {patience}: no image tells which epoch is the best, hold some out with a validation of 0.1"
            ))),
            _ => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

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
            TrainConfig { warmup_epochs: f64::NAN, ..TrainConfig::default() },
            TrainConfig { first_timesteps: Some(0), ..TrainConfig::default() },
            TrainConfig { norm_gain: 0.0, ..TrainConfig::default() },
            TrainConfig { surrogate_alpha: 0.0, ..TrainConfig::default() },
            TrainConfig { surrogate_alpha: f32::INFINITY, ..TrainConfig::default() },
            TrainConfig { first_part: 1.5, ..TrainConfig::default() },
            TrainConfig { warmup_epochs: -1.0, ..TrainConfig::default() },
            TrainConfig { validation: 1.0, choice: Choice::Validation, ..TrainConfig::default() },
            TrainConfig { validation: f64::NAN, choice: Choice::Validation, ..TrainConfig::default() },
            TrainConfig { choice: Choice::Validation, ..TrainConfig::default() },
            TrainConfig { validation: 0.1, ..TrainConfig::default() },
            TrainConfig { validation: 0.1, choice: Choice::Last, ..TrainConfig::default() },
            TrainConfig { choice: Choice::Last, patience: Some(3), ..TrainConfig::default() },
            TrainConfig { crop_padding: Some(usize::MAX), ..TrainConfig::default() },
            TrainConfig { crop_part: f64::NAN, ..TrainConfig::default() },
            TrainConfig { schedule: Schedule::Step { epochs: 0 }, ..TrainConfig::default() },
        ] {
            assert!(config.check().is_err(), "{config:?}");
        }
    }
}
