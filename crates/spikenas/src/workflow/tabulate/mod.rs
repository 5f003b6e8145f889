//! Trains architectures drawn at random into a table, by which scores may be judged.
//!
//! [`Tabulation`] (what is drawn, and how it is trained) -> [`draw`] (the architectures) -> [`run`] (each trained with each seed, in a run
//! folder of its own) -> `table.csv`, which [`Table`](super::correlate::Table) reads.

mod definition;
mod draw;
mod rows;
mod runner;

pub use definition::Tabulation;
pub use draw::{Drawn, draw};
pub use rows::TableRow;
pub use runner::{Training, check, run, run_task, tasks};
