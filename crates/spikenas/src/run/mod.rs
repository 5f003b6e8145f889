//! The stages of a run on a dataset, and the folder that keeps their records.

mod confirm;
mod folder;
mod stages;
mod tensorboard;

pub use folder::RunFolder;
pub use stages::{check_search, check_training, score_batches, search, train};

use std::path::Path;

use crate::data::Dataset;
use crate::metrics::{Evaluation, evaluate};
use crate::plan::Plan;
use crate::progress::Progress;
use crate::weights::Weights;
use crate::{Error, Result};

/// Tests the model of a run folder on a dataset's test images, and keeps the result there.
pub fn test_folder(folder: &RunFolder, dataset: &Dataset, progress: &mut dyn Progress) -> Result<Evaluation> {
    let path = folder.model_path();
    let (weights, plan) = load_model(&path)?;
    let evaluation = test(&path, &weights, &plan, dataset, progress)?;
    folder.keep_evaluation(&evaluation)?;
    Ok(evaluation)
}

/// Weights and the network that their file describes.
pub fn load_model(path: &Path) -> Result<(Weights, Plan)> {
    let (weights, description) = Weights::load(path)?;
    let description = description
        .ok_or_else(|| Error::file(path, "does not say which network it belongs to (metadata key spikenas)"))?;
    let plan = description.plan().map_err(|e| Error::file(path, e.to_string()))?;
    Ok((weights, plan))
}

/// Tests weights from a file on a dataset's test images. Errors name the file where the weights do not fit the plan.
pub fn test(
    path: &Path,
    weights: &Weights,
    plan: &Plan,
    dataset: &Dataset,
    progress: &mut dyn Progress,
) -> Result<Evaluation> {
    weights.check(plan).map_err(|e| Error::file(path, e.to_string()))?;
    evaluate(plan, weights, &dataset.test, &dataset.normalisation, progress)
}
