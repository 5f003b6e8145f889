use std::path::Path;

use super::cifar::Layout;
use super::dataset::Dataset;
use super::idx::{self, Named};
use super::source::Source;
use super::{folder, sample};
use crate::{Error, Result};

impl Dataset {
    /// Reads a dataset into memory. `data_dir` is the folder that holds CIFAR's and MNIST's; the other sources do not need it.
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
        match source {
            Source::Sample => sample::open(),
            Source::Cifar10 => Layout::CIFAR10.open(data_dir),
            Source::Cifar100 => Layout::CIFAR100.open(data_dir),
            Source::FashionMnist => Named::FASHION_MNIST.open(data_dir),
            Source::Mnist => Named::MNIST.open(data_dir),
            Source::Folder(path) if idx::is_idx_folder(path)? => idx::read(path, path.display().to_string(), None),
            Source::Folder(path) => Ok(folder::read(path)?.dataset),
            Source::Memory => Err(Error::invalid(
                "these images are in the memory of the program that was given them: give them again, or say where they lie now",
            )),
        }
    }
}
