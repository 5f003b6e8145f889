use std::path::Path;
use std::time::Instant;

use super::definition::Tabulation;
use super::draw::{Drawn, draw};
use super::rows::{TableRow, csv};
use crate::data::Dataset;
use crate::engine::Engine;
use crate::progress::{Progress, rough_duration};
use crate::record::{check_definition, files, lock_folder, read_record_if_there, write_toml};
use crate::workflow::run::{self, EvaluationRecord, RunFolder};
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
            let path = folder.join("runs").join(format!("{:03}-seed{}", index + 1, table.seed(seed)));
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
                    train(table, drawn, seed, dataset, engine, &path, progress).map_err(|e| how_to_go_on(e, done))?
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
    table: &Tabulation,
    drawn: &Drawn,
    seed: usize,
    dataset: &Dataset,
    engine: &dyn Engine,
    path: &Path,
    progress: &mut dyn Progress,
) -> Result<f64> {
    let config = table.config(&drawn.architecture, seed);
    let folder = RunFolder::open(path, &config, progress)?;
    run::train(&config, &drawn.architecture, dataset, engine, &folder, true, progress)?;
    Ok(run::test_folder(&folder, &config, dataset, engine, progress)?.result.accuracy)
}
