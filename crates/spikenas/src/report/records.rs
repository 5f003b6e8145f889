use std::path::{Path, PathBuf};

use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::command::command_line;
use super::neurobench::NeuroBench;
use crate::cost::Operations;
use crate::engine::Evaluation;
use crate::graph::{Graph, Shape};
use crate::record::files::{is_there, read_text};
use crate::record::{check_version, parse_line, read_record};
use crate::search::{JournalEntry, SearchRecord};
use crate::space::Architecture;
use crate::train::EpochRecord;
use crate::workflow::correlate::Correlation;
use crate::workflow::run::{EvaluationRecord, RunConfig};
use crate::workflow::study::StudyRecord;
use crate::{Error, Result};

/// The records of a folder.
#[derive(Clone, Debug)]
#[allow(clippy::large_enum_variant, reason = "a handful at a time")]
pub enum Records {
    /// Records of one search, training or both.
    Run(RunRecords),
    /// Records of a study: several runs and its results.
    Study(StudyRecords),
    /// The record of how well scores rank a table, and faults.
    Correlation(Correlation, Vec<String>),
}

impl Records {
    /// Reads the records of a folder, as far as they can be read.
    ///
    /// Errors: the folder holds no record at all. A record that is damaged, half-written or of another format version becomes
    /// a fault of the result, and the others are read.
    pub fn read(folder: &Path) -> Result<Self> {
        let holds = |name: &str| is_there(&folder.join(name));
        if holds("study.json")? {
            return Ok(Records::Study(StudyRecords::read(folder)));
        }
        if holds("correlate.json")? {
            return Ok(Records::Correlation(read_record(&folder.join("correlate.json"))?, Vec::new()));
        }
        let known = ["config.toml", "search.json", "journal.jsonl", "train.jsonl", "evaluate.json"];
        let found = known.iter().map(|name| holds(name)).collect::<Result<Vec<bool>>>()?;
        if !found.contains(&true) {
            let reason = if is_there(folder)? { "holds no record of a run" } else { "there is no such folder" };
            return Err(Error::file(folder, reason));
        }
        Ok(Records::Run(RunRecords::read(folder)))
    }

    /// Records that could not be read, and why.
    pub fn faults(&self) -> &[String] {
        match self {
            Records::Run(run) => &run.faults,
            Records::Study(study) => &study.faults,
            Records::Correlation(_, faults) => faults,
        }
    }
}

/// A run in one JSON document.
#[derive(Clone, Debug, Serialize)]
pub struct RunSummary {
    /// The folder.
    pub run: String,
    /// The result of the search.
    pub search: Option<SearchRecord>,
    /// The last epoch of the training.
    pub last_epoch: Option<EpochRecord>,
    /// The figures of the test, under NeuroBench's names.
    pub neurobench: Option<NeuroBench>,
    /// Operations of an inference, layer by layer.
    pub operations: Option<Operations>,
    /// Their energy in picojoules.
    pub energy_pj: Option<f64>,
    /// The command that repeats the run.
    pub command: Option<String>,
    /// Records that could not be read, and why.
    pub faults: Vec<String>,
}

/// The records of a run folder, as far as they exist and can be read.
#[derive(Clone, Debug, Default)]
pub struct RunRecords {
    /// The folder.
    pub folder: PathBuf,
    /// `config.toml`
    pub config: Option<RunConfig>,
    /// `search.json`
    pub search: Option<SearchRecord>,
    /// `journal.jsonl`
    pub candidates: Vec<JournalEntry>,
    /// `train.jsonl`
    pub epochs: Vec<EpochRecord>,
    /// `evaluate.json`
    pub evaluation: Option<Evaluation>,
    /// The network that was trained or found.
    pub graph: Option<Graph>,
    /// Records that could not be read, and why.
    pub faults: Vec<String>,
}

impl RunRecords {
    /// Reads what can be read.
    pub fn read(folder: &Path) -> Self {
        let mut run = Self { folder: folder.to_path_buf(), ..Self::default() };
        let mut faults = Faults::default();
        // A file that cannot be looked at becomes a fault as it is read.
        let path = |name: &str| Some(folder.join(name)).filter(|path| is_there(path).unwrap_or(true));
        run.config = path("config.toml").and_then(|path| faults.keep(RunConfig::load(&path)));
        run.search = path("search.json").and_then(|path| faults.keep(read_record(&path)));
        run.epochs = path("train.jsonl").map_or(Vec::new(), |path| read_lines(&path, 0, &mut faults));
        run.evaluation = path("evaluate.json").and_then(|path| faults.keep(current_test(&path, &run.epochs)));
        let mut input = Shape { channels: 3, height: 32, width: 32 };
        if let Some(path) = path("journal.jsonl") {
            match read_header(&path) {
                Ok(shape) => {
                    input = shape.unwrap_or(input);
                    run.candidates = read_lines(&path, 1, &mut faults);
                }
                Err(error) => faults.0.push(error.to_string()),
            }
        }
        if let (Some(config), Some(architecture)) = (&run.config, run.architecture()) {
            run.graph = faults.keep(Graph::new(&architecture, &config.network, input));
        }
        run.faults = faults.0;
        run
    }

