use std::collections::HashSet;

use super::config::SearchConfig;
use super::evaluator::{Best, Evaluator};
use super::record::PassRecord;
use crate::progress::Progress;
use crate::random::{generator, name_key};
use crate::space::{Architecture, Cell, SearchSpace};
use crate::{Error, Result};

/// SNASNet's random search: random draws of a cell, each used for all cells.
pub(super) fn search(
    config: &SearchConfig,
    evaluator: &mut Evaluator<'_>,
    progress: &mut dyn Progress,
) -> Result<Option<(Best, Vec<PassRecord>)>> {
    let space = evaluator.problem().space.clone();
    let cells = draws(&space, config.seed, config.iterations);
    let candidates = cells.map(|cell| Architecture::repeated(cell, space.cells()));
    let mut best = None;
    let pass = evaluator.run_pass(("random search", 0), candidates, &mut best, progress)?;
    if best.is_none() && pass.candidates > 0 {
        let draws = config.iterations;
        return Err(Error::invalid(format!(
            "none of {draws} random candidates fits the budget: raise the budget or the iterations"
        )));
    }
    Ok(best.map(|best| (best, vec![pass])))
}

/// The cells that a random search draws, one after the other; none where zeroize is the only operation.
fn draws(space: &SearchSpace, seed: u64, iterations: usize) -> impl Iterator<Item = Cell> {
    let mut rng = generator(&[seed, name_key("random search")]);
    (0..iterations).map_while(move |_| space.sample_cell(&mut rng))
}

/// Number of different cells that a random search draws: each is scored once.
pub fn distinct_draws(space: &SearchSpace, seed: u64, iterations: usize) -> usize {
    draws(space, seed, iterations).collect::<HashSet<_>>().len()
}
