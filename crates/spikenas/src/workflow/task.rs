//! Works that several processes do task by task.

use std::path::PathBuf;

use serde::Serialize;

use super::run::EvaluationRecord;
use crate::record::read_record_if_there;
use crate::{Error, Result};

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