    /// The name of the folder.
    pub fn name(&self) -> String {
        let whole = self.folder.canonicalize().unwrap_or_else(|_| self.folder.clone());
        whole.file_name().unwrap_or(whole.as_os_str()).to_string_lossy().into_owned()
    }

    /// The architecture that was found, or given to be trained.
    pub fn architecture(&self) -> Option<Architecture> {
        let given = self.config.as_ref().and_then(|c| c.architecture.clone());
        given.or_else(|| self.search.as_ref().map(|s| s.architecture.clone()))
    }

    /// The operations of an inference, where the network was tested.
    pub fn operations(&self) -> Option<Operations> {
        let rates = &self.evaluation.as_ref()?.layers;
        let rate = |name: &str| rates.iter().find(|rate| rate.name == name).map(|rate| rate.firing_rate);
        Operations::new(self.graph.as_ref()?, rate)
    }

    /// The run in one JSON document.
    pub fn summary(&self) -> RunSummary {
        let operations = self.operations();
        let neurobench =
            || Some(NeuroBench::new(self.graph.as_ref()?, self.evaluation.as_ref()?, operations.as_ref()?));
        RunSummary {
            run: self.folder.display().to_string(),
            search: self.search.clone(),
            last_epoch: self.epochs.last().cloned(),
            neurobench: neurobench(),
            energy_pj: operations.as_ref().map(Operations::energy_pj),
            command: self.config.as_ref().map(command_line),
            operations,
            faults: self.faults.clone(),
        }
    }
}

/// The records of a study's folder.
#[derive(Clone, Debug)]
pub struct StudyRecords {
    /// The folder.
    pub folder: PathBuf,
    /// `study.json`
    pub study: Option<StudyRecord>,
    /// Its runs, in the order of the study.
    pub runs: Vec<RunRecords>,
    /// Records that could not be read, and why.
    pub faults: Vec<String>,
}

impl StudyRecords {
    /// Reads what can be read.
    pub fn read(folder: &Path) -> Self {
        let mut faults = Faults::default();
        let study: Option<StudyRecord> = faults.keep(read_record(&folder.join("study.json")));
        let names = study.iter().flat_map(|s| &s.results).map(|r| r.scenario.name.clone());
        let runs: Vec<RunRecords> = names.map(|name| RunRecords::read(&folder.join(name))).collect();
        faults.0.extend(runs.iter().flat_map(|r| r.faults.iter().cloned()));
        Self { folder: folder.to_path_buf(), study, runs, faults: faults.0 }
    }
}

/// Faults of records, in one line each.
#[derive(Default)]
struct Faults(Vec<String>);

impl Faults {
    fn keep<T>(&mut self, result: Result<T>) -> Option<T> {
        result.map_err(|error| self.0.push(error.to_string())).ok()
    }
}

/// The last test of a run, if it is one of the model that is kept now.
fn current_test(path: &Path, epochs: &[EpochRecord]) -> Result<Evaluation> {
    let record: EvaluationRecord = read_record(path)?;
    let tested = record.model.as_ref().and_then(|model| model.epoch);
    match (record.is_of_best(epochs), tested) {
        (false, Some(epoch)) => {
            Err(Error::file(path, format!("tests the weights of epoch {epoch}, and others are kept now: test again")))
        }
        _ => Ok(record.result),
    }
}

/// The shape of images in a journal's header.
fn read_header(path: &Path) -> Result<Option<Shape>> {
    let text = read_text(path)?;
    let first = text.lines().next().unwrap_or_default();
    let header: Value =
        parse_line(first).map_err(|e| Error::file(path, format!("line 1 is not a journal's header ({e})")))?;
    check_version(path, &header)?;
    Ok(serde_json::from_value(header["input"].clone()).ok())
}

/// Reads a record of lines; those that cannot be read are named, the first of them with its number.
fn read_lines<T: DeserializeOwned>(path: &Path, skip: usize, faults: &mut Faults) -> Vec<T> {
    let Some(text) = faults.keep(read_text(path)) else { return Vec::new() };
    let (mut values, mut damaged) = (Vec::new(), Vec::new());
    for (index, line) in text.lines().enumerate().skip(skip).filter(|(_, line)| !line.is_empty()) {
        match parse_line(line) {
            Ok(value) => values.push(value),
            Err(error) => damaged.push((index + 1, error)),
        }
    }
    let is_cut_off = !text.is_empty() && !text.ends_with('\n');
    let last = text.lines().count();
    match damaged.first() {
        Some((line, _)) if damaged.len() == 1 && is_cut_off && *line == last => {
            faults.0.push(format!("{}: the last line is half-written and left out", path.display()));
        }
        Some((line, error)) => {
            let count = damaged.len();
            let lines = if count == 1 { "1 line".into() } else { format!("{count} lines") };
            faults.0.push(format!("{}: {lines} left out, the first is line {line} ({error})", path.display()));
        }
        None => {}
    }
    values
}
