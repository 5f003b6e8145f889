use super::config::ScoreConfig;
use crate::data::{Batch, Dataset, shuffled};
use crate::random::{generator, name_key};
use crate::{Error, Result};

/// The mini-batches that all candidates are scored on: training images, not augmented, drawn by the seed; one per
/// repeat.
///
/// Errors: settings out of range, more images in a mini-batch than there are.
pub fn score_batches(config: &ScoreConfig, dataset: &Dataset) -> Result<Vec<Batch>> {
    config.check()?;
    let count = dataset.train.len();
    if config.batch > count {
        return Err(Error::invalid(format!("batch {} is more than the {count} training images", config.batch)));
    }
    let draw = |repeat: usize| {
        let order = shuffled(count, &mut generator(&[config.seed, name_key("scored images"), repeat as u64]));
        dataset.train.batch(&order[..config.batch], &dataset.normalisation, None)
    };
    Ok((0..config.repeats).map(draw).collect())
}
