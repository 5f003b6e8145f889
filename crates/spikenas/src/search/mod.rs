//! The best architecture of a space under a budget.
//!
//! Three methods share one evaluation ([`Evaluator`]): it checks the budget first, scores each architecture once, and
//! writes every score to a journal, from which a killed search resumes.

mod candidates;
mod config;
mod consecutive;
mod evaluator;
mod exhaustive;
mod journal;
mod layout;
mod pace;
mod random;
mod record;
mod strategy;

pub use config::{Layout, Method, SearchConfig};
pub use evaluator::{Best, Evaluator, Problem};
pub use journal::{Journal, JournalEntry, JournalHeader};
pub use random::distinct_draws;
pub use record::{Confirmation, Degenerate, Finalist, Leader, PassRecord, SearchRecord, ShortTraining};
pub use strategy::search;

#[cfg(test)]
mod tests;
