//! How well each method of a search finds the best, replayed on a table of trained architectures.
//!
//! A [`Table`](super::correlate::Table) stands for scoring: a candidate's score is what the table has of it. What is told is the truth of the
//! best candidate so far, after so many evaluations.

mod lookup;
mod record;
mod runner;

pub use record::{ReplayConfig, ReplayRecord, Replayed};
pub use runner::replay;
