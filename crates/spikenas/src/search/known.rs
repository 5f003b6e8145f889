use std::collections::HashMap;

use super::journal::JournalEntry;
use crate::Result;
use crate::graph::Sizes;
use crate::score::{Score, Scorer};
use crate::space::Architecture;

/// The scores that are known of the networks of one search.
pub(super) struct Known<'a> {
    scorer: &'a dyn Scorer,
    cells: usize,
    sizes: Option<Sizes>,
    scores: HashMap<Architecture, Score>,
}

impl<'a> Known<'a> {
    /// None yet, of networks of so many cells and of sizes, where these are chosen, too.
    pub fn new(scorer: &'a dyn Scorer, cells: usize, sizes: Option<Sizes>) -> Self {
        Self { scorer, cells, sizes, scores: HashMap::new() }
    }

    /// The architecture that a candidate is scored as: where the score ignores dead edges, the one without them.
    pub fn form(&self, architecture: Architecture) -> Architecture {
        if self.scorer.ignores_dead_edges() { architecture.pruned() } else { architecture }
    }

    /// The candidate of a line of a journal; nothing where its sizes are others.
    ///
    /// Errors: another number of cells.
    pub fn candidate(&self, entry: &JournalEntry) -> Result<Option<Architecture>> {
        if entry.sizes != self.sizes {
            return Ok(None);
        }
        Ok(Some(self.form(entry.architecture.clone().with_cells(self.cells)?)))
    }

    /// Takes the score of a line of a journal, if it is of this search.
    ///
    /// Errors: another number of cells.
    pub fn learn(&mut self, entry: &JournalEntry) -> Result<()> {
        if let Some(architecture) = self.candidate(entry)? {
            let score = Score { value: entry.score.0, firing_rate: entry.firing_rate, judged: entry.judged };
            self.insert(architecture, score);
        }
        Ok(())
    }

    pub fn insert(&mut self, architecture: Architecture, score: Score) {
        self.scores.insert(architecture, score);
    }

    pub fn get(&self, architecture: &Architecture) -> Option<Score> {
        self.scores.get(architecture).copied()
    }

    pub fn contains(&self, architecture: &Architecture) -> bool {
        self.scores.contains_key(architecture)
    }

    pub fn iter(&self) -> impl Iterator<Item = (&Architecture, Score)> {
        self.scores.iter().map(|(architecture, &score)| (architecture, score))
    }
}
