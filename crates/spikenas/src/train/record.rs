use serde::{Deserialize, Serialize};

/// One epoch of a training: a line of `train.jsonl`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct EpochRecord {
    /// The epoch, counted from 1.
    pub epoch: usize,
    /// Its learning rate, of its last step.
    pub learning_rate: f64,
    /// Mean loss of the training images as they were seen: cross entropy, of what the training's loss reads.
    pub train_loss: f64,
    /// Their accuracy in percent.
    pub train_accuracy: f64,
    /// Mean cross entropy of the images held out, after the epoch, where they choose it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub validation_loss: Option<f64>,
    /// Their accuracy in percent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub validation_accuracy: Option<f64>,
    /// Their top-5 accuracy in percent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub validation_top5_accuracy: Option<f64>,
    /// Mean cross entropy of the test images after the epoch, where they choose it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub test_loss: Option<f64>,
    /// Their accuracy in percent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub test_accuracy: Option<f64>,
    /// Their top-5 accuracy in percent; records of early versions lack it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub test_top5_accuracy: Option<f64>,
    /// Number of training images of each class, where not all were trained on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub images_per_class: Option<Vec<usize>>,
    /// Timesteps with which it trained, where some epochs have fewer than the network.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub timesteps: Option<usize>,
    /// Training images per second, without the test.
    pub images_per_second: f64,
    /// Wall-clock time with the test.
    pub seconds: f64,
}

/// What an epoch reached on the images by which epochs are chosen.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Reached {
    /// What they are called: `validation` or `test`.
    pub images: &'static str,
    /// Mean cross entropy.
    pub loss: f64,
    /// Accuracy in percent.
    pub accuracy: f64,
}

impl EpochRecord {
    /// What it reached on the images by which epochs are chosen; nothing where the last epoch is kept.
    pub fn reached(&self) -> Option<Reached> {
        let of = |images, loss: Option<f64>, accuracy: Option<f64>| {
            Some(Reached { images, loss: loss?, accuracy: accuracy? })
        };
        of("validation", self.validation_loss, self.validation_accuracy)
            .or_else(|| of("test", self.test_loss, self.test_accuracy))
    }
}
