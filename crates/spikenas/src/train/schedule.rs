use serde::{Deserialize, Serialize};

/// How the learning rate changes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase", deny_unknown_fields)]
pub enum Schedule {
    /// Half a cosine from the first learning rate towards the final one, a rate per epoch, as SNASNet's.
    #[default]
    Cosine,
    /// Half a cosine, a rate per step: the first step has the first learning rate, the last step the final one (Loshchilov and
    /// Hutter 2017).
    #[serde(rename = "cosine-per-step")]
    CosinePerStep,
    /// The first learning rate, divided by 10 every `epochs`.
    Step {
        /// Epochs at one learning rate.
        epochs: usize,
    },
    /// Always the first learning rate.
    Constant,
}

/// A step of a training.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Position {
    /// Its epoch, counted from 1.
    pub epoch: usize,
    /// The step, counted from 0 within the epoch.
    pub step: usize,
    /// Steps of an epoch.
    pub steps: usize,
}

impl Position {
    /// The last step of an epoch.
    pub fn last(epoch: usize, steps: usize) -> Self {
        Self { epoch, step: steps.saturating_sub(1), steps }
    }

    /// Steps before it.
    pub fn before(self) -> f64 {
        (self.epoch - 1) as f64 * self.steps as f64 + self.step as f64
    }
}
