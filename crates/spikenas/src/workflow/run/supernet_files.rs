//! What a run folder holds of a supernet: `supernet/train.jsonl`, a line per epoch, `supernet/last.safetensors`, where its training
//! resumes and then its weights, and `supernet/supernet.json`, what came of it.

use std::path::{Path, PathBuf};

use super::config::RunConfig;
use super::folder::RunFolder;
use crate::graph::Graph;
use crate::record::{
    append_line, comparable, files, list_differences, read_lines, read_record_if_there, write_lines, write_record,
};
use crate::supernet::{SupernetRecord, supernet_settings};
use crate::train::{Checkpoint, EpochRecord, TrainConfig, TrainingSink};
use crate::{Error, Result};

impl RunFolder {
    fn supernet_path(&self, name: &str) -> PathBuf {
        self.path().join("supernet").join(name)
    }

    /// `supernet/last.safetensors`: where the training of a supernet resumes, and its weights once it is trained.
    pub fn supernet_weights_path(&self) -> PathBuf {
        self.supernet_path("last.safetensors")
    }

    /// `supernet/train.jsonl`: a line per epoch of a supernet.
    pub fn supernet_epochs_path(&self) -> PathBuf {
        self.supernet_path("train.jsonl")
    }

    /// `supernet/supernet.json`: what came of a supernet.
    pub fn supernet_record_path(&self) -> PathBuf {
        self.supernet_path("supernet.json")
    }

    /// What came of the folder's supernet, once it is trained.
    pub fn supernet_record(&self) -> Result<Option<SupernetRecord>> {
        read_record_if_there(&self.supernet_record_path())
    }

    /// Keeps what came of a supernet.
    pub(super) fn keep_supernet(&self, record: &SupernetRecord) -> Result<()> {
        write_record(&self.supernet_record_path(), record)
    }

    /// The epochs of a supernet so far.
    pub(super) fn supernet_epochs(&self) -> Result<Vec<EpochRecord>> {
        read_lines(
            &self.supernet_epochs_path(),
            "an epoch",
            "bring it back, or remove the folder supernet to train it again",
        )
    }

    /// Drops the epochs of a supernet after one, for which no checkpoint was written.
    pub(super) fn truncate_supernet_epochs(&self, last: usize) -> Result<()> {
        let kept: Vec<EpochRecord> = self.supernet_epochs()?.into_iter().filter(|e| e.epoch <= last).collect();
        write_lines(&self.supernet_epochs_path(), &kept)
    }

    /// Removes the weights of a supernet, where there are any.
    pub(super) fn drop_supernet_weights(&self) -> Result<()> {
        let path = self.supernet_weights_path();
        if files::is_there(&path)? { files::remove(&path) } else { Ok(()) }
    }

    /// Whether a search goes on with a supernet that has learned something, and that another configuration would train otherwise.
    pub(super) fn outgrows_supernet(&self, old: &RunConfig, new: &RunConfig) -> Result<bool> {
        let path = self.supernet_weights_path();
        let is_open = old.search.supernet.is_some() && self.search_record()?.is_none() && files::is_there(&path)?;
        if !is_open || !Checkpoint::has_learned(&path)? {
            return Ok(false);
        }
        Ok(comparable(&(shaping(old), &old.network))? != comparable(&(shaping(new), &new.network))?)
    }

    /// Whether the finished search of a folder, if it has one, took a supernet that was trained as a configuration says.
    ///
    /// Errors: it was trained otherwise; what differs.
    pub fn check_supernet(path: &Path, config: &RunConfig) -> Result<()> {
        let (Some(now), folder) = (shaping(config), Self::unlocked(path)) else { return Ok(()) };
        let (Some(record), Some(_)) = (folder.supernet_record()?, folder.search_record()?) else { return Ok(()) };
        let differences = list_differences(&comparable(&record.train)?, &comparable(&now)?);
        if differences.is_empty() {
            return Ok(());
        }
        let reason = format!(
            "its search is finished, by a supernet that was trained otherwise ({}): repeat the options or choose another folder",
            differences.join(", ")
        );
        Err(Error::file(path, reason))
    }
}

/// What the supernet of a search depends on.
fn shaping(config: &RunConfig) -> Option<TrainConfig> {
    config.search.supernet.as_ref().map(|supernet| supernet_settings(&config.train, supernet))
}

/// Keeps the epochs of a supernet: the record first, then the checkpoint.
pub(super) struct SupernetFiles<'a> {
    pub folder: &'a RunFolder,
    /// What the checkpoint's file says of the network.
    pub graph: &'a Graph,
}

impl TrainingSink for SupernetFiles<'_> {
    fn keep(&mut self, record: &EpochRecord, state: &Checkpoint, _: bool) -> Result<()> {
        append_line(&self.folder.supernet_epochs_path(), record)?;
        self.pause(state)
    }

    fn pause(&mut self, state: &Checkpoint) -> Result<()> {
        state.save(&self.folder.supernet_weights_path(), self.graph)
    }
}

/// Keeps nothing, where there is no folder.
pub(super) struct Nowhere;

impl TrainingSink for Nowhere {
    fn keep(&mut self, _: &EpochRecord, _: &Checkpoint, _: bool) -> Result<()> {
        Ok(())
    }

    fn pause(&mut self, _: &Checkpoint) -> Result<()> {
        Ok(())
    }
}
