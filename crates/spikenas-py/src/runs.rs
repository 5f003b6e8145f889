//! Run folders: what is to be trained in them, on which images, and how.

use std::path::{Path, PathBuf};

use numpy::{PyArray1, PyArrayDyn};
use pyo3::prelude::*;
use pyo3::types::PyDict;
use spikenas::data::{DataConfig, Dataset, Images, Source};
use spikenas::graph::{Graph, NetworkConfig};
use spikenas::record::FORMAT_VERSION;
use spikenas::score::ScoreConfig;
use spikenas::search::SearchConfig;
use spikenas::space::{Architecture, Digits};
use spikenas::train::{Position, Recipe, TrainConfig};
use spikenas::workflow::run::{self, RunConfig, RunFolder};
use spikenas::{Error, Result, Silent};

use crate::arrays::array;
use crate::error::{invalid, raised};
use crate::values::{to_python, with_settings};

/// Pixels of images, [images, channels, rows, columns].
type Pixels<'py> = Bound<'py, PyArrayDyn<u8>>;
/// A number for each image.
type Numbers<'py> = Bound<'py, PyArray1<i64>>;

/// A run folder with its images: what a training of its winner needs, as the library computes it.
#[pyclass(frozen, module = "spikenas")]
pub struct Run {
    /// Where it lies.
    pub path: PathBuf,
    /// Its settings.
    pub config: RunConfig,
    /// What is trained.
    pub architecture: Architecture,
    /// Its images.
    pub dataset: Dataset,
    graph: Graph,
}

impl Run {
    /// Opens a run folder and reads its images, from where they lie now.
    pub fn open(path: &Path, data_dir: Option<PathBuf>) -> Result<Self> {
        let (folder, mut config) = RunFolder::existing(path)?;
        let architecture = match (&config.architecture, folder.search_record()?) {
            (Some(architecture), _) => architecture.clone(),
            (None, Some(record)) => record.architecture,
            (None, None) => return Err(Error::file(path, "its search is not finished: repeat it with the same --out")),
        };
        if let Some(data_dir) = data_dir {
            config.data = DataConfig { folder: data_dir, ..config.data };
        }
        let dataset = config.data.open(path)?;
        folder.winner(&config, dataset.train.shape)?;
        config.data = DataConfig::of(&config.data.source, &config.data.folder, &dataset);
        let graph = Graph::new(&architecture, &config.network, dataset.train.shape)?;
        Ok(Self { path: path.to_path_buf(), config, architecture, dataset, graph })
    }
}

#[pymethods]
impl Run {
    /// Opens a run folder and reads its images; `data_dir` says where CIFAR lies now.
    #[new]
    #[pyo3(signature = (path, data_dir = None))]
    fn new(py: Python<'_>, path: PathBuf, data_dir: Option<PathBuf>) -> PyResult<Self> {
        py.detach(|| Self::open(&path, data_dir)).map_err(raised)
    }

    /// The folder.
    #[getter]
    fn path(&self) -> PathBuf {
        self.path.clone()
    }

