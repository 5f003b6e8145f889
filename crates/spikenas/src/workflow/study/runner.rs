use std::path::{Path, PathBuf};
use std::sync::Arc;

use serde::Serialize;

use super::definition::Study;
use super::record::{ScenarioResult, StudyRecord};
use super::scenario::Scenario;
use crate::data::Dataset;
use crate::engine::Engine;
use crate::engine::cpu::Cpu;
use crate::progress::Progress;
use crate::record::{
    FORMAT_VERSION, check_definition, files, lock_folder, read_record_if_there, write_record, write_toml,
};
use crate::search::{Method, SearchRecord, distinct_draws};
use crate::space::{Architecture, SearchSpace};
use crate::train::{EpochRecord, TrainConfig};
use crate::workflow::run::{self, Engines, RunConfig, RunFolder};
use crate::workflow::task::{self, Task};
use crate::{Error, Result};

/// The file of a folder that says which study it holds.
const STUDY: &str = "study.toml";

/// Whether a study can begin or continue in a folder, before anything is written.
///
/// Errors: the folder holds another study or something else; those of [`run::check_search`] and [`run::check_training`].
pub fn check(study: &Study, scenarios: &[Scenario], dataset: &Dataset, folder: &Path) -> Result<()> {
    let cpu = on_cpu();
    for scenario in scenarios {
        let config = study.config(scenario, dataset)?;
        run::check_training(&config, dataset, cpu.as_ref())?;
        run::check_search(&config, dataset, &cpu)?;
    }
    // The folder of the images does not matter.
    check_definition(folder, ("study", STUDY), study, |old| old.data.folder.clone_from(&study.data.folder))
}

/// Runs scenarios one after the other, each in a folder of its own; searches and tests on the CPU, trains on an engine,
/// and reports the record as it grows, and at least once. What was done before, by this process or an earlier one, is not done
/// again.
///
/// Errors: those of [`check`], [`run::search`], [`run::train`] and [`run::test_folder`]; another process that writes into the folder;
/// records of a run that disagree.
pub fn run(
    study: &Study,
    scenarios: &[Scenario],
    dataset: &Dataset,
    engine: &dyn Engine,
    folder: &Path,
    progress: &mut dyn Progress,
    report: &mut dyn FnMut(&StudyRecord, &mut dyn Progress) -> Result<()>,
) -> Result<StudyRecord> {
    check(study, scenarios, dataset, folder)?;
    files::create_folder(folder)?;
    let (_lock, warning) = lock_folder(folder)?;
    warning.iter().for_each(|warning| progress.note(warning));
    let mut record = open(study, dataset, folder)?;
    let mut is_reported = false;
    for (index, scenario) in scenarios.iter().enumerate() {
        if record.results.iter().any(|r| r.scenario == *scenario) {
            continue;
        }
        progress.note(&format!("{} ({} of {})", scenario.name, index + 1, scenarios.len()));
        let trained = record.trained().map(|result| (result.scenario.clone(), result.search.clone())).collect();
        let result = run_scenario(study, scenario, trained, dataset, engine, folder, progress)?;
        record.results.retain(|r| r.scenario.name != scenario.name);
        record.results.push(result);
        let order = Scenario::all(study.kind);
        let place = |r: &ScenarioResult| order.iter().position(|s| s.name == r.scenario.name);
        record.results.sort_by_key(place);
        write_record(&record_path(folder), &record)?;
        report(&record, progress)?;
        is_reported = true;
    }
    if !is_reported {
        // The process that ended the study may have been killed before its report.
        report(&record, progress)?;
    }
    Ok(record)
}

/// One scenario of a study.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Named {
    /// Its name.
    pub scenario: String,
}

/// The runs of scenarios in a folder, done or not.
///
/// Errors: a record that cannot be read.
pub fn tasks(scenarios: &[Scenario], folder: &Path) -> Result<Vec<Task<Named>>> {
    Task::list(scenarios.iter().map(|s| (Named { scenario: s.name.clone() }, folder.join(&s.name))))
}

/// Runs one of several scenarios, of the number that [`tasks`] gives it: several processes, on several machines, may each run
/// others in the same folder. What is done is not done again, and what was begun goes on; [`run()`] then makes the record.
///
/// Errors: those of [`run()`]; a number that is none of a task; another process at the same task.
pub fn run_task(
    study: &Study,
    scenarios: &[Scenario],
    dataset: &Dataset,
    engine: &dyn Engine,
    folder: &Path,
    number: usize,
    progress: &mut dyn Progress,
) -> Result<Task<Named>> {
    check(study, scenarios, dataset, folder)?;
    let tasks = tasks(scenarios, folder)?;
    let is_done: Vec<bool> = tasks.iter().map(|task| task.accuracy.is_some()).collect();
    let mut task = Task::of(tasks, number)?;
    let _lock = task::begin(folder, STUDY, study, progress)?;
    if task.accuracy.is_none() {
        let mut trained = Vec::new();
        for (scenario, _) in scenarios.iter().zip(is_done).take(number - 1).filter(|(_, is_done)| *is_done) {
            let run = RunFolder::existing(&folder.join(&scenario.name))?.0;
            trained.extend(run.search_record()?.map(|search| (scenario.clone(), search)));
        }
        let result = run_scenario(study, &scenarios[number - 1], trained, dataset, engine, folder, progress)?;
        task.accuracy = Some(result.accuracy);
    }
    Ok(task)
}

