//! The best architecture of a space under a budget.
//!
//! Three methods share one evaluation ([`Evaluation`]): it checks the budget first, scores each architecture once, and
//! writes every score into a journal, from which a search that was killed goes on.

mod config;
mod consecutive;
mod evaluation;
mod exhaustive;
mod journal;
mod random;

use crate::progress::Progress;
use crate::{Error, Result};

pub use config::{Method, SearchConfig};
pub use evaluation::{Best, Evaluation, PassRecord, Problem};
pub use journal::{Journal, JournalEntry, JournalHeader};
pub use random::distinct_draws;

/// Searches; returns the best candidate and what each pass did.
///
/// Errors: no candidate fits the budget, a score that is not a number, a journal that cannot be written, or a stop that
/// was asked for.
pub fn search(
    config: &SearchConfig,
    evaluation: &mut Evaluation<'_>,
    progress: &mut dyn Progress,
) -> Result<(Best, Vec<PassRecord>)> {
    evaluation.check_feasible()?;
    match config.method {
        Method::Spikenas => consecutive::search(evaluation, progress),
        Method::Random => random::search(config, evaluation, progress),
        Method::Exhaustive => exhaustive::search(evaluation, progress),
    }?
    .ok_or_else(|| Error::invalid("the search space has no architecture that connects input and output"))
}

#[cfg(test)]
mod tests;
