//! Trained networks for devices and other tools.

use std::path::{Path, PathBuf};

use pyo3::prelude::*;
use spikenas::cost::{LeakKind, Schedule, Target, WeightBits};
use spikenas::engine::engine;
use spikenas::export::c::Name;
use spikenas::workflow::run::{self, LoadedIntegers, LoadedModel, RunFolder, check_export};
use spikenas::{Error, Result};

use crate::datasets::Dataset;
use crate::error::{invalid, raised};
use crate::values::to_python;

/// Writes a trained network: "c" (of an integer network, a folder), "nir" or "safetensors" (a file); returns where, and what it
/// takes.
///
/// `model`: a run folder or a safetensors file. `dataset`: the images of which the first `golden` of the test are written with
/// their scores and spikes, by c and nir.
#[pyfunction]
#[pyo3(signature = (model, form, out, dataset = None, integer = false, name = None, schedule = None, golden = 20))]
#[expect(clippy::too_many_arguments, reason = "they are keywords in Python")]
pub fn export<'py>(
    py: Python<'py>,
    model: PathBuf,
    form: &str,
    out: PathBuf,
    dataset: Option<&Bound<'py, Dataset>>,
    integer: bool,
    name: Option<&str>,
    schedule: Option<&str>,
    golden: usize,
) -> PyResult<Bound<'py, PyAny>> {
    if form != "c" && (name.is_some() || schedule.is_some()) {
        return Err(invalid("name and schedule are for c"));
    }
    let name = name.map(str::parse::<Name>).transpose().map_err(raised)?.unwrap_or_default();
    let schedule = schedule.map(str::parse::<Schedule>).transpose().map_err(raised)?;
    let dataset = dataset.map(|dataset| dataset.get().dataset.clone());
    let images = || dataset.as_deref().ok_or_else(|| Error::invalid("its test images are written, too: give images"));
    let write = || {
        check_export(&out)?;
        match (form, integer) {
            ("c", _) => integers(&model)?.to_c(&out, &name, schedule, images()?, golden),
            ("nir", true) => integers(&model)?.to_nir(&out, images()?, golden),
            ("nir", false) => float(&model)?.to_nir(&out, images()?, golden, engine("cpu")?.as_ref()),
            ("safetensors", true) => integers(&model)?.to_safetensors(&out),
            ("safetensors", false) => float(&model)?.to_safetensors(&out),
            _ => Err(Error::unknown("form", form, ["c", "nir", "safetensors"])),
        }
    };
    to_python(py, &py.detach(write).map_err(raised)?)
}

/// Makes the integer network of a run's model and keeps it in the run's folder; returns its record.
#[pyfunction]
#[pyo3(signature = (path, dataset, bits = 8, leak = None, target = None, replace = false))]
pub fn quantise<'py>(
    py: Python<'py>,
    path: PathBuf,
    dataset: &Bound<'py, Dataset>,
    bits: u32,
    leak: Option<&str>,
    target: Option<&str>,
    replace: bool,
) -> PyResult<Bound<'py, PyAny>> {
    let bits = WeightBits::try_from(bits).map_err(raised)?;
    let leak = leak.map(str::parse::<LeakKind>).transpose().map_err(raised)?;
    let target = target.map(str::parse::<Target>).transpose().map_err(raised)?.unwrap_or_default();
    let dataset = dataset.get().dataset.clone();
    let make = || -> Result<_> {
        let (folder, config) = RunFolder::existing(&path)?;
        folder.check_model()?;
        if !replace && spikenas::record::files::is_there(&folder.integer_path())? {
            return Err(Error::file(folder.integer_path(), "is there already: say that it is to be replaced"));
        }
        let (integers, record) = run::quantise(&folder.load_model(&config)?, &dataset, bits, leak, target)?;
        folder.keep_integers(&integers, &record)?;
        Ok(record)
    };
    to_python(py, &py.detach(make).map_err(raised)?)
}

fn float(model: &Path) -> Result<LoadedModel> {
    if !model.is_dir() {
        return run::load_model(model);
    }
    let (folder, config) = RunFolder::existing(model)?;
    folder.check_model()?;
    folder.load_model(&config)
}

fn integers(model: &Path) -> Result<LoadedIntegers> {
    if model.is_dir() { RunFolder::existing(model)?.0.load_integers() } else { LoadedIntegers::load(model) }
}
