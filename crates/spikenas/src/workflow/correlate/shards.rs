//! Scores of a table that several processes share.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Instant;

use serde::{Deserialize, Serialize};

use super::config::CorrelateConfig;
use super::round::{Wanted, rounds};
use super::scores::{Entry, Header, Scores};
use super::scoring::check_memory;
use super::table::{Row, Table};
use super::taken_over::TakenOver;
use crate::data::Dataset;
use crate::engine::Engine;
use crate::progress::Progress;
use crate::record::{
    FORMAT_VERSION, Journal, Shard, ShardJournals, begin_record, comparable, files, list_differences, lock_folder,
    read_record, read_record_if_there, shards_folder, share_folder, write_record,
};
use crate::space::Architecture;
use crate::workflow::part::PartRecord;
use crate::{Error, Result};

/// Architectures that an error names.
const NAMED: usize = 3;

/// What the shards of a table score: `shards/table.json`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct SharedTable {
    version: u32,
    /// Name of the images.
    data: String,
    config: CorrelateConfig,
    /// The architectures of the table, in its order.
    architectures: Vec<Architecture>,
}

impl SharedTable {
    fn path(journal: &Path) -> PathBuf {
        shards_folder(journal).join("table.json")
    }

    /// Keeps what is scored, where no other shard has.
    ///
    /// Errors: another has kept something else.
    fn keep(&self, journal: &Path) -> Result<()> {
        let path = Self::path(journal);
        files::create_folder(&shards_folder(journal))?;
        begin_record(|| files::is_there(&path), || write_record(&path, self))?;
        let kept: Self = read_record(&path)?;
        let mut differences = list_differences(&comparable(&kept.config)?, &comparable(&self.config)?);
        differences.extend((kept.data != self.data).then(|| format!("data {} -> {}", kept.data, self.data)));
        differences.extend((kept.architectures != self.architectures).then(|| "other architectures".into()));
        if differences.is_empty() {
            return Ok(());
        }
        let differences = differences.join(", ");
        Err(Error::file(path, format!("other shards score something else ({differences}): choose another folder")))
    }

    fn table(&self) -> Table {
        let row = |architecture: &Architecture| Row { architecture: architecture.clone(), truth: 0.0 };
        Table { rows: self.architectures.iter().map(row).collect(), had_fractions: false }
    }
}

/// Computes a shard's part of the scores of a table, into a journal of its own beside the one into which [`merge_scores`], or
/// [`score_table`](super::score_table), takes them over. What was scored before, by whichever process, is not scored again.
///
/// Errors: settings out of range; other shards in the same place that score something else; those of [`ShardJournals::open`].
pub fn score_part(
    table: &Table,
    config: &CorrelateConfig,
    (dataset, engine): (&Dataset, &Arc<dyn Engine>),
    journal: &Path,
    shard: Shard,
    progress: &mut dyn Progress,
) -> Result<PartRecord> {
    let begin = Instant::now();
    config.check()?;
    check_memory(config, dataset, engine)?;
    let (_lock, warning) = share_folder(journal.parent().unwrap_or(Path::new(".")))?;
    warning.iter().for_each(|warning| progress.note(warning));
    let architectures = table.rows.iter().map(|row| row.architecture.clone()).collect();
    let (version, data) = (FORMAT_VERSION, dataset.name.clone());
    SharedTable { version, data, config: config.clone(), architectures }.keep(journal)?;
    let mut journals = ShardJournals::<Entry>::open(journal, shard, &Header::of(config, &dataset.name), progress)?;
    let mut scores = Scores::default();
    journals.read_all()?.iter().try_for_each(|entry| scores.keep(entry, config))?;
    let mut scored = 0;
    for round in rounds(config) {
        let wanted = round.wanted(table, config)?;
        let all = wanted.len();
        let is_own = |(place, wanted): &(usize, &Wanted)| shard.owns(*place, all) && !wanted.is_known(&scores);
        let own: Vec<Wanted> = wanted.iter().enumerate().filter(is_own).map(|(_, wanted)| wanted.clone()).collect();
        let mut keep = |entry| {
            scored += 1;
            journals.append(&entry)
        };
        let go_on = "repeat it with the same journal to go on";
        round.score(&own, config, (dataset, engine), &mut scores, (go_on, &mut keep), progress)?;
    }
    journals.sync()?;
    Ok(PartRecord::new(shard, scored, 0, begin))
}

/// Whether shards have scored a table beside a journal.
pub fn is_shared(journal: &Path) -> Result<bool> {
    files::is_there(&SharedTable::path(journal))
}

/// Takes what shards have scored over into one journal, as if one process had scored it; returns how many entries it has.
///
/// Errors: no shards; scores that are missing, which the error names; journals of other settings; another process that writes
/// here.
pub fn merge_scores(journal: &Path) -> Result<usize> {
    let folder = journal.parent().unwrap_or(Path::new("."));
    let shared: Option<SharedTable> = read_record_if_there(&SharedTable::path(journal))?;
    let nothing = || Error::file(folder, "holds no shards: there is nothing to merge");
    let shared = shared.ok_or_else(nothing)?;
    let (config, table) = (&shared.config, shared.table());
    config.check()?;
    let _lock = lock_folder(folder)?;
    let header = Header::of(config, &shared.data);
    let mut others = TakenOver::read(journal, &header, config)?;
    let mut journal = Journal::<Entry>::open(journal, &header)?;
    let mut scores = Scores::default();
    journal.entries().iter().try_for_each(|entry| scores.keep(entry, config))?;
    for round in rounds(config) {
        let wanted = round.wanted(&table, config)?;
        others.take(&round, &wanted, config, &mut scores, &mut |entry| journal.append(entry))?;
        let missing: Vec<(usize, &Wanted)> =
            wanted.iter().enumerate().filter(|(_, wanted)| !wanted.is_known(&scores)).collect();
        if let Some((place, _)) = missing.first() {
            let owner = others.shard.map(|shard| shard.with_number(shard.owner(*place, wanted.len())));
            let owner = owner.ok_or_else(nothing)?;
            let named: Vec<String> =
                missing.iter().take(NAMED).map(|(_, wanted)| format!("`{}`", wanted.architecture)).collect();
            let (name, count, all) = (round.name(), missing.len(), wanted.len());
            return Err(Error::file(
                folder,
                format!(
                    "{name}: {count} of {all} architectures have no score, the first of them {}, of shard {owner}: let it come to its end, and \
                     merge again",
                    named.join(", ")
                ),
            ));
        }
    }
    journal.sync()?;
    Ok(journal.entries().len())
}
