//! How a network is trained.

use clap::Args;
use spikenas::Result;
use spikenas::graph::NetworkConfig;
use spikenas::train::TrainConfig;

use super::learning::LearningArguments;

/// How a network is trained.
#[derive(Args, Clone)]
#[command(next_help_heading = "Training")]
pub struct TrainArguments {
    /// Passes over the training images [default: by the number of images, 30 with CIFAR; 16 with the preset sample, 300 with
    /// snasnet-cifar10]
    #[arg(short = 'e', long, value_name = "N")]
    pub epochs: Option<usize>,
    /// Plan as many epochs as end in N minutes, with the search and the test, from steps that are measured
    #[arg(long, value_name = "N", conflicts_with = "epochs")]
    pub minutes: Option<f64>,
    /// End after N epochs without a better accuracy on the images that choose the epoch [default: never]
    #[arg(long, value_name = "N")]
    pub patience: Option<usize>,
    /// Write TensorBoard's event files, too, into RUN/tensorboard
    #[arg(long)]
    pub tensorboard: bool,
    /// Where to train: cpu, or wgpu (Vulkan, Metal, DirectX 12) or cuda where they are built in; search and test stay on the CPU
    #[arg(long, value_name = "NAME", default_value = "cpu")]
    pub device: String,
    #[command(flatten)]
    pub learning: LearningArguments,
}

impl TrainArguments {
    /// Changes what was given as an option, for the training of a network.
    pub fn apply(&self, config: &mut TrainConfig, network: &NetworkConfig) -> Result<()> {
        self.learning.apply(config);
        config.epochs = self.epochs.unwrap_or(config.epochs);
        config.minutes = if self.epochs.is_some() { None } else { self.minutes.or(config.minutes) };
        config.patience = self.patience.or(config.patience);
        config.tensorboard |= self.tensorboard;
        self.learning.check(config, network)
    }
}
