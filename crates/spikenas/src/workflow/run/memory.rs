use crate::Result;
use crate::data::Dataset;
use crate::engine::{Engine, check_memory};
use crate::graph::Graph;
use crate::train::TrainConfig;

/// Memory of the program itself and its threads.
const PROGRAM: f64 = 3e7;

/// Copies of the parameters that an average takes: its own, those of a state and its file, and of the network that is tested.
const AVERAGES: usize = 4;

/// The most memory that the process is expected to take in training, in bytes, where the engine knows.
pub(super) fn peak_memory(config: &TrainConfig, engine: &dyn Engine, graph: &Graph, dataset: &Dataset) -> Option<f64> {
    let held_out = config.validation * dataset.train.len() as f64;
    let images = (dataset.train.len() + dataset.test.len()) as f64 + held_out;
    let part = config.batch.min(dataset.train.len()).div_ceil(config.accumulate);
    let parameters: usize = graph.parameters().iter().map(|p| p.shape.iter().product::<usize>()).sum();
    let averages = if config.estimates() > 0 { AVERAGES * parameters * size_of::<f32>() } else { 0 };
    let step = engine.training_memory(graph, part)? as f64;
    Some(PROGRAM + images * graph.sample_len() as f64 + averages as f64 + step)
}

/// Whether a training fits into the memory that there is.
///
/// Errors: it certainly does not.
pub(super) fn check_peak(config: &TrainConfig, engine: &dyn Engine, graph: &Graph, dataset: &Dataset) -> Result<()> {
    let Some(bytes) = peak_memory(config, engine, graph, dataset) else { return Ok(()) };
    check_memory(bytes, "training", "lower the batch or the widths, or accumulate over more parts of a batch")
}
