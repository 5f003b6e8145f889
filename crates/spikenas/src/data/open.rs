use std::path::Path;

use super::cifar::Layout;
use super::dataset::Dataset;
use super::folder::{self, Folder, Listing, Medium};
use super::idx::{self, Named};
use super::recordings::{Collection, NamedRecordings, of_folder};
use super::sample;
use super::source::Source;
use crate::progress::{Progress, Silent};
use crate::weights::Framing;
use crate::{Error, Result};

/// What a source leads to.
pub(super) enum Found {
    /// Images, which are read.
    Images(Dataset),
    /// A folder of images, which are read.
    Folder(Folder),
    /// Recordings of events, which are not.
    Recordings(Collection),
}

/// Looks for a dataset, and reads it where it has images.
pub(super) fn find(source: &Source, data_dir: &Path) -> Result<Found> {
    if let Some(named) = NamedRecordings::of(source) {
        return named.open(data_dir).map(Found::Recordings);
    }
    Ok(Found::Images(match source {
        Source::Sample => sample::open()?,
        Source::Cifar10 => Layout::CIFAR10.open(data_dir)?,
        Source::Cifar100 => Layout::CIFAR100.open(data_dir)?,
        Source::FashionMnist => Named::FASHION_MNIST.open(data_dir)?,
        Source::Mnist => Named::MNIST.open(data_dir)?,
        Source::Folder(path) if idx::is_idx_folder(path)? => idx::read(path, path.display().to_string(), None)?,
        Source::Folder(path) => {
            let listing = Listing::of(path)?;
            match listing.medium {
                Medium::Images => return folder::read(path, listing).map(Found::Folder),
                Medium::Recordings => return Ok(Found::Recordings(of_folder(path, &listing)?)),
            }
        }
        // Those of recordings were found before.
        _ => {
            return Err(Error::invalid(
                "these images are in the memory of the program that was given them: give them again, or say where they lie now",
            ));
        }
    }))
}

/// Frames were asked for, and there are images.
pub(super) fn no_frames(source: &Source) -> Error {
    Error::invalid(format!("data {source}: these are images, and only recordings of events have frames"))
}

impl Dataset {
    /// Reads a dataset into memory. `data_dir` is the folder that holds those with a name; folders and the sample do not need it. Recordings
    /// of events become frames as is usual for them: see [`Source::framing`].
    ///
    /// A partial copy of CIFAR is read as it is; [`check`](super::check()) tells whether it is complete.
    ///
    /// ```
    /// use spikenas::data::{Dataset, Source};
    ///
    /// let dataset = Dataset::open(&Source::Sample, "data".as_ref())?;
    /// assert_eq!((dataset.train.len(), dataset.test.len(), dataset.classes.len()), (2000, 1000, 10));
    /// # Ok::<(), spikenas::Error>(())
    /// ```
    pub fn open(source: &Source, data_dir: &Path) -> Result<Self> {
        Self::open_framed(source, data_dir, None, &mut Silent)
    }

    /// Reads a dataset into memory, where it is of recordings with these frames. They are counted once and kept beside the recordings,
    /// in the folder `.frames`, where that can be written to.
    ///
    /// Errors: those of [`Dataset::open`]; frames of images; settings out of range, a damaged recording, recordings of several sensors, frames
    /// that do not fit the memory, a stop that was asked for.
    pub fn open_framed(
        source: &Source,
        data_dir: &Path,
        framing: Option<Framing>,
        progress: &mut dyn Progress,
    ) -> Result<Self> {
        match find(source, data_dir)? {
            Found::Recordings(collection) => collection.open(framing.unwrap_or(source.framing()), progress),
            _ if framing.is_some() => Err(no_frames(source)),
            Found::Images(dataset) | Found::Folder(Folder { dataset, .. }) => Ok(dataset),
        }
    }
}
