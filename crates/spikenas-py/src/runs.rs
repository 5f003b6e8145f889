//! Run folders: their records, and what is to be trained in them, on which images, and how.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use numpy::PyArray1;
use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use pyo3::types::PyDict;
use spikenas::data::DataConfig;
use spikenas::graph::{Graph, NetworkConfig};
use spikenas::record::FORMAT_VERSION;
use spikenas::report::{Records, Report, RunRecords, page};
use spikenas::score::ScoreConfig;
use spikenas::search::{SearchConfig, SearchRecord};
use spikenas::space::Architecture;
use spikenas::train::{Position, Recipe, TrainConfig};
use spikenas::workflow::options::NetworkOptions;
use spikenas::workflow::run::{self, Lineage, RunConfig, RunFolder};
use spikenas::{Error, Result, Silent};

use crate::architectures::parse;
use crate::datasets::Dataset;
use crate::error::{invalid, raised};
use crate::values::{to_python, with_settings};

/// A number for each image.
type Numbers<'py> = Bound<'py, PyArray1<i64>>;

/// A run folder, and the images of the run.
#[pyclass(frozen, subclass, module = "spikenas._spikenas")]
pub struct Run {
    /// Where it lies.
    pub path: PathBuf,
    /// Where CIFAR lies now.
    data_dir: Option<PathBuf>,
    /// Its images, once they were read.
    images: PyOnceLock<Py<Dataset>>,
}

/// What is trained in a run folder.
pub struct Trainee {
    /// All settings.
    pub config: RunConfig,
    /// The architecture.
    pub architecture: Architecture,
    /// The images.
    pub dataset: Arc<spikenas::Dataset>,
}

impl Run {
    /// The images, which are read once.
    fn images(&self, py: Python<'_>) -> PyResult<&Py<Dataset>> {
        self.images.get_or_try_init(py, || {
            let read = || -> Result<Dataset> {
                let (_, config) = RunFolder::existing(&self.path)?;
                let folder = self.data_dir.clone().unwrap_or(config.data.folder);
                let place = DataConfig { folder, ..config.data };
                let dataset = place.open(&self.path, &mut Silent)?;
                Ok(Dataset::read(place.source, place.folder, dataset))
            };
            Py::new(py, py.detach(read).map_err(raised)?)
        })
    }

    /// The architecture that was given or found.
    fn known_architecture(&self) -> Result<Option<Architecture>> {
        let (folder, config) = RunFolder::existing(&self.path)?;
        let found = || Ok(folder.search_record()?.map(|record| record.architecture));
        config.architecture.map_or_else(found, |architecture| Ok(Some(architecture)))
    }

    /// What is trained, checked against the records.
    pub fn trainee(&self, py: Python<'_>) -> PyResult<Trainee> {
        let images = self.images(py)?.get();
        let dataset = images.dataset.clone();
        let read = || -> Result<Trainee> {
            let (folder, mut config) = RunFolder::existing(&self.path)?;
            let unfinished = || Error::file(&self.path, "its search is not finished: repeat it in the same folder");
            let architecture = self.known_architecture()?.ok_or_else(unfinished)?;
            folder.winner(&config, dataset.train.shape)?;
            config.data = images.config();
            Ok(Trainee { config, architecture, dataset: dataset.clone() })
        };
        py.detach(read).map_err(raised)
    }
}

#[pymethods]
impl Run {
    /// Opens a run folder. Its images are read when they are needed, `data_dir` says where CIFAR lies now; or they are those of
    /// `dataset`.
    #[new]
    #[pyo3(signature = (path, data_dir = None, dataset = None))]
    fn new(
        py: Python<'_>,
        path: PathBuf,
        data_dir: Option<PathBuf>,
        dataset: Option<Bound<'_, Dataset>>,
    ) -> PyResult<Self> {
        let (_, config) = RunFolder::existing(&path).map_err(raised)?;
        let images = PyOnceLock::new();
        if let Some(dataset) = dataset {
            let found = dataset.get().fingerprint(py);
            if let Some(own) = config.data.fingerprint.filter(|own| *own != found) {
                let reason = format!("its images have the fingerprint {own}, these {found}: give those of the run");
                return Err(raised(Error::file(&path, reason)));
            }
            images.get_or_init(py, || dataset.unbind());
        }
        Ok(Self { path, data_dir, images })
    }

