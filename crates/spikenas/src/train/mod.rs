//! Trains a network: a recipe, one epoch after the other, each with its record and a checkpoint.

mod average;
mod checkpoint;
mod config;
mod divergence;
mod images;
mod learning_rate;
mod pace;
mod plan;
mod recipe;
mod record;
mod said;
mod schedule;
mod stem;
mod tested;
mod timesteps;
mod trainer;

pub use crate::weights::Choice;
pub use average::Average;
pub(crate) use average::Estimate;
pub use checkpoint::{Checkpoint, Learned};
pub use config::{Flip, NormStatistics, OptimiserKind, StemInit, TrainConfig};
pub use images::Split;
pub use plan::{Amounts, Measured, measure};
pub use recipe::Recipe;
pub use record::{EpochRecord, Reached};
pub use schedule::{Position, Schedule};
pub use trainer::{TrainingSink, train};

#[cfg(test)]
mod tests;
