use std::path::PathBuf;

use super::config::{Lineage, RunConfig};
use super::folder::RunFolder;
use super::testing::LoadedModel;
use super::training::train;
use crate::cost::WeightBits;
use crate::data::Dataset;
use crate::engine::Engine;
use crate::progress::Progress;
use crate::train::TrainConfig;
use crate::{Error, Result};

/// What the learning rate of a training is multiplied by where it goes on with rounded weights.
const RATE: f64 = 0.25;

impl RunFolder {
    /// `tuned-BITSbit`: the run folder of the training that goes on with weights of so many bits.
    pub fn tuning_path(&self, bits: WeightBits) -> PathBuf {
        self.path().join(format!("tuned-{bits}bit"))
    }
}

/// Trains a run's network on with rounded weights, in a folder within the run's: as the run was trained, but from its model, with a
/// quarter of the learning rate and all timesteps. Goes on where it was interrupted. Returns the model, whose weights are rounded.
///
/// Errors: those of the training; a folder of another training.
pub fn tune(
    (folder, config): (&RunFolder, &RunConfig),
    (bits, epochs): (WeightBits, usize),
    dataset: &Dataset,
    engine: &dyn Engine,
    progress: &mut dyn Progress,
) -> Result<LoadedModel> {
    let float = folder.load_model(config)?;
    let absolute = |path: PathBuf| std::path::absolute(&path).map_err(Error::io(&path));
    let model = absolute(float.path.clone())?;
    let found_by = absolute(folder.path().to_path_buf())?;
    let tuned = RunConfig {
        lineage: Some(Lineage { found_by: Some(found_by), weights: Some(float.model.ancestor(&model)) }),
        train: TrainConfig {
            epochs,
            minutes: None,
            learning_rate: RATE * config.train.learning_rate,
            final_learning_rate: config.train.final_learning_rate.min(RATE * config.train.learning_rate),
            warmup_epochs: 0.0,
            first_timesteps: None,
            norm_gain: TrainConfig::default().norm_gain,
            weight_bits: Some(bits),
            ..config.train.clone()
        },
        ..config.clone().of_architecture(&float.graph.architecture)
    };
    let inner = RunFolder::open(&folder.tuning_path(bits), &tuned, progress)?;
    train(&tuned, &float.graph.architecture, dataset, engine, &inner, true, progress)?;
    inner.load_model(&tuned)
}
