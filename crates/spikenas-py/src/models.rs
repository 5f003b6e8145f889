//! Trained networks from files and into them.

use std::path::{Path, PathBuf};

use pyo3::prelude::*;
use pyo3::types::PyDict;
use spikenas::graph::Graph;
use spikenas::weights::{Model, Weights};
use spikenas::workflow::run::RunFolder;

use crate::arrays::{to_arrays, to_tensors};
use crate::error::{invalid, raised};
use crate::values::to_python;

/// The model of a run folder or of a safetensors file, as a dictionary: `graph`, `tensors` (arrays of float32 by their names in
/// the state dict), `batches_tracked` and `origin` (what it was trained on, or None).
#[pyfunction]
pub fn load_model(py: Python<'_>, path: PathBuf) -> PyResult<Bound<'_, PyDict>> {
    let (model, graph) = py.detach(|| read(&path)).map_err(raised)?;
    let loaded = PyDict::new(py);
    loaded.set_item("graph", to_python(py, &graph)?)?;
    loaded.set_item("tensors", to_arrays(py, model.weights.tensors())?)?;
    loaded.set_item("batches_tracked", model.weights.batches_tracked)?;
    loaded.set_item("origin", to_python(py, &model.origin)?)?;
    Ok(loaded)
}

fn read(path: &Path) -> spikenas::Result<(Model, Graph)> {
    if path.is_dir() {
        let (folder, config) = RunFolder::existing(path)?;
        folder.check_model()?;
        let loaded = folder.load_model(&config)?;
        return Ok((loaded.model, loaded.graph));
    }
    let model = Model::load(path)?;
    let graph = model.graph(path)?;
    Ok((model, graph))
}

/// Writes a safetensors file as the library does, with the description of the network and a checksum.
///
/// Errors: tensors that are not the graph's.
#[pyfunction]
#[pyo3(signature = (path, graph, tensors, batches_tracked = 0))]
pub fn save_model(
    py: Python<'_>,
    path: PathBuf,
    graph: &Bound<'_, PyDict>,
    tensors: &Bound<'_, PyDict>,
    batches_tracked: u64,
) -> PyResult<()> {
    let text: String = py.import("json")?.call_method1("dumps", (graph,))?.extract()?;
    let graph: Graph = serde_json::from_str(&text).map_err(|e| invalid(format!("the graph: {e}")))?;
    let weights = Weights::new(to_tensors(tensors)?, batches_tracked);
    weights.check(&graph).map_err(raised)?;
    py.detach(|| weights.save(&path, &graph, None)).map_err(raised)
}
