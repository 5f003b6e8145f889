use serde::{Deserialize, Serialize};

/// One epoch of a training: a line of `train.jsonl`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct EpochRecord {
    /// The epoch, counted from 1.
    pub epoch: usize,
    /// Its learning rate, of its last step.
    pub learning_rate: f64,
    /// Mean loss of the training images as they were seen: cross entropy, of what the training's loss reads.
    pub train_loss: f64,
    /// Their accuracy in percent.
    pub train_accuracy: f64,
    /// Mean cross entropy of the test images after the epoch.
    pub test_loss: f64,
    /// Their accuracy in percent.
    pub test_accuracy: f64,
    /// Top-5 accuracy on the test images in percent; records of early versions lack it.
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
