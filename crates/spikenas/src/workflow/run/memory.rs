use crate::Result;
use crate::data::Dataset;
use crate::engine::{Engine, check_memory};
use crate::graph::Graph;
use crate::train::TrainConfig;

/// Memory of the program itself and its threads.
const PROGRAM: f64 = 3e7;

/// The most memory that the process is expected to take in training, in bytes, where the engine knows.
pub(super) fn peak_memory(config: &TrainConfig, engine: &dyn Engine, graph: &Graph, dataset: &Dataset) -> Option<f64> {
    let held_out = config.validation * dataset.train.len() as f64;
    let images = (dataset.train.len() + dataset.test.len()) as f64 + held_out;
    let part = config.batch.min(dataset.train.len()).div_ceil(config.accumulate);
    Some(PROGRAM + images * graph.input.len() as f64 + engine.training_memory(graph, part)? as f64)
}

/// Whether a training fits into the memory that there is.
///
/// Errors: it certainly does not.
pub(super) fn check_peak(config: &TrainConfig, engine: &dyn Engine, graph: &Graph, dataset: &Dataset) -> Result<()> {
    let Some(bytes) = peak_memory(config, engine, graph, dataset) else { return Ok(()) };
    check_memory(bytes, "training", "lower the batch or the widths, or accumulate over more parts of a batch")
}
