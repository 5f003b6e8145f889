//! The extension module `spikenas._spikenas`: the library's searches, runs, models and trainings for Python.
//!
//! Nothing is computed here. Graphs, settings and records go over as plain dictionaries, tensors as NumPy arrays. A training
//! runs the library's own loop, and what runs the network may be an object of Python: see [`engine`]. Long work leaves the
//! interpreter to others and heeds Ctrl-C: see [`work`].
//!
//! Unlike the rest of the project, the crate cannot forbid `unsafe` code: the macros of PyO3 write what the interpreter calls.

use pyo3::prelude::*;

mod architectures;
mod arrays;
mod datasets;
mod engine;
mod error;
mod exports;
mod models;
mod progress;
mod recordings;
mod runs;
mod searches;
mod training;
mod values;
mod work;

/// The library behind the package `spikenas`; use that.
#[pymodule]
fn _spikenas(module: &Bound<'_, PyModule>) -> PyResult<()> {
    let py = module.py();
    module.add("__version__", env!("CARGO_PKG_VERSION"))?;
    module.add("Error", py.get_type::<error::Error>())?;
    module.add("ArgumentError", error::argument_error(py)?)?;
    module.add_function(wrap_pyfunction!(architectures::cells, module)?)?;
    module.add_function(wrap_pyfunction!(architectures::draw, module)?)?;
    module.add_function(wrap_pyfunction!(architectures::graph, module)?)?;
    module.add_function(wrap_pyfunction!(architectures::memory, module)?)?;
    module.add_function(wrap_pyfunction!(architectures::network, module)?)?;
    module.add_function(wrap_pyfunction!(exports::export, module)?)?;
    module.add_function(wrap_pyfunction!(exports::quantise, module)?)?;
    module.add_function(wrap_pyfunction!(searches::score, module)?)?;
    module.add_function(wrap_pyfunction!(searches::search, module)?)?;
    module.add_function(wrap_pyfunction!(models::load_model, module)?)?;
    module.add_function(wrap_pyfunction!(models::save_model, module)?)?;
    module.add_function(wrap_pyfunction!(runs::new_run, module)?)?;
    module.add_function(wrap_pyfunction!(training::train, module)?)?;
    module.add_function(wrap_pyfunction!(training::evaluate, module)?)?;
    module.add_class::<datasets::Dataset>()?;
    module.add_class::<recordings::Recording>()?;
    module.add_class::<runs::Run>()
}
