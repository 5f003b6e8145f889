//! Trains a network: SNASNet's recipe, one epoch after the other, each with its record and a checkpoint.

mod average;
mod checkpoint;
mod config;
mod divergence;
mod images;
mod pace;
mod record;
mod schedule;
mod timesteps;
mod trainer;

pub use average::Average;
pub use checkpoint::{Checkpoint, Learned};
pub use config::{Flip, OptimiserKind, TrainConfig};
pub use record::EpochRecord;
pub use schedule::{Position, Schedule};
pub use trainer::{TrainingSink, train};

#[cfg(test)]
mod tests;
