use super::config::{Method, SearchConfig};
use super::consecutive::Consecutive;
use super::evaluator::{Best, Evaluator};
use super::evolution::Evolution;
use super::exhaustive::Exhaustive;
use super::local::Local;
use super::random::Random;
use super::record::PassRecord;
use super::strategy::Strategy;
use super::told::Told;
use crate::progress::Progress;
use crate::space::SearchSpace;
use crate::{Error, Result};

fn strategy(config: &SearchConfig, space: SearchSpace) -> Result<Box<dyn Strategy>> {
    Ok(match config.method {
        Method::Spikenas => Box::new(Consecutive::new(&space)?),
        Method::Random => Box::new(Random::new(space, config)),
        Method::Exhaustive => Box::new(Exhaustive::new(&space)?),
        Method::Evolution | Method::Supernet => Box::new(Evolution::new(space, config)),
        Method::Local => Box::new(Local::new(space, config)),
    })
}

/// Scores a shard's part of the candidates of a search, as far as it comes: what the candidates of the next pass depend on are
/// the scores of all shards, but the last pass waits for nothing.
///
/// Errors: those of [`search`], but for those of its result.
pub fn search_part(config: &SearchConfig, evaluator: &mut Evaluator<'_>, progress: &mut dyn Progress) -> Result<()> {
    run_passes(config, evaluator, progress)?;
    evaluator.sync_journal()
}

/// Scores what the strategy asks for; returns the best candidate so far, too.
fn run_passes(
    config: &SearchConfig,
    evaluator: &mut Evaluator<'_>,
    progress: &mut dyn Progress,
) -> Result<(Option<Best>, Vec<PassRecord>)> {
    evaluator.check_feasible()?;
    let mut strategy = strategy(config, evaluator.problem().space.clone())?;
    let (mut best, mut passes, mut last) = (None, Vec::<PassRecord>::new(), None);
    while let Some(pass) = strategy.ask(&Told::new(evaluator, best.as_ref()))? {
        let goes_on = last.as_ref() == Some(&pass.name);
        last = Some(pass.name.clone());
        let record = evaluator.run_pass(pass, !goes_on, &mut best, progress)?;
        match passes.last_mut().filter(|_| goes_on) {
            Some(last) => last.add(&record),
            None => passes.push(record),
        }
        if evaluator.is_lacking() {
            break;
        }
    }
    Ok((best, passes))
}

/// Searches; returns the best candidate and the counts of each pass.
///
/// Errors: no candidate fits the budget, or none of those that do has a path from input to output and a finite score; a score
/// that is not a number, a journal that cannot be written, scores of shards that are missing where they are merged, or a stop
/// that was asked for.
pub fn search(
    config: &SearchConfig,
    evaluator: &mut Evaluator<'_>,
    progress: &mut dyn Progress,
) -> Result<(Best, Vec<PassRecord>)> {
    let (mut best, passes) = run_passes(config, evaluator, progress)?;
    if let Some(better) = evaluator.better_of_earlier(best.as_ref())? {
        best = Some(better);
    }
    let drawn: usize = passes.iter().map(|pass| pass.candidates).sum();
    let best = best.ok_or_else(|| {
        if config.method.draws() && drawn > 0 {
            return Error::invalid(format!(
                "none of {drawn} random candidates fits the budget: raise the budget or the iterations"
            ));
        }
        Error::invalid("no candidate that fits connects input and output: raise the budget or allow other operations")
    })?;
    if best.score.value == f64::NEG_INFINITY {
        let count: usize = passes.iter().map(|pass| pass.computed).sum();
        return Err(Error::invalid(format!(
            "every one of {count} candidates has a score of minus infinity, so that none is better than another: raise the widths, \
             raise the batch, or choose another score"
        )));
    }
    Ok((best, passes))
}
