//! What a dataset holds, and what is odd about it.

mod contents;
mod recordings;

use std::collections::HashMap;
use std::path::Path;

pub use contents::{Contents, Duplicate, Duplicates, RecordingsContents, SplitContents};
use contents::{NAMED, relative};

use super::cifar::Layout;
use super::folder::{Folder, Listing};
use super::idx::Named;
use super::open::{Found, find, no_frames};
use super::{Dataset, Framing, Images, Source};
use crate::Result;
use crate::progress::{Progress, Silent};

/// Reads a dataset and tells what it holds; recordings with the frames that are usual for them.
///
/// Errors: those of [`Dataset::open`]. A partial copy is no error, see [`Contents::complete`].
pub fn check(source: &Source, data_dir: &Path) -> Result<Contents> {
    check_framed(source, data_dir, None, &mut Silent)
}

/// The same of recordings with these frames, into which they are not counted.
///
/// Errors: those of [`Dataset::open_framed`].
pub fn check_framed(
    source: &Source,
    data_dir: &Path,
    framing: Option<Framing>,
    progress: &mut dyn Progress,
) -> Result<Contents> {
    match find(source, data_dir)? {
        Found::Recordings(collection) => recordings::check(&collection, framing.unwrap_or(source.framing()), progress),
        _ if framing.is_some() => Err(no_frames(source)),
        Found::Images(dataset) => Ok(images(source, dataset, None)),
        Found::Folder(Folder { dataset, listing, transparent, turned }) => {
            let of_files = images(source, dataset, Some(&listing));
            let notes = listing.class_notes();
            Ok(Contents { transparent, turned, notes, passed_over: listing.passed_over, ..of_files })
        }
    }
}

/// What a dataset of images holds: its files, where it has any, are those of a folder.
fn images(source: &Source, dataset: Dataset, listing: Option<&Listing>) -> Contents {
    let Dataset { classes, train, test, .. } = dataset;
    let name = |split: usize, index: usize| match (listing, source) {
        (Some(listing), Source::Folder(root)) => relative(root, &[&listing.train, &listing.test][split][index].0),
        _ => index.to_string(),
    };
    let pairs = duplicates(&train, &test);
    let named = pairs.iter().take(NAMED).map(|&[a, b]| Duplicate { train: name(0, a), test: name(1, b) });
    let [in_train, in_test] = match (Layout::of(source), Named::of(source)) {
        (Some(layout), _) => layout.images_per_class.map(|count| Some(Expected::PerClass(count))),
        (_, Some(named)) => named.images.map(|count| Some(Expected::InAll(count))),
        (None, None) => [None; 2],
    };
    Contents {
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
        transparent: 0,
        turned: 0,
        recordings: None,
        passed_over: Vec::new(),
        notes: Vec::new(),
    }
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
    use crate::graph::Shape;

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
