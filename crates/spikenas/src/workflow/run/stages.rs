use std::path::Path;
use std::sync::Arc;

use super::cells::{prepare, search_cells};
use super::config::RunConfig;
use super::finalists::{compared, decide};
use super::folder::RunFolder;
use super::memory::check_peak;
use super::supernet::{Lender, lend};
use crate::data::Dataset;
use crate::engine::{Engine, check_images};
use crate::graph::Graph;
use crate::progress::Progress;
use crate::random::fingerprint;
use crate::record::{FORMAT_VERSION, read_shards};
use crate::score::{Scorer, check_room, score_batches};
use crate::search::{Evaluator, FrontPoint, Handed, Holes, Journal, JournalHeader, Kept, Merged, SearchRecord};
use crate::space::{Architecture, Cell, Kernel, Operation};
use crate::supernet::{supernet_images, supernet_recipe};
use crate::{Error, Result};

/// Whether a search can begin, so that no folder is made for one that cannot.
///
/// Errors: settings out of range, more images in a mini-batch than there are, images that do not fit the network, a budget
/// that no candidate fits, certainly too little memory.
pub fn check_search(config: &RunConfig, dataset: &Dataset, engine: &Arc<dyn Engine>) -> Result<()> {
    config.check()?;
    if config.search.supernet.is_some() {
        supernet_images(&config.train, dataset)?;
    }
    for config in config.by_limit() {
        for config in config.choices(dataset.train.shape)? {
            let (problem, scorer) = prepare(&config, dataset, engine)?;
            let heaviest = problem.graph(&heaviest(&config)?)?.0;
            if let Some(settings) = &config.search.supernet {
                check_peak(&supernet_recipe(&config.train, settings), engine.as_ref(), &heaviest, dataset)?;
            }
            check_room(&config.score, engine.as_ref(), &heaviest)?;
            Evaluator::new(problem, scorer.as_ref(), None)?.check_feasible()?;
        }
    }
    Ok(())
}

/// Whether the network of a configuration can be trained on a dataset, whatever its cells.
///
/// Errors: settings out of range, images that do not fit the network, labels that it has no class for, too little memory.
pub fn check_training(config: &RunConfig, dataset: &Dataset, engine: &dyn Engine) -> Result<()> {
    config.check()?;
    let config = &config.with_first_sizes(dataset.train.shape)?;
    let architecture = any_architecture(config)?;
    if let Some(cell) = architecture.cell_without_path() {
        return Err(Error::invalid(format!(
            "`{architecture}` has no path from input to output in cell {cell}, so that its output is the same for every image: there \
             is nothing to train"
        )));
    }
    let graph = Graph::new(&architecture, &config.network, dataset.train.shape)?;
    check_images(&graph, &dataset.train)?;
    check_images(&graph, &dataset.test)?;
    config.train.split(dataset)?;
    check_peak(&config.train, engine, &graph, dataset)
}

/// The architecture whose weights are those of all candidates together: each operation is drawn once for each edge.
fn heaviest(config: &RunConfig) -> Result<Architecture> {
    let side = |o: &&Operation| o.kernel().map_or(0, Kernel::side);
    let operation = config.search.operations.iter().max_by_key(side).copied().unwrap_or(Operation::Skip);
    Architecture::repeated(Cell::uniform(operation), config.network.cells)
}

/// One architecture of the network: its images and classes do not depend on its cells.
fn any_architecture(config: &RunConfig) -> Result<Architecture> {
    let skips = || Architecture::repeated(Cell::uniform(Operation::Skip), config.network.cells);
    config.architecture.clone().map_or_else(skips, Ok)
}

/// A fingerprint of the images that scores see.
fn images_of_scores(config: &RunConfig, dataset: &Dataset) -> Result<String> {
    let batches = score_batches(&config.score, dataset)?;
    let bits = batches.iter().flat_map(|b| &b.images).flat_map(|v| v.to_bits().to_le_bytes());
    Ok(format!("{:016x}", fingerprint(bits)))
}

/// What a search works with.
#[derive(Clone, Copy)]
pub struct Engines<'a> {
    /// Scores.
    pub cpu: &'a Arc<dyn Engine>,
    /// Trains finalists.
    pub device: &'a dyn Engine,
}

