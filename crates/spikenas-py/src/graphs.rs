use pyo3::prelude::*;
use pyo3::types::PyDict;
use spikenas::graph::{Graph, NetworkConfig, Shape};
use spikenas::space::{Architecture, Digits};

use crate::error::raised;
use crate::values::{to_python, with_settings};

/// The graph of layers of an architecture, as a dictionary.
///
/// `architecture`: a connection matrix such as "0313 0031 0003 0000", or one per cell joined by "/". `preset`: the settings of the
/// network ("sample", "cifar10", "cifar100", "snasnet-cifar10"). `image`: channels, rows and columns. Other keywords replace single
/// settings, such as `widths=[16, 32]`, `timesteps=4`.
///
/// The dictionary has `architecture`, `config`, `input` and `nodes`: every layer in the order of execution with what it reads
/// (`inputs`, places in the list), the shape of what it gives for one image at one timestep, and when that changes (`time`).
#[pyfunction]
#[pyo3(signature = (architecture, preset = "cifar10", image = (3, 32, 32), **settings))]
pub fn graph<'py>(
    py: Python<'py>,
    architecture: &str,
    preset: &str,
    image: (usize, usize, usize),
    settings: Option<&Bound<'py, PyDict>>,
) -> PyResult<Bound<'py, PyAny>> {
    let architecture = Architecture::parse(architecture, Digits::Snasnet).map_err(raised)?;
    let preset = NetworkConfig::preset(preset).map_err(raised)?;
    let config = with_settings(&preset, settings, "network")?;
    let (channels, height, width) = image;
    let graph = Graph::new(&architecture, &config, Shape { channels, height, width }).map_err(raised)?;
    to_python(py, &graph)
}
