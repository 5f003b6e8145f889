use super::evaluator::{Best, Evaluator};
use crate::space::Architecture;

/// What a strategy is told: what became of the candidates that it asked for.
pub(super) struct Told<'a> {
    evaluator: &'a Evaluator<'a>,
    best: Option<&'a Best>,
}

impl<'a> Told<'a> {
    pub fn new(evaluator: &'a Evaluator<'a>, best: Option<&'a Best>) -> Self {
        Self { evaluator, best }
    }

    /// The best so far.
    pub fn best(&self) -> Option<&'a Architecture> {
        self.best.map(|best| &best.architecture)
    }

    /// The score of a candidate; nothing where it was not asked for, or does not fit.
    pub fn score(&self, architecture: &Architecture) -> Option<f64> {
        self.evaluator.met_score(architecture)
    }

    /// Of some candidates the one with the highest score, of equal ones the first, with it; nothing where none fits.
    pub fn highest<'b>(
        &self,
        candidates: impl IntoIterator<Item = &'b Architecture>,
    ) -> Option<(&'b Architecture, f64)> {
        let scored = candidates.into_iter().filter_map(|candidate| Some((candidate, self.score(candidate)?)));
        scored.reduce(|best, other| if other.1 > best.1 { other } else { best })
    }
}
