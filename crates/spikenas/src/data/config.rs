use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::{Dataset, Source};
use crate::record::files::is_there;
use crate::{Error, Result};

/// Which images.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DataConfig {
    /// Where they come from.
    pub source: Source,
    /// The folder that holds CIFAR's binary versions.
    pub folder: PathBuf,
    /// What they are, wherever they lie: see [`Dataset::fingerprint`].
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub fingerprint: Option<String>,
}

impl DataConfig {
    /// The images of a dataset that was read from here, with paths that lead there from any working directory.
    pub fn of(source: &Source, folder: &Path, dataset: &Dataset) -> Self {
        let (source, folder) = match source {
            Source::Folder(path) => (Source::Folder(absolute(path)), folder.to_path_buf()),
            Source::Sample => (Source::Sample, folder.to_path_buf()),
            Source::Cifar10 | Source::Cifar100 => (source.clone(), absolute(folder)),
        };
        Self { source, folder, fingerprint: Some(dataset.fingerprint()) }
    }

    /// Reads the images again for what was made of them: a run, or a model.
    ///
    /// Errors: those of [`Dataset::open`]; where a folder is gone, `owner` is named, too.
    pub fn open(&self, owner: &Path) -> Result<Dataset> {
        match &self.source {
            Source::Folder(folder) if !is_there(folder)? => {
                let folder = folder.display();
                Err(Error::file(
                    owner,
                    format!("its images were those in {folder}: no such folder: say where they lie now"),
                ))
            }
            source => Dataset::open(source, &self.folder),
        }
    }

    /// Where they lie, without what they are.
    pub(crate) fn place(&self) -> Self {
        let source = match &self.source {
            Source::Folder(path) => Source::Folder(absolute(path)),
            other => other.clone(),
        };
        Self { source, folder: PathBuf::new(), fingerprint: None }
    }
}

fn absolute(path: &Path) -> PathBuf {
    path.canonicalize().or_else(|_| std::path::absolute(path)).unwrap_or_else(|_| path.to_path_buf())
}