    /// All settings, as `config.toml` has them.
    #[getter]
    fn config<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        to_python(py, &self.config)
    }

    /// The architecture that is trained.
    #[getter]
    fn architecture(&self) -> String {
        self.architecture.to_string()
    }

    /// Its graph of layers, see `spikenas.graph`.
    #[getter]
    fn graph<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        to_python(py, &self.graph)
    }

    /// Names of the classes, in the order of the network's outputs.
    #[getter]
    fn classes(&self) -> Vec<String> {
        self.dataset.classes.clone()
    }

    /// The images of a split ("train", "test"): pixels, uint8 [images, channels, rows, columns], and labels, int64 [images].
    fn images<'py>(&self, py: Python<'py>, split: &str) -> PyResult<(Pixels<'py>, Numbers<'py>)> {
        let Images { shape, pixels, labels } = match split {
            "train" => &self.dataset.train,
            "test" => &self.dataset.test,
            _ => return Err(invalid(format!("split {split:?}: choose from train, test"))),
        };
        let size = [labels.len(), shape.channels, shape.height, shape.width];
        let labels = labels.iter().map(|&label| i64::from(label)).collect();
        Ok((array(py, pixels.clone(), &size)?, PyArray1::from_vec(py, labels)))
    }

    /// Images of a split as the network reads them, float32 [images, channels, rows, columns]: (pixel / 255 - mean) / deviation.
    fn normalised<'py>(
        &self,
        py: Python<'py>,
        split: &str,
        indices: Vec<usize>,
    ) -> PyResult<Bound<'py, PyArrayDyn<f32>>> {
        let images = match split {
            "train" => &self.dataset.train,
            "test" => &self.dataset.test,
            _ => return Err(invalid(format!("split {split:?}: choose from train, test"))),
        };
        if let Some(index) = indices.iter().find(|&&index| index >= images.len()) {
            return Err(invalid(format!("image {index}: {split} has {}", images.len())));
        }
        let batch = images.batch(&indices, &self.dataset.normalisation, None);
        let shape = images.shape;
        array(py, batch.images, &[indices.len(), shape.channels, shape.height, shape.width])
    }

    /// Places of the training images that are trained on, and of those held out to choose the epoch by: two arrays of int64.
    fn split<'py>(&self, py: Python<'py>) -> PyResult<(Numbers<'py>, Numbers<'py>)> {
        let split = self.config.train.split(&self.dataset).map_err(raised)?;
        let [learned, held_out] = [split.learned, split.held_out]
            .map(|indices| PyArray1::from_vec(py, indices.into_iter().map(|index| index as i64).collect()));
        Ok((learned, held_out))
    }

    /// The learning rate of a step: epochs count from 1, the steps of an epoch from 0.
    fn learning_rate(&self, epoch: usize, step: usize, steps: usize) -> PyResult<f64> {
        if epoch == 0 || step >= steps {
            return Err(invalid(format!("step {step} of {steps} in epoch {epoch}: epochs count from 1, steps from 0")));
        }
        Ok(self.config.train.learning_rate(Position { epoch, step, steps }))
    }

    /// Timesteps with which an epoch trains, counted from 1.
    fn timesteps(&self, epoch: usize) -> usize {
        self.config.train.timesteps(epoch, self.config.network.timesteps)
    }

    /// The epochs trained so far, as `train.jsonl` has them.
    fn epochs<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        let (folder, _) = RunFolder::existing(&self.path).map_err(raised)?;
        to_python(py, &folder.epochs().map_err(raised)?)
    }

    fn __repr__(&self) -> String {
        format!("Run({:?}, {})", self.path, self.architecture)
    }
}

/// Makes a run folder for the training of an architecture, and opens it.
///
/// `data`: "sample", "cifar10", "cifar100" or a folder of images; `data_dir`: where CIFAR lies. `recipe`: "snasnet" or "fast", or that
/// of the images. `train` and `network` replace single settings, by their names in `config.toml`.
#[pyfunction]
#[pyo3(signature = (path, architecture, *, data = "sample", data_dir = PathBuf::from("data"), recipe = None, train = None, network = None))]
#[expect(clippy::too_many_arguments, reason = "they are keywords in Python")]
pub fn new_run(
    py: Python<'_>,
    path: PathBuf,
    architecture: &str,
    data: &str,
    data_dir: PathBuf,
    recipe: Option<&str>,
    train: Option<&Bound<'_, PyDict>>,
    network: Option<&Bound<'_, PyDict>>,
) -> PyResult<Run> {
    let source: Source = data.parse().map_err(raised)?;
    let architecture = Architecture::parse(architecture, Digits::Snasnet).map_err(raised)?;
    let dataset = py.detach(|| Dataset::open(&source, &data_dir)).map_err(raised)?;
    let preset = TrainConfig { mirror: source.may_be_mirrored(), ..TrainConfig::for_preset(source.preset()) };
    let settings = match recipe {
        Some(name) => preset.by(name.parse::<Recipe>().map_err(raised)?),
        None => preset,
    };
    let own = NetworkConfig { classes: dataset.classes.len(), ..source.network().map_err(raised)? };
    let config = RunConfig {
        version: FORMAT_VERSION,
        architecture: None,
        data: DataConfig::of(&source, &data_dir, &dataset),
        network: with_settings(&own, network, "network")?,
        score: ScoreConfig::default(),
        search: SearchConfig::default(),
        train: with_settings(&settings, train, "training")?,
        lineage: None,
    };
    let config = config.of_architecture(&architecture);
    config.check().map_err(raised)?;
    py.detach(|| {
        let graph = Graph::new(&architecture, &config.network, dataset.train.shape)?;
        RunFolder::open(&path, &config, &mut Silent)?;
        Ok(Run { path, config: config.clone(), architecture, dataset, graph })
    })
    .map_err(raised)
}

/// Opens the folder of a run to write into it. A training that goes on may have another number of epochs than it began with.
pub fn open_to_train(run: &Run, config: &RunConfig, progress: &mut dyn spikenas::Progress) -> Result<RunFolder> {
    let (_, old) = RunFolder::existing(&run.path)?;
    let mut opened = config.clone();
    (opened.train.epochs, opened.train.minutes) = (old.train.epochs, old.train.minutes);
    let folder = RunFolder::open(&run.path, &opened, progress)?;
    run::reschedule(&folder, &opened, config, progress)?;
    Ok(folder)
}
