use std::collections::HashMap;
use std::path::PathBuf;

use super::journal::{Journal, JournalEntry};
use super::known::Known;
use crate::graph::Sizes;
use crate::record::Shard;
use crate::space::Architecture;
use crate::{Error, Result};

/// Architectures and shards that an error names.
const NAMED: usize = 3;

/// What becomes of candidates that no shard has scored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Holes {
    /// They are an error.
    Refused,
    /// They are scored.
    Filled,
}

/// A journal that takes the scores of several processes over.
pub struct Merged {
    journal: Journal,
    /// The folder of the search.
    folder: PathBuf,
    scored: Vec<JournalEntry>,
    /// One of the shards that there are.
    shard: Shard,
    holes: Holes,
}

impl Merged {
    /// The journal of a search in a folder, what its shards have scored, and one of these.
    pub fn new(journal: Journal, folder: PathBuf, (scored, shard): (Vec<JournalEntry>, Shard), holes: Holes) -> Self {
        Self { journal, folder, scored, shard, holes }
    }

    /// What becomes of candidates that no shard has scored.
    pub(super) fn holes(&self) -> Holes {
        self.holes
    }

    pub(super) fn entries(&self) -> &[JournalEntry] {
        self.journal.entries()
    }

    /// Seconds of all scores, whether the journal has them already or not, each once.
    pub(super) fn seconds(&self) -> f64 {
        let (mut counted, mut seconds) = (HashMap::<&Architecture, Vec<Option<Sizes>>>::new(), 0.0);
        for entry in self.journal.entries().iter().chain(&self.scored) {
            let sizes = counted.entry(&entry.architecture).or_default();
            if !sizes.contains(&entry.sizes) {
                sizes.push(entry.sizes);
                seconds += entry.seconds;
            }
        }
        seconds
    }

    pub(super) fn append(&mut self, entry: JournalEntry) -> Result<()> {
        self.journal.append(entry)
    }

    pub(super) fn sync(&mut self) -> Result<()> {
        self.journal.sync()
    }

    /// The scores of the shards by candidate, those of one search.
    pub(super) fn scored(&self, known: &Known<'_>) -> Result<HashMap<Architecture, JournalEntry>> {
        let with_candidate = |entry: &JournalEntry| {
            let candidate = known.candidate(entry).transpose()?;
            Some(candidate.map(|candidate| (candidate, entry.clone())))
        };
        self.scored.iter().filter_map(with_candidate).collect()
    }

    /// What to say of candidates of a pass that no shard has scored, each with its place among all.
    pub(super) fn hole(&self, pass: &str, candidates: usize, missing: &[(usize, &Architecture)]) -> Error {
        let mut shards: Vec<usize> = missing.iter().map(|(place, _)| self.shard.owner(*place, candidates)).collect();
        shards.sort_unstable();
        shards.dedup();
        let word = if shards.len() == 1 { "shard" } else { "shards" };
        let (shards, of) = (listed(shards), self.shard.count());
        let architectures = listed(missing.iter().map(|(_, architecture)| format!("`{architecture}`")).collect());
        let count = missing.len();
        Error::file(
            &self.folder,
            format!(
                "{pass}: {count} of {candidates} candidates have no score ({architectures}), those of {word} {shards} of {of}: let \
                 them come to their end, and merge again"
            ),
        )
    }
}

/// The first few of a list, and how many more there are.
fn listed<T: ToString>(all: Vec<T>) -> String {
    let more = all.len().saturating_sub(NAMED);
    let shown: Vec<String> = all.iter().take(NAMED).map(T::to_string).collect();
    if more > 0 { format!("{} and {more} more", shown.join(", ")) } else { shown.join(", ") }
}
