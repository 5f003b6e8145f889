use crate::search::SupernetConfig;
use crate::train::{NormStatistics, TrainConfig};
use crate::weights::Choice;

/// How a supernet is trained: by the recipe of the training after it, for epochs of its own, on the images that [`supernet_images`]
/// leaves it. The state after the last epoch is taken.
///
/// [`supernet_images`]: super::supernet_images
pub fn supernet_recipe(config: &TrainConfig, supernet: &SupernetConfig) -> TrainConfig {
    TrainConfig {
        epochs: supernet.epochs,
        minutes: None,
        patience: None,
        average_epochs: 0,
        norm_statistics: NormStatistics::Running,
        validation: 0.0,
        choice: Choice::Last,
        limit_train: None,
        // The engine of its paths rounds.
        weight_bits: None,
        tensorboard: false,
        ..config.clone()
    }
}

/// The settings of a training that its supernet depends on: the recipe, and which images are left to it.
pub fn supernet_settings(config: &TrainConfig, supernet: &SupernetConfig) -> TrainConfig {
    let TrainConfig { validation, choice, limit_train, weight_bits, .. } = *config;
    TrainConfig { validation, choice, limit_train, weight_bits, ..supernet_recipe(config, supernet) }
}
