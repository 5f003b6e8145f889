//! The stages of a run on a dataset, and the folder that keeps their records.

mod config;
mod confirm;
mod folder;
mod stages;
mod tensorboard;
mod testing;

pub use config::RunConfig;
pub use folder::RunFolder;
pub use stages::{check_search, check_training, search, train};
pub use testing::{load_model, test, test_folder};
