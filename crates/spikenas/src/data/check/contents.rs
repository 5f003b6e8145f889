use std::path::Path;

use serde::Serialize;

use crate::data::events::Sensor;
use crate::data::{PassedOver, Source};
use crate::graph::Shape;
use crate::weights::Framing;

/// The most duplicates that are named.
pub(super) const NAMED: usize = 10;

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
    /// What is known of recordings of events alone.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub recordings: Option<RecordingsContents>,
    /// What else lies in the folder.
    pub passed_over: Vec<PassedOver>,
    /// What is odd about the names of the classes.
    pub notes: Vec<String>,
}

/// What recordings of events hold.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct RecordingsContents {
    /// The pixels of the camera: as the dataset or its files say, or as many as have events.
    pub sensor: Sensor,
    /// Events of all samples.
    pub events: u64,
    /// Microseconds of the shortest sample.
    pub shortest_us: u64,
    /// Microseconds of the longest sample.
    pub longest_us: u64,
    /// How they become frames.
    pub framing: Framing,
    /// Whether a program made them rather than a camera.
    pub simulated: bool,
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

/// A path from a folder on.
pub(super) fn relative(root: &Path, path: &Path) -> String {
    path.strip_prefix(root).unwrap_or(path).display().to_string()
}
