//! What a run folder holds of a training besides its epochs.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use super::folder::RunFolder;
use crate::record::{files, read_record_if_there, write_record};
use crate::weights::Selection;
use crate::{Error, Result};

/// The way out where weights are lost.
pub(super) const LOST: &str = "bring it back or train again in another folder";

/// The end of a training: `trained.json`. A folder with it needs no checkpoint any more.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct TrainingEnd {
    /// Format version.
    pub version: u32,
    /// Epochs that were trained: the lines of `train.jsonl`.
    pub epochs: usize,
    /// The epoch whose weights are the model.
    pub best_epoch: usize,
    /// Its accuracy in percent on the images by which it was chosen, if it was.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub best_accuracy: Option<f64>,
    /// How it was chosen.
    #[serde(flatten)]
    pub selection: Selection,
    /// Whether the checkpoint stays.
    pub keeps_checkpoint: bool,
    /// Version of the program.
    pub program: String,
    /// What computed it, where that was not the program's own engine on the CPU.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub engine: Option<String>,
}

impl RunFolder {
    /// `trained.json`: the end of the training.
    pub fn training_end_path(&self) -> PathBuf {
        self.path().join("trained.json")
    }

    /// The end of the training, once it is reached.
    pub fn training_end(&self) -> Result<Option<TrainingEnd>> {
        read_record_if_there(&self.training_end_path())
    }

    /// Records the end of the training.
    pub(super) fn keep_training_end(&self, end: &TrainingEnd) -> Result<()> {
        write_record(&self.training_end_path(), end)
    }

    /// Removes the checkpoint, where there is one.
    pub(super) fn drop_checkpoint(&self) -> Result<()> {
        let path = self.checkpoint_path();
        if files::is_there(&path)? { files::remove(&path) } else { Ok(()) }
    }

    /// Whether anything of a training was kept but a state within its first epoch.
    pub(super) fn has_trained(&self) -> Result<bool> {
        Ok(files::is_there(&self.model_path())?
            || files::is_there(&self.training_end_path())?
            || !self.epochs()?.is_empty())
    }

    /// Whether there is a model to apply. Errors: nothing was trained, or its file is missing.
    pub fn check_model(&self) -> Result<()> {
        let path = self.model_path();
        if files::is_there(&path)? {
            return Ok(());
        }
        match self.epochs()?.len() {
            0 => Err(Error::file(self.path(), "nothing is trained yet: train it")),
            epochs => {
                let way_out = if files::is_there(&self.checkpoint_path())? {
                    "go on with the training or choose another folder"
                } else {
                    LOST
                };
                Err(Error::file(path, format!("is missing, though {epochs} epochs are trained: {way_out}")))
            }
        }
    }

    /// Takes over the finished training of the same network from another folder; what says that it is finished last, so that it
    /// does not say so while anything is missing.
    pub fn copy_training(&self, other: &Self) -> Result<()> {
        let last = if files::is_there(&other.training_end_path())? {
            Self::training_end_path
        } else {
            self.checkpoint_path().parent().map_or(Ok(()), files::create_folder)?;
            Self::checkpoint_path
        };
        let paths = [Self::epochs_path, Self::model_path, last];
        paths.iter().try_for_each(|path| files::copy(&path(other), &path(self)))
    }
}
