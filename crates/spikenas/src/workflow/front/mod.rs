//! The trainings of a search's several answers: those to several limits, and the candidates that no other beats in every objective.
//!
//! They lie in the folder of the search, `front/1` and so on, run folders with which everything can be done that can be done with a
//! run; `front.json` has their results.

mod points;
mod record;
mod runner;

pub use record::{FrontRecord, FrontResult};
pub use runner::{Answer, check, is_front, run, run_task, tasks};
