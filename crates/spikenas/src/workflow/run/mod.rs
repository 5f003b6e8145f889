//! The stages of a run on a dataset, and the folder that keeps their records.

mod cells;
mod config;
mod confirm;
mod estimate;
mod evaluation;
mod finalists;
mod folder;
mod integers;
mod memory;
mod own_model;
mod plan;
mod predict;
mod stages;
mod student;
mod supernet;
mod supernet_files;
mod tensorboard;
mod testing;
mod training;
mod training_files;
mod tuning;

pub use config::{Lineage, RunConfig};
pub use estimate::{Estimate, seconds_per_score};
pub use evaluation::{EvaluationRecord, TestedModel, best_epoch};
pub use finalists::plan_finalists;
pub use folder::RunFolder;
pub use integers::{LoadedIntegers, QuantiseRecord, for_device, quantise};
pub use plan::{adopt_plan, plan};
pub use predict::{LayerSpikes, Prediction, Vote, image_files};
pub use stages::{Engines, check_search, check_training, find, search};
pub(super) use supernet::kept as kept_supernet;
pub use testing::{LoadedModel, keep_test, load_model, test_folder};
pub use training::{check_start, reschedule, train};
pub use training_files::TrainingEnd;
pub use tuning::tune;
