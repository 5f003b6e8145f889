use super::journal::{Journal, JournalEntry};
use super::merged::Merged;
use super::part::Part;
use crate::Result;

/// Where the scores of a search are kept.
pub enum Kept {
    /// In the journal of the one process that searches.
    Journal(Journal),
    /// In the journals of several processes, each of which scores its part.
    Part(Part),
    /// In a journal that takes the scores of several processes over.
    Merged(Merged),
}

impl Kept {
    /// Scores that are known from the beginning.
    pub(super) fn entries(&self) -> &[JournalEntry] {
        match self {
            Self::Journal(journal) => journal.entries(),
            Self::Part(part) => part.entries(),
            Self::Merged(merged) => merged.entries(),
        }
    }

    /// Seconds of all scores that were computed before.
    pub fn seconds(&self) -> f64 {
        let seconds = |entries: &[JournalEntry]| entries.iter().map(|entry| entry.seconds).sum();
        match self {
            Self::Merged(merged) => merged.seconds(),
            other => seconds(other.entries()),
        }
    }

    /// How many scores a stop would leave: of a part, those that this process has computed.
    pub(super) fn count(&self) -> usize {
        match self {
            Self::Part(part) => part.written(),
            other => other.entries().len(),
        }
    }

    /// Keeps a score.
    pub(super) fn append(&mut self, entry: JournalEntry) -> Result<()> {
        match self {
            Self::Journal(journal) => journal.append(entry),
            Self::Part(part) => part.append(entry),
            Self::Merged(merged) => merged.append(entry),
        }
    }

    /// Waits until all scores are safely on the disk.
    pub(super) fn sync(&mut self) -> Result<()> {
        match self {
            Self::Journal(journal) => journal.sync(),
            Self::Part(part) => part.sync(),
            Self::Merged(merged) => merged.sync(),
        }
    }
}
