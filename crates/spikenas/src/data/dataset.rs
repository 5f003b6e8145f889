use std::path::Path;

use super::cifar::Layout;
use super::{Images, Normalisation, Source, folder, sample};
use crate::Result;

/// Images to learn from, images to test with, and what both have in common.
#[derive(Clone, Debug, PartialEq)]
pub struct Dataset {
    /// What it is called: the source, as it is written.
    pub name: String,
    /// Names of the classes; labels are indices into it.
    pub classes: Vec<String>,
    /// Images to learn from.
    pub train: Images,
    /// Images to test with.
    pub test: Images,
    /// How pixels become inputs.
    pub normalisation: Normalisation,
}

impl Dataset {
    /// Reads a dataset into memory. `data_dir` is the folder that holds CIFAR's; the other sources do not need it.
    ///
    /// A part copy of CIFAR is read as it is; [`check`](super::check()) tells whether it is complete.
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
            Source::Folder(path) => folder::open(path),
        }
    }
}
