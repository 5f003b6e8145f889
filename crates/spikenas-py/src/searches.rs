//! Searches and scores.

use std::path::PathBuf;

use pyo3::prelude::*;
use pyo3::types::PyDict;
use spikenas::Progress;
use spikenas::engine::engine;
use spikenas::graph::NetworkConfig;
use spikenas::score::{ScoreKind, Scorer};
use spikenas::space::Architecture;
use spikenas::workflow;
use spikenas::workflow::options::{ScoreOptions, SearchOptions};
use spikenas::workflow::run::{self, Engines, RunFolder};

use crate::architectures::parse;
use crate::datasets::Dataset;
use crate::error::raised;
use crate::values::{from_python, to_python, with_settings};
use crate::work::Caller;

/// Searches for an architecture in a run folder, or goes on there.
///
/// `options`: groups of what is said of the search, as `spikenas::workflow::options` has them; `training`: settings of the
/// training by their names in `config.toml`, those of the folder where it has any. `objective`: a function of an architecture,
/// the settings of its network and the shape of an image, instead of a score of the library.
#[pyfunction]
#[pyo3(signature = (path, dataset, options, training = None, objective = None, threads = None, progress = None))]
#[expect(clippy::too_many_arguments, reason = "they are keywords in Python")]
pub fn search<'py>(
    py: Python<'py>,
    path: PathBuf,
    dataset: &Bound<'py, Dataset>,
    options: &Bound<'py, PyDict>,
    training: Option<&Bound<'py, PyDict>>,
    objective: Option<Bound<'py, PyAny>>,
    threads: Option<usize>,
    progress: Option<Bound<'py, PyAny>>,
) -> PyResult<()> {
    let options: SearchOptions = from_python(options, "the search")?;
    let (data, dataset) = (dataset.get().config(), dataset.get().dataset.clone());
    let mut config = options.config(data, dataset.outline()).map_err(raised)?;
    config.train = with_settings(&config.train, training, "training")?;
    if let (None, Ok((_, old))) = (training, RunFolder::existing(&path)) {
        // A search says nothing of the training after it.
        config.train = old.train;
    }
    let is_own = objective.is_some();
    Caller { progress, objective, threads }.attend(py, move |worker| {
        let engine = engine("cpu")?;
        run::check_search(&config, &dataset, &engine)?;
        RunFolder::check_supernet(&path, &config)?;
        let folder = RunFolder::open(&path, &config, worker)?;
        let engines = Engines { cpu: &engine, device: engine.as_ref() };
        let own = is_own.then(|| worker.objective());
        let own = own.as_ref().map(|objective| objective as &dyn Scorer);
        let record = run::find_by(&config, &dataset, engines, own, Some(&folder), worker)?;
        record.concern().iter().for_each(|concern| worker.note(concern));
        folder.keep_search(&record, &config)
    })
}

/// Scores architectures on the training images of a dataset; returns a dictionary for each, in their order.
///
/// `network`: all settings of the network around their cells; `options`: what is said of the score; `preset`: the network's,
/// where it has one.
#[pyfunction]
#[pyo3(signature = (architectures, dataset, network, options, preset = None, seed = 1, threads = None, progress = None))]
#[expect(clippy::too_many_arguments, reason = "they are keywords in Python")]
pub fn score<'py>(
    py: Python<'py>,
    architectures: Vec<String>,
    dataset: &Bound<'py, Dataset>,
    network: &Bound<'py, PyDict>,
    options: &Bound<'py, PyDict>,
    preset: Option<&str>,
    seed: u64,
    threads: Option<usize>,
    progress: Option<Bound<'py, PyAny>>,
) -> PyResult<Bound<'py, PyAny>> {
    let dataset = dataset.get().dataset.clone();
    let network: NetworkConfig = from_python(network, "the network")?;
    network.check().map_err(raised)?;
    let options: ScoreOptions = from_python(options, "the score")?;
    let config = options.config(preset, ScoreKind::Funnel, seed).map_err(raised)?;
    let architectures = architectures.iter().map(|text| parse(text)).collect::<PyResult<Vec<Architecture>>>()?;
    let scored = Caller::listening(progress, threads).attend(py, move |worker| {
        workflow::score(&architectures, &network, &config, &dataset, &engine("cpu")?, worker)
    })?;
    to_python(py, &scored)
}
