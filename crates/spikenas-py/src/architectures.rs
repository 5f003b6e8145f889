//! Architectures: their cells, their drawing, their graph of layers, their memory.

use pyo3::prelude::*;
use pyo3::types::PyDict;
use spikenas::cost::{Bits, LeakKind, Memory, Schedule};
use spikenas::data::{Outline, Source};
use spikenas::graph::{Graph, NetworkConfig, Shape};
use spikenas::report::draw_architecture;
use spikenas::space::{Architecture, Digits};
use spikenas::workflow::options::NetworkOptions;

use crate::error::raised;
use crate::values::{from_python, to_python, with_settings};

/// Reads an architecture.
pub fn parse(text: &str) -> PyResult<Architecture> {
    Architecture::parse(text, Digits::Snasnet).map_err(raised)
}

/// The connection matrix of each of an architecture's cells, as text; one where all are alike and written once.
#[pyfunction]
pub fn cells(architecture: &str) -> PyResult<Vec<String>> {
    let cells = parse(architecture)?;
    let matrix = |&cell| Ok(Architecture::repeated(cell, 1).map_err(raised)?.to_string());
    cells.cells().iter().map(matrix).collect()
}

/// An architecture as an SVG: its cell, or its cells one under the other where they differ.
#[pyfunction]
pub fn draw(architecture: &str) -> PyResult<String> {
    Ok(draw_architecture(&parse(architecture)?))
}

/// All settings of a network, as `config.toml` has them, from those that are said; what is not said follows from where images
/// come from, and from their number of classes and their shape (channels, rows, columns) where these are known.
#[pyfunction]
#[pyo3(signature = (options, source, images = None))]
pub fn network<'py>(
    py: Python<'py>,
    options: &Bound<'py, PyDict>,
    source: &str,
    images: Option<(usize, [usize; 3])>,
) -> PyResult<Bound<'py, PyAny>> {
    let images = images.map(|(classes, [channels, height, width])| Outline {
        classes,
        shape: Shape { channels, height, width },
        frames: 1,
        samples: 0,
    });
    let options: NetworkOptions = from_python(options, "settings of the network")?;
    let source: Source = source.parse().map_err(raised)?;
    to_python(py, &options.config(&source, images).map_err(raised)?)
}

/// The graph of layers of an architecture, as a dictionary.
///
/// `architecture`: a connection matrix such as "0313 0031 0003 0000", or one per cell joined by "/". `preset`: the settings of
/// the network ("sample", "cifar10", "cifar100", "snasnet-cifar10"). `image`: channels, rows and columns. Other keywords
/// replace single settings, such as `widths=[16, 32]`, `timesteps=4`.
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
    let architecture = parse(architecture)?;
    let preset = NetworkConfig::preset(preset).map_err(raised)?;
    let config = with_settings(&preset, settings, "network")?;
    let (channels, height, width) = image;
    let graph = Graph::new(&architecture, &config, Shape { channels, height, width }).map_err(raised)?;
    to_python(py, &graph)
}

/// The memory of a graph of layers as a dictionary: parameters, bytes at `bits` per parameter, each layer, and what the integer
/// network takes on a device.
///
/// `leak` and `schedule`: those of the integer network, or those that suit it.
#[pyfunction]
#[pyo3(signature = (graph, bits = 32, leak = None, schedule = None))]
pub fn memory<'py>(
    py: Python<'py>,
    graph: &Bound<'py, PyDict>,
    bits: u32,
    leak: Option<&str>,
    schedule: Option<&str>,
) -> PyResult<Bound<'py, PyAny>> {
    let graph: Graph = from_python(graph, "the graph")?;
    let leak = leak.map(str::parse::<LeakKind>).transpose().map_err(raised)?;
    let schedule = schedule.map(str::parse::<Schedule>).transpose().map_err(raised)?;
    let bits = Bits::new(bits).map_err(raised)?;
    to_python(py, &Memory::new(&graph, bits, leak, schedule).map_err(raised)?)
}