/// Searches as a configuration says; with a folder, from its journal, and keeps the result there.
pub fn search(
    config: &RunConfig,
    dataset: &Dataset,
    engines: Engines<'_>,
    folder: Option<&RunFolder>,
    progress: &mut dyn Progress,
) -> Result<SearchRecord> {
    let record = find(config, dataset, engines, folder, progress)?;
    folder.map_or(Ok(()), |f| f.keep_search(&record, config))?;
    Ok(record)
}

/// Searches as [`search()`] does, and leaves it to the caller to keep the result.
pub fn find(
    config: &RunConfig,
    dataset: &Dataset,
    engines: Engines<'_>,
    folder: Option<&RunFolder>,
    progress: &mut dyn Progress,
) -> Result<SearchRecord> {
    find_by(config, dataset, engines, None, folder, progress)
}

/// Searches as [`find`] does, by a score of the caller's own where the configuration names one.
///
/// Errors besides: a score that is named and not given, or given and not named.
pub fn find_by(
    config: &RunConfig,
    dataset: &Dataset,
    engines: Engines<'_>,
    own: Option<&dyn Scorer>,
    folder: Option<&RunFolder>,
    progress: &mut dyn Progress,
) -> Result<SearchRecord> {
    if let Some(folder) = folder
        && let Some(record) = folder.winner(config, dataset.train.shape)?
    {
        RunFolder::check_supernet(folder.path(), config)?;
        progress.note("the search was finished before");
        folder.concern_of_journal(&record).iter().for_each(|concern| progress.note(concern));
        return Ok(record);
    }
    find_from(config, dataset, engines, own, folder, Holes::Filled, progress)
}

/// Searches from the scores that a folder keeps; those of shards are taken over, and what they have not scored is scored or
/// refused.
pub(super) fn find_from(
    config: &RunConfig,
    dataset: &Dataset,
    engines: Engines<'_>,
    own: Option<&dyn Scorer>,
    folder: Option<&RunFolder>,
    holes: Holes,
    progress: &mut dyn Progress,
) -> Result<SearchRecord> {
    match (&config.score.own, own) {
        (Some(name), None) => {
            return Err(Error::invalid(format!(
                "score {name}: it is not one of the library's, and only whoever has it can go on with its search"
            )));
        }
        (None, Some(_)) => return Err(Error::invalid("a score of one's own needs a name")),
        _ => {}
    }
    let images = config.search.supernet.is_some().then(|| supernet_images(&config.train, dataset)).transpose()?;
    let lender = match (&config.search.supernet, &images) {
        (Some(settings), Some(images)) => Some(lend(config, settings, images, engines.cpu.as_ref(), folder, progress)?),
        _ => None,
    };
    let header = JournalHeader {
        supernet: lender.as_ref().map(|lender| lender.record.weights.clone()),
        ..header(config, dataset)?
    };
    let kept = folder.map(|folder| open_kept(folder, &header, holes)).transpose()?;
    let lent = lender.as_ref().map(Lender::scorer);
    let given = lent.as_deref().or(own);
    let scored = kept.as_ref().map_or(0.0, Kept::seconds);
    let before = scored + lender.as_ref().map_or(0.0, Lender::seconds);
    let mut handed = Handed { kept, ..Handed::default() };
    let limits = config.by_limit();
    let mut answers = Vec::with_capacity(limits.len());
    for (index, limited) in limits.iter().enumerate() {
        if limits.len() > 1 {
            progress.note(&format!("limit {} of {}: {}", index + 1, limits.len(), limited.search.limit()));
        }
        let finalists = folder.map(|folder| folder.finalists_path(index));
        let (record, next) = answer(limited, dataset, engines, given, handed, finalists.as_deref(), progress)?;
        handed = next;
        answers.push(record);
    }
    together(config, answers, before)
}

/// The scores that a folder keeps.
fn open_kept(folder: &RunFolder, header: &JournalHeader, holes: Holes) -> Result<Kept> {
    let path = folder.journal_path();
    let shards = read_shards(&path, header)?;
    if holes == Holes::Refused && shards.is_none() {
        return Err(Error::file(folder.path(), "holds no shards of a search: there is nothing to merge"));
    }
    let journal = Journal::open(&path, header)?;
    Ok(match shards {
        Some(shards) => Kept::Merged(Merged::new(journal, folder.path().to_path_buf(), shards, holes)),
        None => Kept::Journal(journal),
    })
}

