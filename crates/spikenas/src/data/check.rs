use std::collections::HashMap;
use std::path::{Path, PathBuf};

use serde::Serialize;

use super::cifar::Layout;
use super::folder::{self, Folder, Listing, PassedOver};
use super::idx::{self, Named};
use super::{Dataset, Images, Source};
use crate::Result;
use crate::graph::Shape;

/// The most duplicates that are named.
const NAMED: usize = 10;

/// What a dataset holds.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Contents {
    /// The dataset.
    pub source: Source,
    /// Names of the classes, in the order of their numbers.
    pub classes: Vec<String>,
    /// Shape of every image.
    pub shape: Shape,
    /// Images without colour: of one channel, or of three that are equal.
    pub grey: usize,
    /// Images with transparency, laid on white.
    pub transparent: usize,
    /// Images that were stored turned or mirrored, as their EXIF orientation says, and are upright now.
    pub turned: usize,
    /// Training images.
    pub train: SplitContents,
    /// Test images.
    pub test: SplitContents,
    /// Whether all images of a dataset with a name are there; always so for the other sources.
    pub complete: bool,
    /// Test images that are training images, too.
    pub duplicates: Duplicates,
    /// What else lies in the folder.
    pub passed_over: Vec<PassedOver>,
    /// What is odd about the names of the classes.
    pub notes: Vec<String>,
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

/// Test images that are training images, too, pixel by pixel.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Duplicates {
    /// How many.
    pub count: usize,
    /// The first ten.
    pub first: Vec<Duplicate>,
}

/// An image that is in both splits: its files, or its numbers from 0 on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Duplicate {
    /// The test image.
    pub test: String,
    /// The first training image that is the same.
    pub train: String,
}

/// Reads a dataset and tells what it holds.
///
/// Errors: those of [`Dataset::open`]. A partial copy is no error, see [`Contents::complete`].
pub fn check(source: &Source, data_dir: &Path) -> Result<Contents> {
    let (dataset, folder) = match source {
        Source::Folder(path) if !idx::is_idx_folder(path)? => {
            let Folder { dataset, listing, transparent, turned } = folder::read(path, Listing::of(path)?)?;
            (dataset, Some((path, listing, transparent, turned)))
        }
        _ => (Dataset::open(source, data_dir)?, None),
    };
    let Dataset { classes, train, test, .. } = dataset;
    let notes = folder.as_ref().map(|folder| folder.1.class_notes()).unwrap_or_default();
    let name = |split: usize, index: usize| match &folder {
        Some((root, listing, ..)) => relative(root, &[&listing.train, &listing.test][split][index].0),
        None => index.to_string(),
    };
    let pairs = duplicates(&train, &test);
    let named = pairs.iter().take(NAMED).map(|&[a, b]| Duplicate { train: name(0, a), test: name(1, b) });
    let [in_train, in_test] = match (Layout::of(source), Named::of(source)) {
        (Some(layout), _) => layout.images_per_class.map(|count| Some(Expected::PerClass(count))),
        (_, Some(named)) => named.images.map(|count| Some(Expected::InAll(count))),
        (None, None) => [None; 2],
    };
    Ok(Contents {
        source: source.clone(),
        shape: train.shape,
        grey: grey(&train) + grey(&test),
        duplicates: Duplicates { count: pairs.len(), first: named.collect() },
        complete: [(&train, in_train), (&test, in_test)]
            .iter()
            .all(|(images, expected)| expected.is_none_or(|expected| expected.is_met(images, classes.len()))),
        train: SplitContents::of(&train, classes.len(), in_train),
        test: SplitContents::of(&test, classes.len(), in_test),
        classes,
        transparent: folder.as_ref().map_or(0, |folder| folder.2),
        turned: folder.as_ref().map_or(0, |folder| folder.3),
        passed_over: folder.map(|folder| folder.1.passed_over).unwrap_or_default(),
        notes,
    })
}

fn relative(root: &PathBuf, path: &Path) -> String {
    path.strip_prefix(root).unwrap_or(path).display().to_string()
}

/// The first training image and the test image of each pair with the same pixels.
fn duplicates(train: &Images, test: &Images) -> Vec<[usize; 2]> {
    let mut places: HashMap<u64, Vec<usize>> = HashMap::new();
    for (index, fingerprint) in train.pixel_fingerprints().into_iter().enumerate() {
        places.entry(fingerprint).or_default().push(index);
    }
    let first = |(index, fingerprint): (usize, u64)| {
        let mut alike = places.get(&fingerprint)?.iter();
        alike.find(|&&other| train.image(other) == test.image(index)).map(|&other| [other, index])
    };
    test.pixel_fingerprints().into_iter().enumerate().filter_map(first).collect()
}

/// Number of images of which all channels are equal.
fn grey(images: &Images) -> usize {
    let plane = images.shape.height * images.shape.width;
    let is_grey = |pixels: &[u8]| pixels[plane..] == pixels[..pixels.len() - plane];
    (0..images.len()).filter(|&index| is_grey(images.image(index))).count()
}

/// Images of a split of a complete copy.
#[derive(Clone, Copy)]
enum Expected {
    PerClass(usize),
    InAll(usize),
}

impl Expected {
    fn is_met(self, images: &Images, classes: usize) -> bool {
        match self {
            Expected::PerClass(expected) => images.count_by_class(classes).iter().all(|&count| count == expected),
            Expected::InAll(expected) => images.len() == expected,
        }
    }

    fn in_all(self, classes: usize) -> usize {
        match self {
            Expected::PerClass(count) => count * classes,
            Expected::InAll(count) => count,
        }
    }
}

impl SplitContents {
    fn of(images: &Images, classes: usize, expected: Option<Expected>) -> Self {
        Self {
            images: images.len(),
            per_class: images.count_by_class(classes),
            expected: expected.map(|expected| expected.in_all(classes)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_sample_is_complete_and_no_test_image_is_a_training_image() {
        let report = check(&Source::Sample, Path::new("nowhere")).unwrap();
        assert_eq!((report.train.images, report.test.images, report.complete), (2000, 1000, true));
        assert_eq!((report.train.per_class, report.train.expected), (vec![200; 10], None));
        assert_eq!((report.duplicates.count, report.shape), (0, Layout::SHAPE));
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
        assert_eq!(report.duplicates.first, [Duplicate { train: "0".into(), test: "0".into() }]);
        assert_eq!(report.grey, 4);
    }

    #[test]
    fn duplicates_are_those_with_the_same_pixels() {
        let shape = Shape { channels: 3, height: 1, width: 1 };
        let images =
            |pixels: &[u8]| Images { shape, frames: 1, pixels: pixels.into(), labels: vec![0; pixels.len() / 3] };
        let train = images(&[1, 2, 3, 4, 5, 6, 1, 2, 3]);
        assert_eq!(duplicates(&train, &images(&[4, 5, 6, 3, 2, 1, 1, 2, 3])), [[1, 0], [0, 2]]);
    }
}
