//! What folders hold, a line per run.

use std::path::{Path, PathBuf};
use std::time::{SystemTime, UNIX_EPOCH};

use serde::Serialize;

use super::command::continuing;
use super::records::{Records, RunRecords, SeedsRecords, StudyRecords};
use crate::cost::{ParameterCount, Scope};
use crate::record::is_locked;
use crate::workflow::run::best_epoch;
use crate::workflow::study::Scenario;
use crate::{Error, Result};

/// The records of which any makes a folder worth a line.
const RECORDS: [&str; 10] = [
    "config.toml",
    "journal.jsonl",
    "search.json",
    "train.jsonl",
    "evaluate.json",
    "study.toml",
    "study.json",
    "seeds.toml",
    "seeds.json",
    "correlate.json",
];

/// What is said of a folder that is not there.
const ABSENT: &str = "there is no such folder: give a run, or a folder of runs";

/// A folder with records, in a line.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Listed {
    /// The folder.
    pub folder: PathBuf,
    /// How far it is.
    pub state: State,
    /// The dataset.
    pub data: Option<String>,
    /// Cells of the network.
    pub cells: Option<usize>,
    /// Operations that an edge may have.
    pub operations: Option<usize>,
    /// The budget in parameters.
    pub budget: Option<u64>,
    /// What the budget counts.
    pub scope: Option<Scope>,
    /// Parameters of the network that was found or given.
    pub parameters: Option<ParameterCount>,
    /// Epochs trained, or scenarios of a study done.
    pub done: usize,
    /// Epochs, or scenarios, in all.
    pub total: Option<usize>,
    /// Test accuracy of the model in percent.
    pub accuracy: Option<f64>,
    /// Whether the test images chose the epoch, so that the accuracy is flattered.
    pub is_flattered: bool,
    /// Its standard deviation, where it is the mean over several seeds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub deviation: Option<f64>,
    /// Accuracy of the model's epoch in percent on the images held out, where these choose it.
    pub validation_accuracy: Option<f64>,
    /// When the newest record was written: `2026-11-25T14:03:07Z`.
    pub written: Option<String>,
    /// The command that continues what was interrupted.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub continued_by: Option<String>,
    /// Records that could not be read, and why.
    pub faults: Vec<String>,
}

/// How far a run or a study is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum State {
    /// Its search is running.
    Searching,
    /// Its search is finished, or it needs none; nothing is trained.
    Searched,
    /// Its training is running.
    Training,
    /// Its search or its training has begun, and no process works on it.
    #[default]
    Interrupted,
    /// A study that is running.
    Running,
    /// A study some of whose scenarios are done, and no process works on it.
    Partial,
    /// All is done.
    Finished,
}

/// What folders hold: a folder that has records is listed itself, of others those directly in them; by name.
///
/// Errors: a folder that is not there or cannot be read. Records that cannot be read are faults of their line.
pub fn list(folders: &[PathBuf]) -> Result<Vec<Listed>> {
    let mut listed = Vec::new();
    for folder in folders {
        if holds_records(folder) {
            listed.push(Listed::read(folder));
            continue;
        }
        let entries = std::fs::read_dir(folder).map_err(Error::io_or_absent(folder, ABSENT))?;
        let mut inner: Vec<PathBuf> = entries.flatten().map(|entry| entry.path()).collect();
        inner.sort();
        listed.extend(inner.iter().filter(|path| holds_records(path)).map(|path| Listed::read(path)));
    }
    Ok(listed)
}

fn holds_records(folder: &Path) -> bool {
    RECORDS.iter().any(|name| folder.join(name).is_file())
}

impl Listed {
    /// What a folder's records say.
    fn read(folder: &Path) -> Self {
        let mut listed = match Records::read(folder) {
            Ok(Records::Run(run)) => Self::of_run(&run),
            Ok(Records::Study(study)) => Self::of_study(&study),
            Ok(Records::Seeds(seeds)) => Self::of_seeds(&seeds),
            Ok(Records::Correlation(correlation, faults)) => Self {
                state: State::Finished,
                cells: Some(correlation.config.network.cells),
                faults,
                ..Self::default()
            },
            Err(error) => Self { faults: vec![error.to_string()], ..Self::default() },
        };
        listed.folder = folder.to_path_buf();
        listed.written = newest(folder).map(utc);
        listed
    }