/// Where searches and tests run.
fn on_cpu() -> Arc<dyn Engine> {
    Arc::new(Cpu)
}

fn record_path(folder: &Path) -> PathBuf {
    folder.join("study.json")
}

/// The record of a study's folder, begun where there is none.
fn open(study: &Study, dataset: &Dataset, folder: &Path) -> Result<StudyRecord> {
    write_toml(&folder.join(STUDY), study)?;
    if let Some(record) = read_record_if_there(&record_path(folder))? {
        return Ok(record);
    }
    Ok(StudyRecord {
        version: FORMAT_VERSION,
        study: study.kind,
        scale: study.scale.clone(),
        data: study.data.source.to_string(),
        train_images: TrainConfig { seed: study.seed, ..study.settings.train.clone() }.split(dataset)?.learned.len(),
        test_images: dataset.test.len(),
        settings: study.settings.clone(),
        seed: study.seed,
        threads: rayon::current_num_threads(),
        program: env!("CARGO_PKG_VERSION").into(),
        results: Vec::new(),
    })
}

/// Runs a scenario. `trained`: others, in order, that are trained, each with the search that found its network.
fn run_scenario(
    study: &Study,
    scenario: &Scenario,
    trained: Vec<(Scenario, SearchRecord)>,
    dataset: &Dataset,
    engine: &dyn Engine,
    parent: &Path,
    progress: &mut dyn Progress,
) -> Result<ScenarioResult> {
    let (config, cpu) = (study.config(scenario, dataset)?, on_cpu());
    let folder = RunFolder::open(&parent.join(&scenario.name), &config, progress)?;
    let search = run::search(&config, dataset, Engines { cpu: &cpu, device: engine }, Some(&folder), progress)?;
    // All scenarios share settings and seed, so that training the same network again would give the same result.
    // A record may have one cell for several alike.
    let whole = |architecture: &Architecture| architecture.clone().with_cells(scenario.cells).ok();
    let is_same = |(other, found): &&(Scenario, SearchRecord)| {
        other.name != scenario.name
            && other.cells == scenario.cells
            && whole(&found.architecture) == whole(&search.architecture)
    };
    let trained_as = trained.iter().find(is_same).map(|(other, _)| other.name.clone());
    let epochs = match &trained_as {
        Some(name) => {
            progress.note(&format!("{name} found the same network: its training is taken over"));
            folder.copy_training(&RunFolder::existing(&parent.join(name))?.0)?;
            folder.epochs()?
        }
        None => run::train(&config, &search.architecture, dataset, engine, &folder, true, progress)?,
    };
    check_epochs(&config, &epochs, &folder)?;
    let tested = run::test_folder(&folder, &config, dataset, cpu.as_ref(), progress)?.result;
    let (candidates, search_seconds, extrapolated_from) = search_time(study, scenario, &search)?;
    Ok(ScenarioResult {
        scenario: scenario.clone(),
        search,
        search_seconds,
        candidates,
        extrapolated_from,
        accuracy: tested.accuracy,
        final_accuracy: epochs.last().and_then(|e| e.test_accuracy),
        train_seconds: epochs.iter().map(|e| e.seconds).sum(),
        trained_as,
    })
}

/// Whether a finished training has a record of every epoch: a result without them would stay wrong for good.
fn check_epochs(config: &RunConfig, epochs: &[EpochRecord], folder: &RunFolder) -> Result<()> {
    let (found, expected) = (epochs.len(), config.train.epochs);
    let is_complete = found == expected || (config.train.patience.is_some() && found > 0);
    if is_complete && epochs.iter().map(|e| e.epoch).eq(1..=found) {
        return Ok(());
    }
    let reason = format!("has records of {found} epochs of {expected}: remove the folder to run the scenario again");
    Err(Error::file(folder.path(), reason))
}

/// Candidates that a search stands for, its time, and the number of draws that this is extrapolated from, if it is.
///
/// A score is computed once for equal draws, so that the time grows with the different ones.
fn search_time(study: &Study, scenario: &Scenario, search: &SearchRecord) -> Result<(usize, f64, Option<usize>)> {
    let (iterations, drawn) = study.settings.draws(scenario);
    if scenario.method != Method::Random || iterations == drawn {
        return Ok((search.candidates, search.seconds, None));
    }
    let space = SearchSpace::new(scenario.operations.clone(), scenario.cells)?.of_kind(scenario.cell);
    let different = |count: usize| distinct_draws(&space, study.seed, count).max(1) as f64;
    Ok((iterations, search.seconds * different(iterations) / different(drawn), Some(drawn)))
}