    /// The folder.
    #[getter]
    fn path(&self) -> PathBuf {
        self.path.clone()
    }

    /// All settings, as `config.toml` has them, with the sizes of the network that the search has chosen.
    #[getter]
    fn config<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        to_python(py, &RunFolder::existing(&self.path).map_err(raised)?.1)
    }

    /// Training and test images.
    #[getter]
    fn dataset(&self, py: Python<'_>) -> PyResult<Py<Dataset>> {
        Ok(self.images(py)?.clone_ref(py))
    }

    /// The graph of layers of the network that is trained, see `spikenas.graph`.
    #[getter]
    fn graph<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        if let Some(graph) = py.detach(|| RunRecords::read(&self.path)).graph {
            return to_python(py, &graph);
        }
        let Trainee { config, architecture, dataset } = self.trainee(py)?;
        to_python(py, &Graph::new(&architecture, &config.network, dataset.train.shape).map_err(raised)?)
    }

    /// What the records say, as far as they are there: `architecture`, `answers` of the search and their `networks`,
    /// `candidates`, `epochs`, `test` (of the model that the run has now), `front`, `operations` and `energy_pj` of an
    /// inference, `concerns` and `faults`.
    fn records<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyDict>> {
        let run = py.detach(|| RunRecords::read(&self.path));
        let operations = run.operations();
        let records = PyDict::new(py);
        records.set_item("architecture", run.architecture().map(|architecture| architecture.to_string()))?;
        // The search's own answer, and those to its other limits, each with its network.
        let answers: Vec<&SearchRecord> =
            run.search.iter().flat_map(|search| std::iter::once(search).chain(&search.answers)).collect();
        let network = |answer: &&SearchRecord| Some(answer.network(&run.config.as_ref()?.network));
        let networks: Vec<Option<NetworkConfig>> = answers.iter().map(network).collect();
        records.set_item("answers", to_python(py, &answers)?)?;
        records.set_item("networks", to_python(py, &networks)?)?;
        records.set_item("candidates", to_python(py, &run.candidates)?)?;
        records.set_item("epochs", to_python(py, &run.epochs)?)?;
        records.set_item("test", to_python(py, &run.current_test())?)?;
        records.set_item("front", to_python(py, &run.front)?)?;
        records.set_item("energy_pj", operations.as_ref().map(spikenas::cost::Operations::energy_pj))?;
        records.set_item("operations", to_python(py, &operations)?)?;
        records.set_item("concerns", run.concerns())?;
        records.set_item("faults", run.faults)?;
        Ok(records)
    }

    /// The page of the run, HTML: what `spikenas report` writes.
    fn page(&self, py: Python<'_>) -> PyResult<String> {
        let page = || Ok(page(&Report::new(&[Records::read(&self.path)?])?));
        py.detach(page).map_err(raised)
    }

    /// Places of the training images that are trained on, and of those held out to choose the epoch by: two arrays of int64.
    fn split<'py>(&self, py: Python<'py>) -> PyResult<(Numbers<'py>, Numbers<'py>)> {
        let Trainee { config, dataset, .. } = self.trainee(py)?;
        let split = config.train.split(&dataset).map_err(raised)?;
        let [learned, held_out] = [split.learned, split.held_out]
            .map(|indices| PyArray1::from_vec(py, indices.into_iter().map(|index| index as i64).collect()));
        Ok((learned, held_out))
    }

    /// The learning rate of a step: epochs count from 1, the steps of an epoch from 0.
    fn learning_rate(&self, epoch: usize, step: usize, steps: usize) -> PyResult<f64> {
        if epoch == 0 || step >= steps {
            return Err(invalid(format!("step {step} of {steps} in epoch {epoch}: epochs count from 1, steps from 0")));
        }
        let (_, config) = RunFolder::existing(&self.path).map_err(raised)?;
        Ok(config.train.learning_rate(Position { epoch, step, steps }))
    }

    /// Timesteps with which an epoch trains, counted from 1.
    fn timesteps(&self, epoch: usize) -> PyResult<usize> {
        let (_, config) = RunFolder::existing(&self.path).map_err(raised)?;
        Ok(config.train.timesteps(epoch, &config.network))
    }
}

