//! Trainings and tests of a run, on the library's engine or on one of Python: the library's own loop, records and checkpoints.

use std::sync::Arc;

use pyo3::prelude::*;
use pyo3::types::PyDict;
use spikenas::engine::{self, Engine};
use spikenas::workflow::run;

use crate::engine::{PythonEngine, shielded};
use crate::error::raised;
use crate::progress::PythonProgress;
use crate::runs::{Run, open_to_train};
use crate::values::{to_python, with_settings};

/// An engine of Python, or where there is none the library's on the CPU.
fn engine(object: Option<Bound<'_, PyAny>>) -> PyResult<Arc<dyn Engine>> {
    match object {
        Some(object) => Ok(Arc::new(PythonEngine::new(object)?)),
        None => engine::engine("cpu").map_err(raised),
    }
}

/// Trains a run's winner on an engine, into the run's folder; returns its epochs as dictionaries.
///
/// A training that was begun goes on from its checkpoint. `settings` replace single settings of the training; once it has begun, only
/// `epochs` may change.
#[pyfunction]
#[pyo3(signature = (run, engine, progress, **settings))]
pub fn train<'py>(
    py: Python<'py>,
    run: &Bound<'py, Run>,
    engine: Option<Bound<'py, PyAny>>,
    progress: Py<PyAny>,
    settings: Option<&Bound<'py, PyDict>>,
) -> PyResult<Bound<'py, PyAny>> {
    let run = run.get();
    let engine = self::engine(engine)?;
    let mut config = run.config.clone();
    config.train = with_settings(&run.config.train, settings, "training")?;
    let mut progress = PythonProgress { object: progress };
    let epochs = shielded(py, || {
        run::check_training(&config, &run.dataset, engine.as_ref())?;
        let folder = open_to_train(run, &config, &mut progress)?;
        run::plan(&mut config, &run.architecture, &run.dataset, engine.as_ref(), &folder, 0.0, &mut progress)?;
        run::train(&config, &run.architecture, &run.dataset, engine.as_ref(), &folder, true, &mut progress)
    })?;
    to_python(py, &epochs)
}

/// Tests a run's model on the run's test images by an engine; returns the record, which is not kept.
#[pyfunction]
pub fn evaluate<'py>(
    py: Python<'py>,
    run: &Bound<'py, Run>,
    engine: Option<Bound<'py, PyAny>>,
    progress: Py<PyAny>,
) -> PyResult<Bound<'py, PyAny>> {
    let run = run.get();
    let engine = self::engine(engine)?;
    let mut progress = PythonProgress { object: progress };
    let record = shielded(py, || {
        let (folder, config) = run::RunFolder::existing(&run.path)?;
        folder.check_model()?;
        folder.load_model(&config)?.test(&run.dataset, engine.as_ref(), &mut progress)
    })?;
    to_python(py, &record)
}
