//! The stages of a run on a dataset, and the folder that keeps their records.

mod config;
mod confirm;
mod estimate;
mod evaluation;
mod folder;
#[cfg(test)]
mod power_loss;
mod predict;
mod stages;
mod student;
mod tensorboard;
mod testing;

pub use config::RunConfig;
pub use estimate::{Estimate, seconds_per_score};
pub use evaluation::{EvaluationRecord, TestedModel, best_epoch};
pub use folder::RunFolder;
pub use predict::{LayerSpikes, Prediction, Vote, image_files};
pub use stages::{check_search, check_training, find, search, train};
pub use testing::{LoadedModel, keep_test, load_model, test_folder};
