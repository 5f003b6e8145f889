use super::config::SearchConfig;
use super::neighbours::{drawn, neighbours};
use super::pass::Pass;
use super::strategy::Strategy;
use super::told::Told;
use crate::Result;
use crate::random::{Generator, generator, name_key};
use crate::space::{Architecture, SearchSpace};

/// Random networks, of which the best is a start.
const STARTS: usize = 10;

/// Local search (White et al., UAI 2021): from the best of a few random networks to the best of all that differ in one edge, as long
/// as that is better; then from others.
pub(super) struct Local {
    space: SearchSpace,
    random: Generator,
    /// Candidates that may still be asked for.
    left: usize,
    asked: Vec<Architecture>,
    /// Where it stands.
    place: Option<(Architecture, f64)>,
}

impl Local {
    pub fn new(space: SearchSpace, config: &SearchConfig) -> Self {
        let random = generator(&[config.seed, name_key("local search")]);
        Self { space, random, left: config.iterations, asked: Vec::new(), place: None }
    }
}

impl Strategy for Local {
    fn ask(&mut self, told: &Told<'_>) -> Result<Option<Pass>> {
        let height = self.place.take().map_or(f64::NEG_INFINITY, |(_, score)| score);
        let highest = told.highest(&self.asked).filter(|(_, score)| *score > height);
        self.place = highest.map(|(architecture, score)| (architecture.clone(), score));
        self.asked = match &self.place {
            Some((place, _)) => neighbours(place, &self.space),
            None => (0..STARTS).map_while(|_| drawn(&self.space, &mut self.random)).collect(),
        };
        self.asked.truncate(self.left);
        self.left -= self.asked.len();
        if self.asked.is_empty() {
            return Ok(None);
        }
        let later = self.left / self.asked.len();
        let candidates = Box::new(self.asked.clone().into_iter().map(Ok));
        Ok(Some(Pass { name: "local search".into(), later, is_last: self.left == 0, candidates }))
    }
}
