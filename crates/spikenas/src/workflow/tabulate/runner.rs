use std::path::{Path, PathBuf};
use std::time::Instant;

use serde::Serialize;

use super::definition::Tabulation;
use super::draw::draw;
use super::rows::{TableRow, csv};
use crate::data::Dataset;
use crate::engine::Engine;
use crate::progress::{Progress, rough_duration};
use crate::record::{check_definition, files, lock_folder, read_record_if_there, write_toml};
use crate::space::Architecture;
use crate::workflow::run::{self, EvaluationRecord, RunConfig, RunFolder};
use crate::workflow::task::{self, Task};
use crate::{Error, Result};

/// The file of a folder that says which table it holds.
const TABLE: &str = "table.toml";

/// Whether a table can begin or continue in a folder, before anything is written.
///
/// Errors: settings out of range; the folder holds another table or something else; those of [`run::check_training`].
pub fn check(table: &Tabulation, dataset: &Dataset, engine: &dyn Engine, folder: &Path) -> Result<()> {
    table.check()?;
    for drawn in draw(table, dataset.train.shape)? {
        run::check_training(&table.config(&drawn.architecture, 0), dataset, engine)?;
    }
    check_definition(folder, ("table", TABLE), table, |old| {
        // The folder of the images does not matter; more architectures or seeds make the table longer.
        old.data.folder.clone_from(&table.data.folder);
        (old.architectures, old.seeds) = (table.architectures, table.seeds);
    })
}

/// One training of a table: all architectures with the first seed come first.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Training {
    /// The architecture.
    pub architecture: Architecture,
    /// The seed of its training.
    pub seed: u64,
}

/// All trainings of a table in a folder, done or not.
///
/// Errors: settings out of range; a record that cannot be read.
pub fn tasks(table: &Tabulation, dataset: &Dataset, folder: &Path) -> Result<Vec<Task<Training>>> {
    let drawn = draw(table, dataset.train.shape)?;
    let all =
        (0..table.seeds).flat_map(|seed| drawn.iter().enumerate().map(move |(index, drawn)| (seed, index, drawn)));
    Task::list(all.map(|(seed, index, drawn)| {
        let training = Training { architecture: drawn.architecture.clone(), seed: table.seed(seed) };
        (training, place(table, folder, index, seed))
    }))
}

/// Does one training of a table, of the number that [`tasks`] gives it: several processes, on several machines, may each do others in the
/// same folder. What is done is not done again, and what was begun goes on; [`run()`] then makes the table.
///
/// Errors: those of [`run()`]; a number that is none of a task; another process at the same task.
pub fn run_task(
    table: &Tabulation,
    dataset: &Dataset,
    engine: &dyn Engine,
    folder: &Path,
    number: usize,
    progress: &mut dyn Progress,
) -> Result<Task<Training>> {
    check(table, dataset, engine, folder)?;
    let tasks = tasks(table, dataset, folder)?;
    let each = tasks.len() / table.seeds;
    let mut task = Task::of(tasks, number)?;
    let _lock = task::begin(folder, TABLE, table, progress)?;
    if task.accuracy.is_none() {
        let config = table.config(&task.what.architecture, (number - 1) / each);
        task.accuracy = Some(train(&config, &task.what.architecture, dataset, engine, &task.folder, progress)?);
    }
    Ok(task)
}

/// The run folder of a training.
fn place(table: &Tabulation, folder: &Path, index: usize, seed: usize) -> PathBuf {
    folder.join("runs").join(format!("{:03}-seed{}", index + 1, table.seed(seed)))
}

/// Draws architectures, trains each with each seed in a run folder of its own, `runs/NUMBER-seedN`, tests it, and writes `table.csv` after
/// each; all architectures with the first seed come first. What was done before, by this process or an earlier one, is not done
/// again; with more architectures or seeds than before, the table grows.
///
/// Errors: those of [`check`], [`run::train`] and [`run::test_folder`]; another process that writes into the folder.
pub fn run(
    table: &Tabulation,
    dataset: &Dataset,
    engine: &dyn Engine,
    folder: &Path,
    progress: &mut dyn Progress,
) -> Result<Vec<TableRow>> {
    check(table, dataset, engine, folder)?;
    files::create_folder(folder)?;
    let (_lock, warning) = lock_folder(folder)?;
    warning.iter().for_each(|warning| progress.note(warning));
    write_toml(&folder.join(TABLE), table)?;
    let drawn = draw(table, dataset.train.shape)?;
    let total = drawn.len() * table.seeds;
    let mut rows: Vec<TableRow> = drawn.into_iter().map(|drawn| TableRow { drawn, accuracies: Vec::new() }).collect();
    let (mut trained, mut begin) = (0, Instant::now());
    for seed in 0..table.seeds {
        for index in 0..rows.len() {
            let done = seed * rows.len() + index;
            let drawn = &rows[index].drawn;
            let path = place(table, folder, index, seed);
            let known = tested(&path)?;
            let accuracy = match known {
                Some(accuracy) => accuracy,
                None => {
                    let left = match trained {
                        0 => String::new(),
                        _ => {
                            let each = begin.elapsed().as_secs_f64() / f64::from(trained);
                            format!(", about {} left in all", rough_duration(each * (total - done) as f64))
                        }
                    };
                    progress.note(&format!("{} ({} of {total}{left})", drawn.architecture, done + 1));
                    if trained == 0 {
                        begin = Instant::now();
                    }
                    trained += 1;
                    let config = table.config(&drawn.architecture, seed);
                    train(&config, &drawn.architecture, dataset, engine, &path, progress)
                        .map_err(|e| how_to_go_on(e, done))?
                }
            };
            rows[index].accuracies.push(accuracy);
            if known.is_none() {
                files::write_text(&folder.join("table.csv"), &csv(table, &rows)?)?;
            }
        }
    }
    // The process that trained the last may have been killed before it wrote the table.
    files::write_text(&folder.join("table.csv"), &csv(table, &rows)?)?;
    Ok(rows)
}

/// The test accuracy of a training that was tested before.
fn tested(folder: &Path) -> Result<Option<f64>> {
    let Some(record) = read_record_if_there::<EvaluationRecord>(&folder.join("evaluate.json"))? else {
        return Ok(None);
    };
    Ok(Some(record.result.accuracy))
}

/// A stop of a training as one of the table.
fn how_to_go_on(error: Error, done: usize) -> Error {
    match error {
        Error::Interrupted(_) => Error::Interrupted(format!(
            "{done} trainings are done, and what the next has learned is kept; repeat it in the same folder to go on"
        )),
        other => other,
    }
}

/// Trains and tests an architecture with a seed; its test accuracy in percent.
fn train(
    config: &RunConfig,
    architecture: &Architecture,
    dataset: &Dataset,
    engine: &dyn Engine,
    path: &Path,
    progress: &mut dyn Progress,
) -> Result<f64> {
    let folder = RunFolder::open(path, config, progress)?;
    run::train(config, architecture, dataset, engine, &folder, true, progress)?;
    Ok(run::test_folder(&folder, config, dataset, engine, progress)?.result.accuracy)
}
