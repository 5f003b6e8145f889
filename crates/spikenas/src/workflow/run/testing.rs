use std::path::Path;

use super::folder::RunFolder;
use crate::data::Dataset;
use crate::engine::{BATCH, Engine, Evaluation, evaluate};
use crate::graph::Graph;
use crate::progress::Progress;
use crate::weights::Weights;
use crate::{Error, Result};

/// Tests the model of a run folder on a dataset's test images, and keeps the result there.
pub fn test_folder(
    folder: &RunFolder,
    dataset: &Dataset,
    engine: &dyn Engine,
    progress: &mut dyn Progress,
) -> Result<Evaluation> {
    let path = folder.model_path();
    let (weights, graph) = load_model(&path)?;
    let evaluation = test(&path, &weights, &graph, dataset, engine, progress)?;
    folder.keep_evaluation(&evaluation)?;
    Ok(evaluation)
}

/// Weights and the network that their file describes.
pub fn load_model(path: &Path) -> Result<(Weights, Graph)> {
    let (weights, description) = Weights::load(path)?;
    let description = description
        .ok_or_else(|| Error::file(path, "does not say which network it belongs to (metadata key spikenas)"))?;
    let graph = description.graph().map_err(|e| Error::file(path, e.to_string()))?;
    Ok((weights, graph))
}

/// Tests weights from a file on a dataset's test images. Errors name the file where the weights do not fit the graph.
pub fn test(
    path: &Path,
    weights: &Weights,
    graph: &Graph,
    dataset: &Dataset,
    engine: &dyn Engine,
    progress: &mut dyn Progress,
) -> Result<Evaluation> {
    let mut network = engine.network(graph, weights).map_err(|e| Error::file(path, e.to_string()))?;
    let evaluation = evaluate(network.as_mut(), &dataset.test, &dataset.normalisation, BATCH, progress)?;
    Ok(evaluation.illustrated(&dataset.test, &dataset.classes))
}
