use std::collections::HashMap;
use std::path::Path;

use super::config::CorrelateConfig;
use super::round::{Round, Wanted};
use super::scores::{Entry, Header, Scores};
use crate::Result;
use crate::record::{Shard, read_shards};
use crate::space::Architecture;

/// What the shards of a scoring have scored, to be taken over into one journal.
#[derive(Default)]
pub(super) struct TakenOver {
    entries: HashMap<(u64, Architecture), Vec<Entry>>,
    /// One of the shards, where there are any.
    pub shard: Option<Shard>,
}

impl TakenOver {
    /// The scores in the journals of shards beside a journal.
    ///
    /// Errors: those of [`read_shards`], another number of cells than the network's.
    pub fn read(journal: &Path, header: &Header<'_>, config: &CorrelateConfig) -> Result<Self> {
        let Some((entries, shard)) = read_shards::<Entry>(journal, header)? else { return Ok(Self::default()) };
        let mut taken = Self { entries: HashMap::new(), shard: Some(shard) };
        for entry in entries {
            let architecture = entry.architecture.clone().with_cells(config.network.cells)?;
            taken.entries.entry((entry.seed, architecture)).or_default().push(entry);
        }
        Ok(taken)
    }

    /// Takes the scores of a round over that are not known, in the order in which they are wanted.
    pub fn take(
        &mut self,
        round: &Round,
        wanted: &[Wanted],
        config: &CorrelateConfig,
        scores: &mut Scores,
        keep: &mut dyn FnMut(Entry) -> Result<()>,
    ) -> Result<()> {
        let is_of_round = |entry: &Entry| round.kinds.iter().any(|kind| entry.scores.contains_key(kind.name()));
        for wanted in wanted {
            let Some(found) = self.entries.get_mut(&(round.seed, wanted.architecture.clone())) else { continue };
            while !wanted.is_known(scores)
                && let Some(place) = found.iter().position(is_of_round)
            {
                let entry = found.remove(place);
                scores.keep(&entry, config)?;
                keep(entry)?;
            }
        }
        Ok(())
    }
}
