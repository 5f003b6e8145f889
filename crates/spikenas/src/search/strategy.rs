use super::config::{Method, SearchConfig};
use super::evaluator::{Best, Evaluator};
use super::record::PassRecord;
use super::{consecutive, exhaustive, random};
use crate::progress::Progress;
use crate::{Error, Result};

/// Searches; returns the best candidate and the counts of each pass.
///
/// Errors: no candidate fits the budget, a score that is not a number, a journal that cannot be written, or a stop that
/// was asked for.
pub fn search(
    config: &SearchConfig,
    evaluator: &mut Evaluator<'_>,
    progress: &mut dyn Progress,
) -> Result<(Best, Vec<PassRecord>)> {
    evaluator.check_feasible()?;
    match config.method {
        Method::Spikenas => consecutive::search(evaluator, progress),
        Method::Random => random::search(config, evaluator, progress),
        Method::Exhaustive => exhaustive::search(evaluator, progress),
    }?
    .ok_or_else(|| Error::invalid("the search space has no architecture that connects input and output"))
}
