use super::config::{Method, SearchConfig};
use super::evaluator::{Best, Evaluator};
use super::record::PassRecord;
use super::{consecutive, exhaustive, random};
use crate::progress::Progress;
use crate::{Error, Result};

/// Searches; returns the best candidate and the counts of each pass.
///
/// Errors: no candidate fits the budget, or none of those that do has a path from input to output and a finite score; a score
/// that is not a number, a journal that cannot be written, or a stop that was asked for.
pub fn search(
    config: &SearchConfig,
    evaluator: &mut Evaluator<'_>,
    progress: &mut dyn Progress,
) -> Result<(Best, Vec<PassRecord>)> {
    evaluator.check_feasible()?;
    let found = match config.method {
        Method::Spikenas => consecutive::search(evaluator, progress),
        Method::Random => random::search(config, evaluator, progress),
        Method::Exhaustive => exhaustive::search(evaluator, progress),
    }?;
    let nothing = "no candidate that fits connects input and output: raise the budget or allow other operations";
    let (best, passes) = found.ok_or_else(|| Error::invalid(nothing))?;
    if best.score.value == f64::NEG_INFINITY {
        let count: usize = passes.iter().map(|pass| pass.computed).sum();
        return Err(Error::invalid(format!(
            "every one of {count} candidates has a score of minus infinity, so that none is better than another: raise the widths, \
             raise the batch, or choose another score"
        )));
    }
    Ok((best, passes))
}
