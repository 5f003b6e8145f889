//! The stages of a run on a dataset, and the folder that keeps their records.

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
