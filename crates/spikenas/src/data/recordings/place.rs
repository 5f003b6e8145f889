use std::path::PathBuf;
use std::sync::Arc;

use super::spikes::Spikes;
use super::zipped::Zipped;
use crate::Result;
use crate::data::events::Recording;

/// Where a recording is.
#[derive(Clone, Debug)]
pub(in crate::data) enum Place {
    /// A file of its own.
    File(PathBuf),
    /// A file in an archive, by its number there.
    Entry(Arc<Zipped>, usize),
    /// A sample of an HDF5 file, by its number there.
    Sample(Arc<Spikes>, usize),
}

impl Place {
    /// Errors: those of [`Recording::read`], with the file or the archive and what is in it.
    pub fn read(&self) -> Result<Recording> {
        match self {
            Place::File(path) => Recording::read(path),
            Place::Entry(archive, index) => archive.read(*index),
            Place::Sample(spikes, index) => spikes.read(*index),
        }
    }

    /// What it is called: a file's path, or that of a file in an archive as if it were a folder.
    pub fn path(&self) -> PathBuf {
        match self {
            Place::File(path) => path.clone(),
            Place::Entry(archive, index) => archive.path_of(*index),
            Place::Sample(spikes, index) => spikes.path.join(index.to_string()),
        }
    }
}
