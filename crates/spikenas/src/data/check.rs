use std::path::Path;

use serde::Serialize;

use super::cifar::Layout;
use super::{Dataset, Images, Source};
use crate::Result;

/// What a dataset holds.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Contents {
    /// The dataset.
    pub source: Source,
    /// Names of the classes.
    pub classes: Vec<String>,
    /// Training images.
    pub train: SplitContents,
    /// Test images.
    pub test: SplitContents,
    /// Whether all images of CIFAR are there, equally many of each class; always so for the other sources.
    pub complete: bool,
}

/// What one split of a dataset holds.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct SplitContents {
    /// Number of images.
    pub images: usize,
    /// Number of images of each class.
    pub per_class: Vec<usize>,
    /// Number of images of a complete copy, where the dataset has such a number.
    pub expected: Option<usize>,
}

/// Reads a dataset and counts its images.
///
/// Errors: those of [`Dataset::open`]. A partial copy is no error, see [`Contents::complete`].
pub fn check(source: &Source, data_dir: &Path) -> Result<Contents> {
    let Dataset { classes, train, test, .. } = Dataset::open(source, data_dir)?;
    let [in_train, in_test] = Layout::of(source).map_or([None; 2], |layout| layout.images_per_class.map(Some));
    let complete = is_complete(&train, classes.len(), in_train) && is_complete(&test, classes.len(), in_test);
    let train = SplitContents::of(&train, classes.len(), in_train);
    let test = SplitContents::of(&test, classes.len(), in_test);
    Ok(Contents { source: source.clone(), classes, train, test, complete })
}

fn is_complete(images: &Images, classes: usize, per_class: Option<usize>) -> bool {
    per_class.is_none_or(|expected| images.count_by_class(classes).iter().all(|&count| count == expected))
}

impl SplitContents {
    fn of(images: &Images, classes: usize, per_class: Option<usize>) -> Self {
        Self {
            images: images.len(),
            per_class: images.count_by_class(classes),
            expected: per_class.map(|count| count * classes),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_sample_is_complete() {
        let report = check(&Source::Sample, Path::new("nowhere")).unwrap();
        assert_eq!((report.train.images, report.test.images, report.complete), (2000, 1000, true));
        assert_eq!((report.train.per_class, report.train.expected), (vec![200; 10], None));
    }

    #[test]
    fn a_part_copy_is_counted_and_not_complete() {
        let dir = tempfile::tempdir().unwrap();
        let folder = dir.path().join("cifar-100-binary");
        std::fs::create_dir(&folder).unwrap();
        let mut record = vec![0; 3074];
        record[1] = 42;
        std::fs::write(folder.join("train.bin"), record.repeat(3)).unwrap();
        std::fs::write(folder.join("test.bin"), record).unwrap();
        let report = check(&Source::Cifar100, dir.path()).unwrap();
        assert_eq!((report.train.images, report.train.per_class[42], report.train.expected), (3, 3, Some(50_000)));
        assert_eq!((report.test.expected, report.complete), (Some(10_000), false));
    }
}