    fn of_run(run: &RunRecords) -> Self {
        let config = run.config.as_ref();
        let (done, total) = (run.epochs.len(), config.map(|c| c.train.epochs));
        let best = best_epoch(&run.epochs);
        let is_patient = |patience| best.is_some_and(|best| done < best.epoch + patience);
        let may_go_on = config.is_some_and(|c| c.train.patience.is_none_or(is_patient));
        let (is_found, is_locked) = (run.architecture().is_some(), is_locked(&run.folder));
        let is_ending = total.is_none_or(|total| done >= total) || !may_go_on;
        let state = match (is_found, is_locked) {
            (false, true) => State::Searching,
            (true, _) if done > 0 && is_ending => State::Finished,
            (true, true) => State::Training,
            (true, false) if done == 0 && !run.has_checkpoint => State::Searched,
            (_, false) => State::Interrupted,
        };
        Self {
            state,
            data: config.map(|c| c.data.source.label()),
            cells: config.map(|c| c.network.cells),
            operations: config.filter(|c| c.architecture.is_none()).map(|c| c.search.operations.len()),
            budget: config.and_then(|c| c.search.budget_parameters()),
            scope: config.map(|c| c.search.scope),
            parameters: run.graph.as_ref().map(|graph| crate::cost::Ledger::new(graph).count()),
            done,
            total,
            accuracy: run.accuracy().map(|accuracy| accuracy.percent),
            is_flattered: run.selection().is_some_and(|selection| selection.is_flattered()),
            validation_accuracy: best.and_then(|best| best.validation_accuracy),
            continued_by: (state == State::Interrupted).then(|| continuing(&run.folder, config, is_found)).flatten(),
            faults: run.faults.clone(),
            ..Self::default()
        }
    }

    fn of_seeds(seeds: &SeedsRecords) -> Self {
        let record = seeds.seeds.as_ref();
        let accuracy = record.and_then(|record| record.accuracy);
        let (done, total) = (record.map_or(0, |record| record.results.len()), record.map(|record| record.seeds));
        let of_one = seeds.runs.first().map(Self::of_run).unwrap_or_default();
        Self {
            state: Self::state_of_several(&seeds.folder, done, total),
            done,
            total,
            parameters: None,
            accuracy: accuracy.map(|accuracy| accuracy.mean),
            deviation: accuracy.and_then(|accuracy| accuracy.deviation),
            is_flattered: of_one.is_flattered,
            validation_accuracy: record.and_then(|record| record.validation_accuracy).map(|accuracy| accuracy.mean),
            continued_by: None,
            faults: seeds.faults.clone(),
            ..of_one
        }
    }

    /// How far several runs in a folder are.
    fn state_of_several(folder: &Path, done: usize, total: Option<usize>) -> State {
        match total.is_some_and(|total| done >= total) {
            true => State::Finished,
            false if is_locked(folder) => State::Running,
            false => State::Partial,
        }
    }

    fn of_study(study: &StudyRecords) -> Self {
        let record = study.study.as_ref();
        let done = record.map_or(0, |record| record.results.len());
        let total = record.map(|record| Scenario::all(record.study).len());
        Self {
            state: Self::state_of_several(&study.folder, done, total),
            data: record.map(|record| record.data.clone()),
            done,
            total,
            faults: study.faults.clone(),
            ..Self::default()
        }
    }
}

/// When the newest record of a folder was written.
fn newest(folder: &Path) -> Option<SystemTime> {
    RECORDS.iter().filter_map(|name| folder.join(name).metadata().ok()?.modified().ok()).max()
}

/// A moment in UTC, to the second, as ISO 8601 writes it.
fn utc(moment: SystemTime) -> String {
    let seconds = moment.duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs());
    let (days, rest) = (seconds / 86_400, seconds % 86_400);
    let (year, month, day) = date(days);
    let (hour, minute, second) = (rest / 3600, rest / 60 % 60, rest % 60);
    format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}Z")
}

/// The date so many days after 1970-01-01, in the Gregorian calendar.
fn date(days: u64) -> (u64, u64, u64) {
    let is_leap = |year: u64| year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400));
    let (mut year, mut left) = (1970, days);
    while left >= 365 + u64::from(is_leap(year)) {
        left -= 365 + u64::from(is_leap(year));
        year += 1;
    }
    let february = 28 + u64::from(is_leap(year));
    let mut month = 1;
    for length in [31, february, 31, 30, 31, 30, 31, 31, 30, 31, 30] {
        if left < length {
            break;
        }
        left -= length;
        month += 1;
    }
    (year, month, left + 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moments_are_dates_in_utc() {
        let at = |seconds| utc(UNIX_EPOCH + std::time::Duration::from_secs(seconds));
        assert_eq!(at(0), "1970-01-01T00:00:00Z");
        assert_eq!(at(951_782_399), "2000-02-28T23:59:59Z");
        assert_eq!(at(951_782_400), "2000-02-29T00:00:00Z");
        assert_eq!(at(1_767_225_599), "2025-12-31T23:59:59Z");
        assert_eq!(at(4_107_542_400), "2100-03-01T00:00:00Z");
    }
}
