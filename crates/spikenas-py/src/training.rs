//! Trainings and tests of a run, on the library's engine or on one of Python: the library's own loop, records and checkpoints.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use pyo3::prelude::*;
use pyo3::types::PyDict;
use spikenas::engine::{self, Engine};
use spikenas::workflow::run::{self, EvaluationRecord, RunFolder};
use spikenas::{Dataset, Progress, Result};

use crate::datasets;
use crate::engine::{PythonEngine, shielded};
use crate::progress::PythonProgress;
use crate::runs::{Run, Trainee, open_to_train, trained_by};
use crate::values::to_python;
use crate::work::Caller;

/// Trains a run's winner into the run's folder: on an object of Python, or without one on the library's engine.
///
/// A training that was begun goes on from its checkpoint. `settings` replace single settings of the training; once it has
/// begun, only `epochs` may change. `progress` of an engine of Python is asked whether to stop, too; `threads` are those of the
/// library's engine.
#[pyfunction]
#[pyo3(signature = (run, engine = None, progress = None, recipe = None, threads = None, **settings))]
pub fn train<'py>(
    py: Python<'py>,
    run: &Bound<'py, Run>,
    engine: Option<Bound<'py, PyAny>>,
    progress: Option<Bound<'py, PyAny>>,
    recipe: Option<&str>,
    threads: Option<usize>,
    settings: Option<&Bound<'py, PyDict>>,
) -> PyResult<()> {
    let path = run.get().path.clone();
    let mut trainee = run.get().trainee(py)?;
    trainee.config.train = trained_by(&trainee.config.train, recipe, settings)?;
    match engine {
        Some(engine) => {
            let (engine, mut progress) = (PythonEngine::new(engine)?, PythonProgress::of(progress)?);
            shielded(py, || train_into(&path, trainee, &engine, &mut progress))
        }
        None => Caller::listening(progress, threads)
            .attend(py, move |worker| train_into(&path, trainee, engine::engine("cpu")?.as_ref(), worker)),
    }
}

fn train_into(path: &Path, trainee: Trainee, engine: &dyn Engine, progress: &mut dyn Progress) -> Result<()> {
    let Trainee { mut config, architecture, dataset } = trainee;
    run::check_training(&config, &dataset, engine)?;
    let folder = open_to_train(path, &config, progress)?;
    run::plan(&mut config, &architecture, &dataset, engine, &folder, 0.0, progress)?;
    run::train(&config, &architecture, &dataset, engine, &folder, true, progress).map(drop)
}

/// Tests the model of a run folder or of a safetensors file on the test images of a dataset, or on those of its training;
/// returns the record, which a run keeps where it is to.
#[pyfunction]
#[pyo3(signature = (
    model, dataset = None, engine = None, progress = None, keep = false, data_dir = PathBuf::from("data"), threads = None
))]
#[expect(clippy::too_many_arguments, reason = "they are keywords in Python")]
pub fn evaluate<'py>(
    py: Python<'py>,
    model: PathBuf,
    dataset: Option<&Bound<'py, datasets::Dataset>>,
    engine: Option<Bound<'py, PyAny>>,
    progress: Option<Bound<'py, PyAny>>,
    keep: bool,
    data_dir: PathBuf,
    threads: Option<usize>,
) -> PyResult<Bound<'py, PyAny>> {
    let test = Test { model, dataset: dataset.map(|dataset| dataset.get().dataset.clone()), keep, data_dir };
    let record = match engine {
        Some(engine) => {
            let (engine, mut progress) = (PythonEngine::new(engine)?, PythonProgress::of(progress)?);
            shielded(py, || test.run(&engine, &mut progress))?
        }
        None => Caller::listening(progress, threads)
            .attend(py, move |worker| test.run(engine::engine("cpu")?.as_ref(), worker))?,
    };
    to_python(py, &record)
}

/// A test of a model.
struct Test {
    /// A run folder or a file.
    model: PathBuf,
    /// The images, where they are not those of its training.
    dataset: Option<Arc<Dataset>>,
    /// Whether a run keeps the record.
    keep: bool,
    /// Where CIFAR lies.
    data_dir: PathBuf,
}

impl Test {
    fn run(&self, engine: &dyn Engine, progress: &mut dyn Progress) -> Result<EvaluationRecord> {
        let path = &self.model;
        let of_run = path.is_dir().then(|| RunFolder::existing(path)).transpose()?;
        let model = match &of_run {
            Some((folder, config)) => {
                folder.check_model()?;
                folder.load_model(config)?
            }
            None => run::load_model(path)?,
        };
        let record = match &self.dataset {
            Some(dataset) => model.test(dataset, engine, progress)?,
            None => {
                let images = model.trained_on(&self.data_dir)?.open(path, progress)?;
                model.test(&images, engine, progress)?
            }
        };
        if let Some((folder, config)) = of_run.filter(|_| self.keep) {
            run::keep_test(&folder, &config, &model, &record)?;
        }
        Ok(record)
    }
}