/// The first line of the journal of a search, but for the weights that its candidates inherit.
pub(super) fn header(config: &RunConfig, dataset: &Dataset) -> Result<JournalHeader> {
    Ok(JournalHeader {
        version: FORMAT_VERSION,
        data: config.data.source.name().into(),
        images: images_of_scores(config, dataset)?,
        input: dataset.train.shape,
        network: config.network.clone(),
        score: config.score.clone(),
        search: config.search.clone(),
        supernet: None,
    })
}

/// The answers to all limits of a search as one record, that of the first, whose time is that of all and of the scores before.
fn together(config: &RunConfig, mut answers: Vec<SearchRecord>, before: f64) -> Result<SearchRecord> {
    let seconds = before + answers.iter().map(|answer| answer.seconds).sum::<f64>();
    let points: Vec<FrontPoint> = answers.iter_mut().flat_map(|answer| std::mem::take(&mut answer.front)).collect();
    let objectives = config.search.front.as_ref().map_or(&[][..], |front| &front.objectives);
    let front = FrontPoint::non_dominated(points, objectives, config.search.scope);
    let mut answers = answers.into_iter();
    let first = answers.next().ok_or_else(|| Error::invalid("nothing was searched"))?;
    Ok(SearchRecord { seconds, answers: answers.collect(), front, ..first })
}

/// The answer to one limit, from what searches before it have handed on, by the scorer that is given or that of the
/// configuration; returns what it hands on to the next, too.
fn answer(
    config: &RunConfig,
    dataset: &Dataset,
    engines: Engines<'_>,
    given: Option<&dyn Scorer>,
    mut handed: Handed,
    finalists: Option<&Path>,
    progress: &mut dyn Progress,
) -> Result<(SearchRecord, Handed)> {
    let mut choices = config.choices(dataset.train.shape)?;
    let (there, compared) = (choices.len(), compared(config, dataset)?);
    if compared < there && config.search.layout.as_ref().is_some_and(|layout| layout.lists.combinations() > 1) {
        progress.note(&format!(
            "warning: short trainings in a quarter of the training's work compare {compared} of {there} settings: train more epochs to \
             compare them all"
        ));
    }
    choices.truncate(compared);
    let mut found = Vec::with_capacity(choices.len());
    for (number, choice) in (1..).zip(&choices) {
        if let Some(layout) = &config.search.layout {
            let (all, sizes) = (choices.len(), layout.sizes_of(&choice.network));
            progress.note(&format!("sizes {number} of {all}: {sizes}"));
            // Those that were met had other sizes.
            handed.met.clear();
        }
        let (record, next) = search_cells(choice, dataset, engines.cpu, given, handed, progress)?;
        handed = next;
        found.push(record);
    }
    let record = match config.search.layout {
        None => found.pop().ok_or_else(|| Error::invalid("nothing was searched"))?,
        Some(_) => decide(config, found, dataset, engines.device, finalists, progress)?,
    };
    Ok((record, handed))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cost::Ledger;
    use crate::engine::cpu::Cpu;
    use crate::progress::Silent;
    use crate::score::{Listener, Score};

    /// Few parameters.
    struct Thrift;

    impl Scorer for Thrift {
        fn score_each(&self, graphs: &[Graph], listener: &mut dyn Listener) -> Result<()> {
            for (index, graph) in graphs.iter().enumerate() {
                let parameters = Ledger::new(graph).count().network;
                listener.scored(index, Score { value: -(parameters as f64), ..Score::default() })?;
            }
            Ok(())
        }

        fn ignores_dead_edges(&self) -> bool {
            true
        }
    }

    #[test]
    fn a_score_of_the_caller_s_own_searches_where_it_is_named_and_nobody_else_goes_on() {
        let dataset = Dataset::open(&crate::data::Source::Sample, "data".as_ref()).unwrap();
        let mut config = RunConfig::of_sample();
        config.score.own = Some("thrift".into());
        let cpu: Arc<dyn Engine> = Arc::new(Cpu);
        let engines = Engines { cpu: &cpu, device: cpu.as_ref() };
        let found = find_by(&config, &dataset, engines, Some(&Thrift), None, &mut Silent).unwrap();
        assert_eq!(found.score.0, -(found.parameters.network as f64));
        assert!(found.architecture.cell_without_path().is_none() && found.confirmation.is_some());
        let message = find(&config, &dataset, engines, None, &mut Silent).unwrap_err().to_string();
        assert!(message.starts_with("score thrift: it is not one of the library's"), "{message}");
        config.score.own = None;
        assert!(find_by(&config, &dataset, engines, Some(&Thrift), None, &mut Silent).is_err());
    }
}