/// Makes a run folder for the training of an architecture.
///
/// `recipe`: "snasnet" or "fast", or that of the images. `training` and `network` replace single settings, by their names in
/// `config.toml`; `found_by`: the run folder whose search found it.
#[pyfunction]
#[pyo3(signature = (path, architecture, dataset, recipe = None, training = None, network = None, found_by = None))]
#[expect(clippy::too_many_arguments, reason = "they are keywords in Python")]
pub fn new_run(
    py: Python<'_>,
    path: PathBuf,
    architecture: &str,
    dataset: &Bound<'_, Dataset>,
    recipe: Option<&str>,
    training: Option<&Bound<'_, PyDict>>,
    network: Option<&Bound<'_, PyDict>>,
    found_by: Option<PathBuf>,
) -> PyResult<()> {
    let images = dataset.get();
    let (source, dataset) = (&images.source, &images.dataset);
    let architecture = parse(architecture)?;
    let preset = TrainConfig::for_data(None, source, dataset.train.len(), dataset.train.frames);
    let own = NetworkOptions::default().config(source, Some(dataset.outline())).map_err(raised)?;
    let config = RunConfig {
        version: FORMAT_VERSION,
        architecture: None,
        data: images.config(),
        network: with_settings(&own, network, "network")?,
        score: ScoreConfig::default(),
        search: SearchConfig::default(),
        train: trained_by(&preset, recipe, training)?,
        lineage: found_by.map(|path| Lineage { found_by: Some(path), weights: None }),
    };
    let config = config.of_architecture(&architecture);
    config.check().map_err(raised)?;
    py.detach(|| {
        Graph::new(&architecture, &config.network, dataset.train.shape)?;
        RunFolder::open(&path, &config, &mut Silent).map(drop)
    })
    .map_err(raised)
}

/// The settings of a training by a recipe, with some of them replaced; a part of the images that is held out chooses the epoch.
pub fn trained_by(
    config: &TrainConfig,
    recipe: Option<&str>,
    settings: Option<&Bound<'_, PyDict>>,
) -> PyResult<TrainConfig> {
    let by_recipe = match recipe {
        Some(name) => config.by(name.parse::<Recipe>().map_err(raised)?),
        None => config.clone(),
    };
    let mut trained = with_settings(&by_recipe, settings, "training")?;
    let says = |name: &str| settings.is_some_and(|settings| settings.contains(name).unwrap_or(false));
    if says("validation") && !says("choice") {
        trained.hold_out(trained.validation);
    }
    Ok(trained)
}

/// Opens the folder of a run to write into it. A training that goes on may have another number of epochs than it began with.
pub fn open_to_train(path: &Path, config: &RunConfig, progress: &mut dyn spikenas::Progress) -> Result<RunFolder> {
    let (_, old) = RunFolder::existing(path)?;
    let mut opened = config.clone();
    (opened.train.epochs, opened.train.minutes) = (old.train.epochs, old.train.minutes);
    let folder = RunFolder::open(path, &opened, progress)?;
    run::reschedule(&folder, &opened, config, progress)?;
    Ok(folder)
}
