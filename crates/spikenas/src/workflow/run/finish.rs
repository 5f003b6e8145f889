use super::config::RunConfig;
use super::evaluation::EvaluationRecord;
use super::folder::RunFolder;
use super::integers::for_device;
use super::stages::Engines;
use super::testing::test_folder;
use super::training::train;
use crate::data::Dataset;
use crate::progress::Progress;
use crate::space::Architecture;
use crate::train::{EpochRecord, TrainConfig};
use crate::{Error, Result};

/// What became of an architecture.
#[derive(Clone, Debug, PartialEq)]
pub struct Finished {
    /// The epochs of its training.
    pub epochs: Vec<EpochRecord>,
    /// The test of its model.
    pub test: EvaluationRecord,
    /// The test of its integer network, where the run is for a device.
    pub integer: Option<EvaluationRecord>,
}

/// Trains an architecture in a run folder, tests it, and makes its integer network where the run is for a device. What was done before, by
/// this process or an earlier one, is not done again.
///
/// Errors: those of [`train`] and [`test_folder`].
pub fn finish(
    config: &RunConfig,
    architecture: &Architecture,
    dataset: &Dataset,
    Engines { cpu, device }: Engines<'_>,
    folder: &RunFolder,
    progress: &mut dyn Progress,
) -> Result<Finished> {
    let epochs = train(config, architecture, dataset, device, folder, true, progress)?;
    let test = test_folder(folder, config, dataset, cpu.as_ref(), progress)?;
    let integer = for_device(folder, config, dataset, cpu.as_ref(), progress)?;
    Ok(Finished { epochs, test, integer })
}

/// Whether a training that is to be compared with others has its epochs given, not planned from minutes.
pub fn check_epochs_given(train: &TrainConfig) -> Result<()> {
    match train.minutes {
        Some(minutes) => Err(Error::invalid(format!(
            "minutes {minutes}: several trainings compare only with equally many epochs, give epochs instead"
        ))),
        None => Ok(()),
    }
}
