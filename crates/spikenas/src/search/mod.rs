//! The best architecture of a space under a budget.
//!
//! Strategies ask for candidates, each in a file of its own, and share one evaluation ([`Evaluator`]): it checks the budget first,
//! scores each architecture once, and writes every score to a journal, from which a killed search resumes.

mod candidates;
mod config;
mod consecutive;
mod driver;
mod evaluator;
mod evolution;
mod exhaustive;
mod front;
mod journal;
mod layout;
mod lists;
mod local;
mod neighbours;
mod pace;
mod pass;
mod random;
mod record;
mod strategy;
mod supernet;
mod told;

pub use config::{Layout, Method, SearchConfig};
pub use driver::search;
pub use evaluator::{Best, Evaluator, Handed, Problem};
pub use front::{Front, FrontPoint, Limit, Objective};
pub use journal::{Journal, JournalEntry, JournalHeader};
pub use lists::Lists;
pub use random::distinct_draws;
pub use record::{Confirmation, Degenerate, Finalist, Leader, PassRecord, SearchRecord, ShortTraining};
pub use supernet::SupernetConfig;

#[cfg(test)]
mod tests;
