use super::journal::JournalEntry;
use super::known::Known;
use crate::progress::Progress;
use crate::record::{Looks, ShardJournals};
use crate::space::Architecture;
use crate::{Result, counted};

/// What a process does where it needs scores of other shards to go on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Patience {
    /// It waits for them.
    Waits,
    /// It ends, and is to be repeated.
    Ends,
}

/// The scores of a process that does a part of a search, and what it knows of those of the others.
pub struct Part {
    journals: ShardJournals<JournalEntry>,
    patience: Patience,
    /// All that was read and written so far.
    entries: Vec<JournalEntry>,
    written: usize,
    lacking: usize,
}

impl Part {
    /// A part that knows the scores of all shards so far.
    ///
    /// Errors: those of [`ShardJournals::read_all`].
    pub fn new(mut journals: ShardJournals<JournalEntry>, patience: Patience) -> Result<Self> {
        let entries = journals.read_all()?;
        Ok(Self { journals, patience, entries, written: 0, lacking: 0 })
    }

    /// Takes what other shards have scored since then, so that it is not scored again.
    ///
    /// Errors: those of [`ShardJournals::read_all`].
    pub fn refresh(&mut self) -> Result<()> {
        self.entries.extend(self.journals.read_all()?);
        Ok(())
    }

    /// Scores that this process has computed.
    pub fn written(&self) -> usize {
        self.written
    }

    /// Scores of other shards that were not there where this one did not wait for them, over all searches.
    pub fn lacking(&self) -> usize {
        self.lacking
    }

    pub(super) fn entries(&self) -> &[JournalEntry] {
        &self.entries
    }

    pub(super) fn append(&mut self, entry: JournalEntry) -> Result<()> {
        self.journals.append(&entry)?;
        self.written += 1;
        self.entries.push(entry);
        Ok(())
    }

    pub(super) fn sync(&mut self) -> Result<()> {
        self.journals.sync()
    }

    /// Of the candidates of a pass, those of this part.
    pub(super) fn own<T: Clone>(&self, candidates: &[T]) -> Vec<T> {
        let shard = self.journals.shard();
        let own = candidates.iter().enumerate().filter(|(place, _)| shard.owns(*place, candidates.len()));
        own.map(|(_, candidate)| candidate.clone()).collect()
    }

    /// Learns the scores of the candidates of a pass from the other shards, and waits for them if that is the part's patience;
    /// whether all are known.
    ///
    /// Errors: those of [`ShardJournals::read`], a stop that was asked for.
    pub(super) fn learn(
        &mut self,
        candidates: &[&Architecture],
        known: &mut Known<'_>,
        progress: &mut dyn Progress,
    ) -> Result<bool> {
        // What others wait for.
        self.journals.sync()?;
        let shard = self.journals.shard();
        let mut looks = Looks::new();
        let mut place = 0;
        progress.begin("scores of other shards", candidates.len());
        while let Some(&candidate) = candidates.get(place) {
            if known.contains(candidate) {
                progress.advance(1, "");
                place += 1;
                continue;
            }
            let owner = shard.with_number(shard.owner(place, candidates.len()));
            let (entries, fault) = self.journals.read(owner)?;
            entries.iter().try_for_each(|entry| known.learn(entry))?;
            self.entries.extend(entries);
            if known.contains(candidate) {
                continue;
            }
            let lacking = candidates[place..].iter().filter(|candidate| !known.contains(candidate)).count();
            if self.patience == Patience::Ends {
                self.lacking += lacking;
                progress.end();
                return Ok(false);
            }
            let wrong = fault.map_or(String::new(), |fault| format!(" ({fault})"));
            let wait = format!("waiting for {} of other shards, shard {owner} first{wrong}", counted(lacking, "score"));
            if looks.is_first() {
                progress.note(&wait);
            }
            progress.advance(0, &wait);
            let own = counted(self.written, "score");
            looks.wait(progress, &format!("{own} of shard {shard} are kept; repeat it in the same folder to go on"))?;
        }
        progress.end();
        Ok(true)
    }
}
