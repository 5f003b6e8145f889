use super::config::ScoreConfig;
use crate::data::{Batch, Dataset, shuffled};
use crate::engine::check_memory;
use crate::random::{generator, name_key};
use crate::{Error, Result};

/// The mini-batches that all candidates are scored on: training images, not augmented, drawn by the seed; one per
/// repeat; none for a score that looks at no images.
///
/// Errors: settings out of range, more images in a mini-batch than there are, too little memory for them.
pub fn score_batches(config: &ScoreConfig, dataset: &Dataset) -> Result<Vec<Batch>> {
    config.check()?;
    if !config.kind.is_drawn() {
        return Ok(Vec::new());
    }
    let count = dataset.train.len();
    if config.batch > count {
        return Err(Error::invalid(format!("batch {} is more than the {count} training images", config.batch)));
    }
    let images = config.batch as f64 * config.repeats as f64 * dataset.train.sample_len() as f64;
    check_memory(
        images * size_of::<f32>() as f64,
        "the mini-batches of a score",
        "lower the batch or lower the repeats",
    )?;
    let draw = |repeat: usize| {
        let order = shuffled(count, &mut generator(&[config.seed, name_key("scored images"), repeat as u64]));
        dataset.train.batch(&order[..config.batch], &dataset.normalisation, None)
    };
    Ok((0..config.repeats).map(draw).collect())
}
