//! The extension module `spikenas._spikenas`: the library's graphs, runs, models and trainings for Python.
//!
//! Nothing is computed here. Graphs, settings and records go over as plain dictionaries, tensors as NumPy arrays. A training runs
//! the library's own loop, and what runs the network may be an object of Python: see [`engine`].
//!
//! Unlike the rest of the project, the crate cannot forbid `unsafe` code: the macros of PyO3 write what the interpreter calls.

use pyo3::prelude::*;

mod arrays;
mod engine;
mod error;
mod graphs;
mod models;
mod progress;
mod runs;
mod training;
mod values;

/// The library behind the package `spikenas`; use that.
#[pymodule]
fn _spikenas(module: &Bound<'_, PyModule>) -> PyResult<()> {
    let py = module.py();
    module.add("__version__", env!("CARGO_PKG_VERSION"))?;
    module.add("Error", py.get_type::<error::Error>())?;
    module.add("ArgumentError", error::argument_error(py)?)?;
    module.add_function(wrap_pyfunction!(graphs::graph, module)?)?;
    module.add_function(wrap_pyfunction!(models::load_model, module)?)?;
    module.add_function(wrap_pyfunction!(models::save_model, module)?)?;
    module.add_function(wrap_pyfunction!(runs::new_run, module)?)?;
    module.add_function(wrap_pyfunction!(training::train, module)?)?;
    module.add_function(wrap_pyfunction!(training::evaluate, module)?)?;
    module.add_class::<runs::Run>()
}
