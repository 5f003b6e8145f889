//! Trains a network: SNASNet's recipe, one epoch after the other, each with its record and a checkpoint.

mod checkpoint;
mod config;
mod divergence;
mod images;
mod pace;
mod record;
mod trainer;

pub use checkpoint::{Checkpoint, Learned};
pub use config::{OptimiserKind, Schedule, TrainConfig};
pub use record::EpochRecord;
pub use trainer::{TrainingSink, train};
