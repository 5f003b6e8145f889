use std::collections::VecDeque;

use super::config::SearchConfig;
use super::neighbours::{drawn, mutated};
use super::pass::Pass;
use super::strategy::Strategy;
use super::told::Told;
use crate::Result;
use crate::random::{Generator, RngExt, generator, name_key};
use crate::space::{Architecture, SearchSpace};

/// Networks that live at a time.
const POPULATION: usize = 50;
/// Of how many, drawn at random, the best is a parent.
const TOURNAMENT: usize = 10;
/// Children that are scored together; as many of the oldest die.
const GENERATION: usize = 10;
/// How often a child that is known already is made anew.
const TRIES: usize = 20;

/// Ageing evolution (Real et al., AAAI 2019): the best of a few at random is a parent, whose child differs in one edge; with several
/// cells, every second child takes each of them from one of two parents first. The oldest die, whatever they score.
pub(super) struct Evolution {
    space: SearchSpace,
    random: Generator,
    /// Candidates that may still be asked for.
    left: usize,
    asked: Vec<Architecture>,
    population: VecDeque<(Architecture, f64)>,
}

impl Evolution {
    pub fn new(space: SearchSpace, config: &SearchConfig) -> Self {
        let random = generator(&[config.seed, name_key("evolution")]);
        Self { space, random, left: config.iterations, asked: Vec::new(), population: VecDeque::new() }
    }

    fn parent(&mut self) -> Option<Architecture> {
        let mut best: Option<&(Architecture, f64)> = None;
        for _ in 0..TOURNAMENT.min(self.population.len()) {
            let one = &self.population[self.random.random_range(0..self.population.len())];
            if best.is_none_or(|best| one.1 > best.1) {
                best = Some(one);
            }
        }
        best.map(|(architecture, _)| architecture.clone())
    }

    fn child(&mut self) -> Option<Architecture> {
        let Some(mut child) = self.parent() else { return drawn(&self.space, &mut self.random) };
        if self.space.cells() > 1 && self.random.random_bool(0.5) {
            let other = self.parent()?;
            for (index, &cell) in other.cells().iter().enumerate() {
                if self.random.random_bool(0.5) {
                    child = child.with_cell(index, cell);
                }
            }
        }
        Some(mutated(&child, &self.space, &mut self.random).unwrap_or(child))
    }

    /// A child that was not scored yet, where one is found soon.
    fn new_child(&mut self, told: &Told<'_>) -> Option<Architecture> {
        let mut child = self.child()?;
        for _ in 1..TRIES {
            if told.score(&child).is_none() && !self.asked.contains(&child) {
                break;
            }
            child = self.child()?;
        }
        Some(child)
    }
}

impl Strategy for Evolution {
    fn ask(&mut self, told: &Told<'_>) -> Result<Option<Pass>> {
        let is_first = self.asked.is_empty();
        // What does not fit is not born.
        let born = self.asked.drain(..).filter_map(|candidate| told.score(&candidate).map(|score| (candidate, score)));
        self.population.extend(born);
        let dying = self.population.len().saturating_sub(POPULATION);
        self.population.drain(..dying);
        let count = self.left.min(if is_first { POPULATION } else { GENERATION });
        for _ in 0..count {
            let Some(child) = self.new_child(told) else { break };
            self.asked.push(child);
        }
        self.left -= self.asked.len();
        if self.asked.is_empty() {
            return Ok(None);
        }
        let candidates = Box::new(self.asked.clone().into_iter().map(Ok));
        let (later, is_last) = (self.left / GENERATION, self.left == 0);
        Ok(Some(Pass { name: "evolution".into(), later, is_last, candidates }))
    }
}
