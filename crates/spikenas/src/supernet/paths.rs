use std::collections::HashMap;

use super::tensors::Choice;
use crate::random::{generator, name_key};
use crate::space::{Architecture, SearchSpace};
use crate::{Error, Result};

/// Random paths through a supernet, each drawn for its number alone.
#[derive(Clone, Debug)]
pub struct Paths {
    space: SearchSpace,
    seed: u64,
}

impl Paths {
    /// The paths of a space for a seed.
    pub fn new(space: SearchSpace, seed: u64) -> Self {
        Self { space, seed }
    }

    /// The space.
    pub fn space(&self) -> &SearchSpace {
        &self.space
    }

    /// The path of a step: each cell uniform among those with a path from input to output, without what is on none.
    ///
    /// Errors: no operation connects.
    pub fn of_step(&self, step: u64) -> Result<Architecture> {
        self.draw("supernet path", step)
    }

    /// A path for the mean of the spikes, which no step trains on purpose.
    ///
    /// Errors: no operation connects.
    pub fn of_sample(&self, number: u64) -> Result<Architecture> {
        self.draw("supernet sample", number)
    }

    fn draw(&self, purpose: &str, number: u64) -> Result<Architecture> {
        let mut rng = generator(&[self.seed, name_key(purpose), number]);
        let cells = (0..self.space.cells()).map(|_| self.space.sample_connected_cell(&mut rng));
        let cells = cells.collect::<Option<Vec<_>>>();
        Architecture::new(cells.ok_or_else(|| Error::invalid("no operation of the space connects input and output"))?)
    }
}

/// How many steps each operation of an edge has been on the path.
#[derive(Clone, Debug, Default)]
pub(super) struct Counts(HashMap<Choice, u64>);

impl Counts {
    /// The counts after so many steps. The paths alone tell them.
    pub fn after(steps: u64, paths: &Paths) -> Result<Self> {
        let mut counts = Self::default();
        for step in 0..steps {
            counts.add(&paths.of_step(step)?);
        }
        Ok(counts)
    }

    /// Counts a step on a path.
    pub fn add(&mut self, path: &Architecture) {
        for (cell, operations) in path.cells().iter().enumerate() {
            for choice in Choice::all(cell, operations) {
                *self.0.entry(choice).or_default() += 1;
            }
        }
    }

    /// The steps of an operation.
    pub fn of(&self, choice: &Choice) -> u64 {
        self.0.get(choice).copied().unwrap_or(0)
    }
}
