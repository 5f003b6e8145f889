use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::{Dataset, Source};
use crate::progress::Progress;
use crate::record::files::is_there;
use crate::weights::Framing;
use crate::{Error, Result};

/// Which images.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DataConfig {
    /// Where they come from.
    pub source: Source,
    /// The folder that holds CIFAR's binary versions, and MNIST's files.
    pub folder: PathBuf,
    /// What they are, wherever they lie: see [`Dataset::fingerprint`].
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub fingerprint: Option<String>,
    /// Training images.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub train_images: Option<usize>,
    /// Test images.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub test_images: Option<usize>,
    /// Whether they are recordings that a program made rather than a camera.
    #[serde(skip_serializing_if = "std::ops::Not::not", default)]
    pub simulated: bool,
    /// How recordings become frames, where they are recordings.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub framing: Option<Framing>,
}

impl DataConfig {
    /// The images of a dataset that was read from here, with paths that lead there from any working directory.
    pub fn of(source: &Source, folder: &Path, dataset: &Dataset) -> Self {
        let (source, folder) = match source {
            Source::Folder(path) => (Source::Folder(absolute(path)), folder.to_path_buf()),
            Source::Sample | Source::Memory => (source.clone(), folder.to_path_buf()),
            _ => (source.clone(), absolute(folder)),
        };
        Self {
            fingerprint: Some(dataset.fingerprint()),
            train_images: Some(dataset.train.len()),
            test_images: Some(dataset.test.len()),
            simulated: dataset.recorded.is_some_and(|recorded| recorded.simulated),
            framing: dataset.recorded.map(|recorded| recorded.framing),
            ..Self::at(source, folder)
        }
    }

    /// Images that lie somewhere, of which nothing else is known.
    pub fn at(source: Source, folder: PathBuf) -> Self {
        Self {
            source,
            folder,
            fingerprint: None,
            train_images: None,
            test_images: None,
            simulated: false,
            framing: None,
        }
    }

    /// How other images differ, in words; none where both have the same fingerprint. Unknown where one has none.
    pub(crate) fn other_images(&self, new: &Self) -> Option<Option<String>> {
        let (old_print, new_print) = (self.fingerprint.as_ref()?, new.fingerprint.as_ref()?);
        if old_print == new_print {
            return Some(None);
        }
        if let (Some(old), Some(new)) = (self.framing, new.framing)
            && old != new
        {
            return Some(Some(format!("{old} -> {new}")));
        }
        let prints = format!("fingerprint {old_print} -> {new_print}");
        let counts = |config: &Self| Some((config.train_images?, config.test_images?));
        Some(Some(match (counts(self), counts(new)) {
            (Some(old), Some(new)) if old == new => {
                format!(
                    "as many as before, {} for training and {} for the test, but not the same: {prints}",
                    old.0, old.1
                )
            }
            (Some(old), Some(new)) => {
                format!("{} -> {} for training, {} -> {} for the test", old.0, new.0, old.1, new.1)
            }
            (None, Some(new)) => format!("{prints}, now {} for training and {} for the test", new.0, new.1),
            (_, None) => prints,
        }))
    }

    /// Reads the images again for what was made of them: a run, or a model.
    ///
    /// Errors: those of [`Dataset::open_framed`]; where a folder is gone, `owner` is named, too.
    pub fn open(&self, owner: &Path, progress: &mut dyn Progress) -> Result<Dataset> {
        match &self.source {
            Source::Folder(folder) if !is_there(folder)? => {
                let folder = folder.display();
                Err(Error::file(
                    owner,
                    format!("its images were those in {folder}: no such folder: say where they lie now"),
                ))
            }
            source => Dataset::open_framed(source, &self.folder, self.framing, progress),
        }
    }

    /// Whether both are the same images, as far as it is known: wherever they lie, or where one has no fingerprint in the same place.
    #[cfg(feature = "report")]
    pub(crate) fn is_same(&self, other: &Self) -> bool {
        self.other_images(other).map_or_else(|| self.place() == other.place(), |changed| changed.is_none())
    }

    /// Where they lie, without what they are.
    pub(crate) fn place(&self) -> Self {
        let source = match &self.source {
            Source::Folder(path) => Source::Folder(absolute(path)),
            other => other.clone(),
        };
        Self { framing: self.framing, ..Self::at(source, PathBuf::new()) }
    }
}

fn absolute(path: &Path) -> PathBuf {
    path.canonicalize().or_else(|_| std::path::absolute(path)).unwrap_or_else(|_| path.to_path_buf())
}
