use std::path::{Path, PathBuf};

use serde::Serialize;

use super::command::commands;
use super::neurobench::NeuroBench;
use super::reading::{Faults, other_tests, possible, read_header, read_lines};
use super::words::{percent, shortened};
use crate::cost::Operations;
use crate::data::Source;
use crate::engine::Evaluation;
use crate::graph::{Graph, Shape};
use crate::record::files::is_there;
use crate::record::read_record;
use crate::search::{JournalEntry, SearchRecord};
use crate::space::Architecture;
use crate::supernet::SupernetRecord;
use crate::train::{EpochRecord, TrainConfig};
use crate::weights::{Head, Selection};
use crate::workflow::correlate::Correlation;
use crate::workflow::front::FrontRecord;
use crate::workflow::run::{EvaluationRecord, QuantiseRecord, RunConfig, TrainingEnd, best_epoch};
use crate::workflow::seeds::SeedsRecord;
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
    /// Records of the same run with several seeds.
    Seeds(SeedsRecords),
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
        if holds("seeds.json")? {
            return Ok(Records::Seeds(SeedsRecords::read(folder)));
        }
        if holds("correlate.json")? {
            return Ok(Records::Correlation(read_record(&folder.join("correlate.json"))?, Vec::new()));
        }
        let known = ["config.toml", "search.json", "journal.jsonl", "train.jsonl", "evaluate.json"];
        let found = known.iter().map(|name| holds(name)).collect::<Result<Vec<bool>>>()?;
        if !found.contains(&true) {
            let reason = if is_there(folder)? {
                "holds no record of a run"
            } else {
                "no such folder with a run or study: list the runs there are"
            };
            return Err(Error::file(folder, reason));
        }
        Ok(Records::Run(RunRecords::read(folder)))
    }

    /// The runs in them.
    pub fn runs(&self) -> &[RunRecords] {
        match self {
            Records::Run(run) => std::slice::from_ref(run),
            Records::Study(study) => &study.runs,
            Records::Seeds(seeds) => &seeds.runs,
            Records::Correlation(..) => &[],
        }
    }

    /// Records that could not be read, and why.
    pub fn faults(&self) -> &[String] {
        match self {
            Records::Run(run) => &run.faults,
            Records::Study(study) => &study.faults,
            Records::Seeds(seeds) => &seeds.faults,
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
    /// The trainings of a search's several answers.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub front: Option<FrontRecord>,
    /// Operations of an inference, layer by layer.
    pub operations: Option<Operations>,
    /// Their energy in picojoules.
    pub energy_pj: Option<f64>,
    /// The command that repeats the run; several, one per line, where its training was given another number of epochs.
    pub command: Option<String>,
    /// What a reader should know before trusting the figures.
    pub concerns: Vec<String>,
    /// Records that could not be read, and why.
    pub faults: Vec<String>,
}

/// A test accuracy, and where it comes from.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Accuracy {
    /// In percent.
    pub percent: f64,
    /// Whether it is that of the training's test after its best epoch, and not of a test by itself.
    pub is_of_training: bool,
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
    /// What came of its supernet, where it trains one.
    pub supernet: Option<SupernetRecord>,
    /// The epochs of that.
    pub supernet_epochs: Vec<EpochRecord>,
    /// `train.jsonl`
    pub epochs: Vec<EpochRecord>,
    /// Whether there is a checkpoint: a training has begun that may go on.
    pub has_checkpoint: bool,
    /// `trained.json`
    pub end: Option<TrainingEnd>,
    /// `evaluate.json`
    pub evaluation: Option<EvaluationRecord>,
    /// `quantise.json`
    pub quantised: Option<QuantiseRecord>,
    /// `integer.json`
    pub integer_test: Option<EvaluationRecord>,
    /// `evaluate-NAME.json`: tests on images that are not the run's.
    pub other_tests: Vec<EvaluationRecord>,
    /// `front.json`: the trainings of a search's several answers.
    pub front: Option<FrontRecord>,
    /// The head of `model.safetensors`.
    pub model: Option<Head>,
    /// The network that was trained or found, where the records tell the shape of an image.
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
        if let (Some(config), Some(search)) = (&mut run.config, &run.search) {
            *config = config.settled(search);
        }
        run.evaluation = path("evaluate.json").and_then(|path| faults.keep(read_record(&path)));
        run.quantised = path("quantise.json").and_then(|path| faults.keep(read_record(&path)));
        run.integer_test = path("integer.json").and_then(|path| faults.keep(read_record(&path)));
        run.front = path("front.json").and_then(|path| faults.keep(read_record(&path)));
        run.other_tests = other_tests(folder).iter().filter_map(|path| faults.keep(read_record(path))).collect();
        run.epochs = path("train.jsonl").map_or(Vec::new(), |path| read_lines(&path, 0, &mut faults));
        run.supernet = path("supernet/supernet.json").and_then(|path| faults.keep(read_record(&path)));
        run.supernet_epochs = path("supernet/train.jsonl").map_or(Vec::new(), |path| read_lines(&path, 0, &mut faults));
        run.has_checkpoint = path("checkpoint/last.safetensors").is_some();
        run.end = path("trained.json").and_then(|path| faults.keep(read_record(&path)));
        if let Some(end) = run.end.as_ref().filter(|end| end.epochs > run.epochs.len()) {
            let (lines, epochs) = (run.epochs.len(), end.epochs);
            faults.0.push(format!(
                "{}: {lines} of the {epochs} epochs that were trained",
                folder.join("train.jsonl").display()
            ));
        }
        run.model = path("model.safetensors").and_then(|path| faults.keep(Head::read(&path)));
        let mut searched_with = None;
        if let Some(path) = path("journal.jsonl") {
            match read_header(&path) {
                Ok(shape) => {
                    searched_with = shape;
                    let before = faults.0.len();
                    run.candidates = read_lines(&path, 1, &mut faults);
                    let (found, scored) = (run.candidates.len(), run.search.as_ref().map_or(0, SearchRecord::computed));
                    if found < scored && faults.0.len() == before {
                        faults
                            .0
                            .push(format!("{}: {found} of the {scored} candidates that were scored", path.display()));
                    }
                }
                Err(error) => faults.0.push(error.to_string()),
            }
        }
        if let Some(search) = &run.search {
            // The scores of networks of other sizes may have another scale.
            run.candidates.retain(|candidate| candidate.sizes == search.sizes);
        }
        let input = searched_with.or_else(|| run.input()).filter(|shape| faults.keep(possible(*shape)).is_some());
        if let (Some(config), Some(architecture), Some(input)) = (&run.config, run.architecture(), input) {
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

    /// The shape of an image as the model's file or the search tells it, or as the images of this name all have.
    fn input(&self) -> Option<Shape> {
        let told = self.model.as_ref().and_then(|model| Some(model.network.as_ref()?.input));
        let searched = || self.search.as_ref().and_then(|search| search.input);
        let named = || match self.config.as_ref()?.data.source {
            Source::Sample | Source::Cifar10 | Source::Cifar100 => Some(Shape { channels: 3, height: 32, width: 32 }),
            Source::Folder(_) | Source::Memory => None,
        };
        told.or_else(searched).or_else(named)
    }

    /// The test of the model that the run has now, on its own images.
    pub fn current_test(&self) -> Option<&Evaluation> {
        let test = self.evaluation.as_ref()?;
        self.why_not_current(test).is_none().then_some(&test.result)
    }

    /// Test accuracy of the model that the run has now: of its own test, or of the training's where it has none.
    pub fn accuracy(&self) -> Option<Accuracy> {
        let tested = self.current_test().map(|test| Accuracy { percent: test.accuracy, is_of_training: false });
        let trained = || Some(Accuracy { percent: best_epoch(&self.epochs)?.test_accuracy?, is_of_training: true });
        tested.or_else(trained)
    }

    /// How the epoch of the model was chosen, once one was trained; without records of the choice, as the configuration says.
    pub fn selection(&self) -> Option<Selection> {
        let told = |selection: Selection| selection.choice.map(|_| selection);
        let by_end = || self.end.as_ref().and_then(|end| told(end.selection));
        let by_model = || self.model.as_ref().and_then(|model| told(model.origin.as_ref()?.selection));
        let configured = || {
            let TrainConfig { choice, validation, .. } = self.config.as_ref()?.train;
            let validation = (validation > 0.0).then_some(validation);
            Some(Selection { choice: Some(choice), validation, validation_images: None })
        };
        let is_trained = !self.epochs.is_empty() || self.end.is_some();
        by_model().or_else(by_end).or_else(configured).filter(|_| is_trained)
    }

    /// Why `evaluate.json` is no figure of this run, where it is none.
    pub fn outdated(&self) -> Option<String> {
        let test = self.evaluation.as_ref()?;
        let (accuracy, why) = (percent(test.result.accuracy), self.why_not_current(test)?);
        Some(format!("evaluate.json ({accuracy}) is no figure of this model: {why}. Test it with `spikenas evaluate`."))
    }

    fn why_not_current(&self, test: &EvaluationRecord) -> Option<String> {
        let origin = self.model.as_ref().and_then(|model| model.origin.as_ref());
        if let Some(data) = &test.data {
            let is_own = match (origin, &self.config) {
                (Some(origin), _) => origin.data.fingerprint == data.fingerprint,
                (None, Some(config)) => config.data.source.to_string() == data.name,
                (None, None) => true,
            };
            if !is_own {
                return Some(format!("it is a test on other images ({})", shortened(&data.name, 60)));
            }
        }
        let tested = test.model.as_ref()?;
        let kept = origin.map(|origin| origin.epoch).or_else(|| best_epoch(&self.epochs).map(|best| best.epoch));
        match (tested.epoch, kept) {
            (Some(tested), Some(kept)) if tested != kept => {
                return Some(format!("it is a test of epoch {tested}, the model is now of epoch {kept}"));
            }
            _ => {}
        }
        let now = self.model.as_ref().and_then(|model| model.checksum.as_ref());
        let differs = matches!((&tested.checksum, now), (Some(tested), Some(now)) if tested != now);
        differs.then(|| "it is a test of other weights than model.safetensors holds now".into())
    }

    /// What a reader should know before trusting the figures.
    pub fn concerns(&self) -> Vec<String> {
        let concerns = self.current_test().map(Evaluation::concerns).unwrap_or_default();
        let is_unknown = self.graph.is_none() && self.config.is_some() && self.architecture().is_some();
        let shape = "the shape of an image is not in these records: memory and energy cannot be told";
        self.outdated().into_iter().chain(concerns).chain(is_unknown.then(|| shape.into())).collect()
    }

    /// The operations of an inference, where the network was tested.
    pub fn operations(&self) -> Option<Operations> {
        let rates = &self.current_test()?.layers;
        let rate = |name: &str| rates.iter().find(|rate| rate.name == name).map(|rate| rate.firing_rate);
        Operations::new(self.graph.as_ref()?, rate)
    }

    /// The run in one JSON document.
    pub fn summary(&self) -> RunSummary {
        let operations = self.operations();
        let neurobench = || Some(NeuroBench::new(self.graph.as_ref()?, self.current_test()?, operations.as_ref()?));
        RunSummary {
            run: self.folder.display().to_string(),
            search: self.search.clone(),
            last_epoch: self.epochs.last().cloned(),
            neurobench: neurobench(),
            front: self.front.clone(),
            energy_pj: operations.as_ref().map(Operations::energy_pj),
            command: self.config.as_ref().map(|config| commands(config, &self.epochs).join("\n")),
            operations,
            concerns: self.concerns(),
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

/// The records of the same run with several seeds.
#[derive(Clone, Debug)]
pub struct SeedsRecords {
    /// The folder.
    pub folder: PathBuf,
    /// `seeds.json`
    pub seeds: Option<SeedsRecord>,
    /// Its runs, in the order of the seeds.
    pub runs: Vec<RunRecords>,
    /// Records that could not be read, and why.
    pub faults: Vec<String>,
}

impl SeedsRecords {
    /// Reads what can be read.
    pub fn read(folder: &Path) -> Self {
        let mut faults = Faults::default();
        let seeds: Option<SeedsRecord> = faults.keep(read_record(&folder.join("seeds.json")));
        let names = seeds.iter().flat_map(|s| &s.results).map(|result| format!("seed-{}", result.seed));
        let runs: Vec<RunRecords> = names.map(|name| RunRecords::read(&folder.join(name))).collect();
        faults.0.extend(runs.iter().flat_map(|r| r.faults.iter().cloned()));
        Self { folder: folder.to_path_buf(), seeds, runs, faults: faults.0 }
    }
}
