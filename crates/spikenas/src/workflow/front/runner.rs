use std::path::{Path, PathBuf};

use serde::Serialize;

use super::points::{Point, points};
use super::record::{FrontRecord, FrontResult};
use crate::cost::Operations;
use crate::data::Dataset;
use crate::progress::Progress;
use crate::record::{FORMAT_VERSION, files, read_record_if_there, write_record};
use crate::search::{Limit, SearchRecord};
use crate::space::Architecture;
use crate::workflow::run::{self, Engines, Finished, RunConfig, RunFolder, best_epoch};
use crate::workflow::task::Task;
use crate::{Error, Result, counted};

/// Whether a search answers more than one question: several limits, or objectives.
pub fn is_front(config: &RunConfig) -> bool {
    config.architecture.is_none() && config.search.front.is_some()
}

/// Whether the networks that a search answers can be trained, before anything is written.
///
/// Errors: a search with one answer; epochs planned from minutes; those of [`run::check_training`].
pub fn check(config: &RunConfig, dataset: &Dataset, engines: Engines<'_>) -> Result<()> {
    if !is_front(config) {
        return Err(Error::invalid("its search has one answer and no front: give several budgets or objectives"));
    }
    run::check_epochs_given(&config.train)?;
    config.by_limit().iter().try_for_each(|config| run::check_training(config, dataset, engines.device))
}

/// Trains each network that a finished search answers, the smallest first, in `front/NUMBER` in its folder, tests it, and reports the record
/// as it grows, and at least once. What was done before, by this process or an earlier one, is not done again.
///
/// Errors: those of [`check`] and [`run::finish`]; a folder below with another configuration.
#[allow(clippy::too_many_arguments, reason = "a search, its images, its engines, its place")]
pub fn run(
    config: &RunConfig,
    search: &SearchRecord,
    dataset: &Dataset,
    engines: Engines<'_>,
    folder: &RunFolder,
    progress: &mut dyn Progress,
    report: &mut dyn FnMut(&FrontRecord, &mut dyn Progress) -> Result<()>,
) -> Result<FrontRecord> {
    check(config, dataset, engines)?;
    let points = points(config, search, folder.path())?;
    let mut record = FrontRecord {
        version: FORMAT_VERSION,
        program: env!("CARGO_PKG_VERSION").into(),
        data: config.data.source.label(),
        scope: config.search.scope,
        networks: points.len(),
        results: Vec::new(),
    };
    let path = folder.path().join("front.json");
    let before: Option<FrontRecord> = read_record_if_there(&path)?;
    let mut is_told = false;
    files::create_folder(&folder.answers_path())?;
    let runs = points.iter().enumerate().map(|(index, point)| open(point, folder.path(), &place(index), progress));
    // All of them first: one that cannot be ends the rest before anything long begins.
    let runs = runs.collect::<Result<Vec<RunFolder>>>()?;
    for (index, (point, run)) in points.iter().zip(&runs).enumerate() {
        let (number, of, place) = (index + 1, points.len(), place(index));
        let limits: Vec<String> = point.limits.iter().rev().map(ToString::to_string).collect();
        let answers = if limits.is_empty() { "no other beats it".into() } else { limits.join(" and ") };
        progress.note(&format!("network {number} of {of} ({answers}): {}", point.architecture));
        let is_this = |result: &&FrontResult| {
            result.folder == place && result.architecture == point.architecture && result.limits == point.limits
        };
        let known = before.iter().flat_map(|before| &before.results).find(is_this).cloned();
        let is_new = known.is_none();
        record.results.push(known.map_or_else(|| train(point, dataset, engines, run, place, progress), Ok)?);
        if is_new {
            write_record(&path, &record)?;
            report(&record, progress)?;
        }
        is_told = is_new;
    }
    if !is_told {
        // The process that trained the last may have been killed before its report.
        write_record(&path, &record)?;
        report(&record, progress)?;
    }
    progress.note(&format!("{} trained", counted(points.len(), "network")));
    Ok(record)
}

