//! As many epochs as end in the minutes that there are.

use std::path::Path;

use super::config::RunConfig;
use super::folder::RunFolder;
use crate::data::Dataset;
use crate::engine::Engine;
use crate::graph::Graph;
use crate::progress::{Progress, rough_duration};
use crate::record::files;
use crate::space::Architecture;
use crate::train::{TrainConfig, measure};
use crate::{Result, counted};

/// The part of the time that is spent on measuring, and its least and most in seconds.
const MEASURING: f64 = 0.02;
const SHORTEST: f64 = 0.5;
const LONGEST: f64 = 30.0;
/// The part of the time that is left for what is not measured: files, records, the page.
const REST: f64 = 0.01;

/// Takes over the epochs that a folder's run was planned for, where it has as many minutes.
pub fn adopt_plan(config: &mut RunConfig, path: &Path) {
    if let (Some(_), Ok((_, old))) = (config.train.minutes, RunFolder::existing(path))
        && old.train.minutes == config.train.minutes
    {
        config.train.epochs = old.train.epochs;
    }
}

/// Plans the epochs of a training, where its configuration has minutes and it has not begun, so that it ends in what is left of
/// them after `spent` seconds; keeps the plan in the folder and says it.
///
/// Errors: those of [`measure`], a folder that cannot be written.
pub fn plan(
    config: &mut RunConfig,
    architecture: &Architecture,
    dataset: &Dataset,
    engine: &dyn Engine,
    folder: &RunFolder,
    spent: f64,
    progress: &mut dyn Progress,
) -> Result<()> {
    let Some(minutes) = config.train.minutes else { return Ok(()) };
    if files::is_there(&folder.checkpoint_path())? || folder.has_trained()? {
        return Ok(());
    }
    let left = 60.0 * minutes * (1.0 - REST) - spent;
    let graph = Graph::new(architecture, &config.network, dataset.train.shape)?;
    let measuring = (MEASURING * left).clamp(SHORTEST, LONGEST);
    let (measured, amounts) = measure(&config.train, &graph, engine, dataset, measuring)?;
    let epochs = measured.epochs(&config.train, &config.network, amounts, left - measuring);
    config.train = TrainConfig { epochs, ..config.train.clone() };
    config.save(&folder.config_path())?;
    let seconds = measured.seconds(&config.train, &config.network, amounts, epochs);
    let (planned, time) = (counted(epochs, "epoch"), rough_duration(seconds));
    progress.note(&if seconds > left {
        format!("{planned} planned, which will take about {time}: more than is left of {minutes} minutes")
    } else {
        format!("{planned} planned, which will take about {time}, so that all ends after {minutes} minutes")
    });
    Ok(())
}
