//! A search that several processes share: each scores its part, and one merges what they scored.

use std::sync::Arc;
use std::time::Instant;

use super::cells::prepare;
use super::config::RunConfig;
use super::finalists::compared;
use super::folder::RunFolder;
use super::stages::{Engines, find_from, header};
use crate::data::Dataset;
use crate::engine::Engine;
use crate::progress::Progress;
use crate::record::{Shard, ShardJournals};
use crate::search::{self, Evaluator, Handed, Holes, Kept, Method, Part, Patience, SearchRecord};
use crate::workflow::part::PartRecord;
use crate::{Error, Result};

/// Whether the search of a configuration can be shared.
///
/// Errors: a method that trains before it scores.
pub fn check_part(config: &RunConfig) -> Result<()> {
    match config.search.method {
        method @ Method::Supernet => Err(Error::invalid(format!(
            "method {method}: its one network of all operations is trained by one process, which takes most of its time: search without shards"
        ))),
        _ => Ok(()),
    }
}

/// Scores a shard's part of the candidates of a search, those under all limits and of all sizes that it compares, into a journal
/// of its own.
///
/// Where what is asked for next depends on scores of other shards, it waits for them, or ends. What was scored before, by
/// whichever process, is not scored again. [`merge`] makes the result.
///
/// Errors: those of [`check_part`], [`search::search_part`] and [`ShardJournals::open`].
pub fn search_part(
    config: &RunConfig,
    dataset: &Dataset,
    engine: &Arc<dyn Engine>,
    folder: &RunFolder,
    (shard, patience): (Shard, Patience),
    progress: &mut dyn Progress,
) -> Result<PartRecord> {
    check_part(config)?;
    let begin = Instant::now();
    if folder.winner(config, dataset.train.shape)?.is_some() {
        progress.note("the search was finished before");
        return Ok(PartRecord::new(shard, 0, 0, begin));
    }
    let journals = ShardJournals::open(&folder.journal_path(), shard, &header(config, dataset)?, progress)?;
    let mut kept = Some(Kept::Part(Part::new(journals, patience)?));
    for limited in config.by_limit() {
        let mut choices = limited.choices(dataset.train.shape)?;
        choices.truncate(compared(&limited, dataset)?);
        for choice in &choices {
            if let Some(layout) = &choice.search.layout {
                progress.note(&format!("sizes {}", layout.sizes_of(&choice.network)));
            }
            if let Some(Kept::Part(part)) = &mut kept {
                part.refresh()?;
            }
            let (problem, scorer) = prepare(choice, dataset, engine)?;
            let mut evaluator = Evaluator::after(problem, scorer.as_ref(), Handed { kept, ..Handed::default() })?;
            search::search_part(&choice.search, &mut evaluator, progress)?;
            kept = evaluator.hand_on().kept;
        }
    }
    let Some(Kept::Part(part)) = kept else { return Err(Error::invalid("nothing was searched")) };
    Ok(PartRecord::new(shard, part.written(), part.lacking(), begin))
}

/// Makes of the scores of a search's shards the journal and the result that one process would have made: it takes the scores
/// over, confirms the leaders and compares sizes by short trainings where the configuration says so, and keeps the result. It
/// scores no candidate.
///
/// Errors: candidates that no shard has scored, which the error names; journals of another configuration; those of
/// [`super::search()`].
pub fn merge(
    config: &RunConfig,
    dataset: &Dataset,
    engines: Engines<'_>,
    folder: &RunFolder,
    progress: &mut dyn Progress,
) -> Result<SearchRecord> {
    let record = match folder.winner(config, dataset.train.shape)? {
        Some(record) => {
            progress.note("the search was finished before");
            record
        }
        None => find_from(config, dataset, engines, None, Some(folder), Holes::Refused, progress)?,
    };
    folder.keep_search(&record, config)?;
    Ok(record)
}
