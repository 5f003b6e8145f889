use std::collections::HashSet;

use super::config::SearchConfig;
use super::pass::Pass;
use super::strategy::Strategy;
use super::told::Told;
use crate::Result;
use crate::random::{generator, name_key};
use crate::space::{Architecture, Cell, SearchSpace};

/// SNASNet's random search: random draws of a cell, each used for all cells.
pub(super) struct Random {
    space: SearchSpace,
    seed: u64,
    /// Draws, until they were asked for.
    draws: Option<usize>,
}

impl Random {
    pub fn new(space: SearchSpace, config: &SearchConfig) -> Self {
        Self { space, seed: config.seed, draws: Some(config.iterations) }
    }
}

impl Strategy for Random {
    fn ask(&mut self, _: &Told<'_>) -> Result<Option<Pass>> {
        let Some(count) = self.draws.take() else { return Ok(None) };
        let cells = self.space.cells();
        let drawn = draws(self.space.clone(), self.seed, count);
        let candidates = Box::new(drawn.map(move |cell| Architecture::repeated(cell, cells)));
        Ok(Some(Pass { name: "random search".into(), later: 0, is_last: true, candidates }))
    }
}

/// The cells that a random search draws, one after the other; none where zeroize is the only operation.
fn draws(space: SearchSpace, seed: u64, iterations: usize) -> impl Iterator<Item = Cell> {
    let mut rng = generator(&[seed, name_key("random search")]);
    (0..iterations).map_while(move |_| space.sample_cell(&mut rng))
}

/// Number of different cells that a random search draws: each is scored once.
pub fn distinct_draws(space: &SearchSpace, seed: u64, iterations: usize) -> usize {
    draws(space.clone(), seed, iterations).collect::<HashSet<_>>().len()
}
