//! Works that several processes do task by task.

use std::fs::File;
use std::path::{Path, PathBuf};

use serde::Serialize;

use super::run::EvaluationRecord;
use crate::progress::Progress;
use crate::record::{begin_record, files, read_record_if_there, share_folder, write_toml};
use crate::{Error, Result};

/// Begins a task in the folder of a work that several processes may share, and writes the work's definition where none has. Returns the lock.
///
/// Errors: a folder or file that cannot be written; a process that has the folder for itself.
pub(super) fn begin(
    folder: &Path,
    name: &str,
    definition: &impl Serialize,
    progress: &mut dyn Progress,
) -> Result<Option<File>> {
    files::create_folder(folder)?;
    let (lock, warning) = share_folder(folder)?;
    warning.iter().for_each(|warning| progress.note(warning));
    let path = folder.join(name);
    begin_record(|| files::is_there(&path), || write_toml(&path, definition))?;
    Ok(lock)
}

/// One task of a work: a run in a folder of its own, which any process may do.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Task<T> {
    /// Its number, from 1 on.
    pub task: usize,
    /// What is done.
    #[serde(flatten)]
    pub what: T,
    /// Its run folder.
    pub folder: PathBuf,
    /// Its test accuracy in percent, once it is done.
    pub accuracy: Option<f64>,
}

impl<T> Task<T> {
    /// All tasks of a work from what is done and where, done or not.
    ///
    /// Errors: a record that cannot be read.
    pub(super) fn list(all: impl IntoIterator<Item = (T, PathBuf)>) -> Result<Vec<Self>> {
        let task = |(task, (what, folder)): (usize, (T, PathBuf))| {
            let record: Option<EvaluationRecord> = read_record_if_there(&folder.join("evaluate.json"))?;
            Ok(Self { task, what, folder, accuracy: record.map(|record| record.result.accuracy) })
        };
        (1..).zip(all).map(task).collect()
    }

    /// The task of a number.
    ///
    /// Errors: there is none.
    pub(super) fn of(tasks: Vec<Self>, number: usize) -> Result<Self> {
        let count = tasks.len();
        let found = tasks.into_iter().find(|task| task.task == number);
        found.ok_or_else(|| Error::invalid(format!("task {number}: there are 1 to {count}")))
    }
}
