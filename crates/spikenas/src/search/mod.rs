//! The best architecture of a space under a budget.
//!
//! Strategies ask for candidates, each in a file of its own, and share one evaluation ([`Evaluator`]): it checks the budget first,
//! scores each architecture once, and writes every score to a journal, from which a killed search resumes. Several processes share a
//! search where each scores a [`Part`] of every pass into journals of its own, from which one then takes them over ([`Merged`]).

mod candidates;
mod config;
mod consecutive;
mod driver;
mod evaluator;
mod evolution;
mod exhaustive;
mod front;
mod journal;
mod kept;
mod known;
mod layout;
mod lists;
mod local;
mod merged;
mod neighbours;
mod pace;
mod part;
mod pass;
mod random;
mod record;
mod strategy;
mod supernet;
mod told;

pub use config::{Layout, Method, SearchConfig};
pub use driver::{search, search_part};
pub use evaluator::{Best, Evaluator, Handed, Problem};
pub use front::{Front, FrontPoint, Limit, Objective};
pub use journal::{Journal, JournalEntry, JournalHeader};
pub use kept::Kept;
pub use lists::Lists;
pub use merged::{Holes, Merged};
pub use part::{Part, Patience};
pub use random::distinct_draws;
pub use record::{Confirmation, Degenerate, Finalist, Leader, PassRecord, SearchRecord, ShortTraining};
pub use supernet::SupernetConfig;

#[cfg(test)]
mod tests;
