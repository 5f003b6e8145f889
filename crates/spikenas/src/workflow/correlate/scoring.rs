use std::path::Path;
use std::sync::Arc;

use super::config::CorrelateConfig;
use super::round::{Wanted, rounds};
use super::scores::{Entry, Header, Scores};
use super::table::Table;
use super::taken_over::TakenOver;
use crate::Result;
use crate::data::Dataset;
use crate::engine::Engine;
use crate::graph::Graph;
use crate::progress::Progress;
use crate::record::{Journal, lock_folder};
use crate::score::check_room;
use crate::space::{Architecture, Cell, Operation};

/// Computes every score of every architecture for every seed, except those in the journal and in those of shards beside it, which
/// it takes over.
///
/// Errors: settings out of range, a journal of other settings or that cannot be written, a stop that was asked for.
pub fn score_table(
    table: &Table,
    config: &CorrelateConfig,
    dataset: &Dataset,
    engine: &Arc<dyn Engine>,
    journal: Option<&Path>,
    progress: &mut dyn Progress,
) -> Result<Scores> {
    config.check()?;
    check_memory(config, dataset, engine)?;
    let header = Header::of(config, &dataset.name);
    let _lock = journal.map(|path| lock_folder(path.parent().unwrap_or(Path::new(".")))).transpose()?;
    let mut others = journal.map(|path| TakenOver::read(path, &header, config)).transpose()?.unwrap_or_default();
    let mut journal = journal.map(|path| Journal::<Entry>::open(path, &header)).transpose()?;
    journal.iter().filter_map(Journal::warning).for_each(|warning| progress.note(warning));
    let mut scores = Scores::default();
    journal.iter().flat_map(|j| j.entries()).try_for_each(|entry| scores.keep(entry, config))?;
    let go_on = match journal {
        Some(_) => "repeat it with the same journal to go on",
        None => "nothing is kept without a folder",
    };
    for round in rounds(config) {
        let mut wanted = round.wanted(table, config)?;
        let mut keep = |entry| journal.as_mut().map_or(Ok(()), |journal| journal.append(entry));
        others.take(&round, &wanted, config, &mut scores, &mut keep)?;
        wanted.retain(|wanted: &Wanted| !wanted.is_known(&scores));
        round.score(&wanted, config, (dataset, engine), &mut scores, (go_on, &mut keep), progress)?;
    }
    journal.as_mut().map_or(Ok(()), Journal::sync)?;
    Ok(scores)
}

/// Whether the memory is enough for every score of the widest network.
pub(super) fn check_memory(config: &CorrelateConfig, dataset: &Dataset, engine: &Arc<dyn Engine>) -> Result<()> {
    let widest = Architecture::repeated(Cell::uniform(Operation::Conv3x3), config.network.cells)?;
    let widest = Graph::new(&widest, &config.network, dataset.train.shape)?;
    config.scores.iter().try_for_each(|&kind| check_room(&config.of(kind, 0), engine.as_ref(), &widest))
}