/// One network of a front.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Answer {
    /// Its architecture.
    pub architecture: Architecture,
    /// The limits that it answers, the largest first; none where it is a candidate that no other beats.
    pub limits: Vec<Limit>,
}

/// The trainings of all networks that a finished search in a folder answers, the smallest first, done or not.
///
/// Errors: a record that cannot be read.
pub fn tasks(config: &RunConfig, search: &SearchRecord, folder: &Path) -> Result<Vec<Task<Answer>>> {
    let points = points(config, search, folder)?.into_iter().enumerate();
    Task::list(points.map(|(index, Point { architecture, limits, .. })| {
        (Answer { architecture, limits }, folder.join(place(index)))
    }))
}

/// Does one of these trainings, of the number that [`tasks`] gives it: several processes, on several machines, may each do
/// others. What is done is not done again, and what was begun goes on; [`run()`] then makes the record.
///
/// Errors: those of [`run()`]; a number that is none of a task; another process at the same task.
pub fn run_task(
    config: &RunConfig,
    search: &SearchRecord,
    dataset: &Dataset,
    engines: Engines<'_>,
    folder: &RunFolder,
    number: usize,
    progress: &mut dyn Progress,
) -> Result<Task<Answer>> {
    check(config, dataset, engines)?;
    let mut task = Task::of(tasks(config, search, folder.path())?, number)?;
    let point = &points(config, search, folder.path())?[number - 1];
    files::create_folder(&folder.answers_path())?;
    let place = place(number - 1);
    let run = open(point, folder.path(), &place, progress)?;
    task.accuracy = Some(train(point, dataset, engines, &run, place, progress)?.accuracy);
    Ok(task)
}

/// The run folder of a network, counted from 0, seen from that of the search.
fn place(index: usize) -> PathBuf {
    Path::new("front").join((index + 1).to_string())
}

/// The run folder of one network, with the search that found it.
fn open(point: &Point, parent: &Path, place: &Path, progress: &mut dyn Progress) -> Result<RunFolder> {
    let run = RunFolder::open(&parent.join(place), &point.config, progress)?;
    point.record.as_ref().map_or(Ok(()), |record| run.keep_search(record, &point.config))?;
    Ok(run)
}

/// Trains and tests one network.
fn train(
    point: &Point,
    dataset: &Dataset,
    engines: Engines<'_>,
    run: &RunFolder,
    place: PathBuf,
    progress: &mut dyn Progress,
) -> Result<FrontResult> {
    let config = point.settled();
    let Finished { epochs, test, integer } =
        run::finish(&config, &point.architecture, dataset, engines, run, progress)?;
    let kept = best_epoch(&epochs);
    let rates = &test.result.layers;
    let rate = |name: &str| rates.iter().find(|rate| rate.name == name).map(|rate| rate.firing_rate);
    let operations = Operations::new(&point.graph(dataset)?, rate);
    Ok(FrontResult {
        folder: place,
        limits: point.limits.clone(),
        architecture: point.architecture.clone(),
        sizes: point.record.as_ref().and_then(|record| record.sizes),
        score: point.score.into(),
        parameters: point.parameters,
        device: point.record.as_ref().and_then(|record| record.device.clone()),
        operations: operations.as_ref().map(|counted| counted.additions() + counted.multiplications()),
        energy_pj: operations.as_ref().map(Operations::energy_pj),
        accuracy: test.result.accuracy,
        validation_accuracy: kept.and_then(|epoch| epoch.validation_accuracy),
        integer_accuracy: integer.map(|test| test.result.accuracy),
        epoch: kept.map_or(0, |epoch| epoch.epoch),
        selection: test.selection,
        train_seconds: epochs.iter().map(|epoch| epoch.seconds).sum(),
    })
}
