use std::ops::Range;
use std::path::PathBuf;

use super::place::Place;
use crate::data::events::Sensor;
use crate::data::{PassedOver, Source};

/// The recordings of a dataset, of which none is read yet.
#[derive(Clone, Debug)]
pub(in crate::data) struct Collection {
    /// What they are.
    pub source: Source,
    /// The folder in which they lie.
    pub folder: PathBuf,
    /// Names of the classes.
    pub classes: Vec<String>,
    /// The pixels of the camera, where the name of the dataset tells.
    pub sensor: Option<Sensor>,
    /// What is read at once, in the order of the samples.
    pub units: Vec<Unit>,
    /// All files that this was read from, and that it is to be read from.
    pub files: Vec<PathBuf>,
    /// Whether a program made them rather than a camera.
    pub simulated: bool,
    /// What else lies in the folder.
    pub passed_over: Vec<PassedOver>,
    /// What is odd about them.
    pub notes: Vec<String>,
}

/// A recording, and the samples that it has.
#[derive(Clone, Debug)]
pub(in crate::data) struct Unit {
    pub place: Place,
    pub samples: Vec<Sample>,
}

/// A sample of a dataset.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::data) struct Sample {
    pub is_test: bool,
    /// Its class.
    pub label: u16,
    /// The microseconds of the recording that it has; none where it is all of it.
    pub window: Option<Range<u64>>,
}

impl Collection {
    /// The samples of both splits, in their order.
    pub fn samples(&self) -> impl Iterator<Item = &Sample> {
        self.units.iter().flat_map(|unit| &unit.samples)
    }

    /// Classes of the samples of a split.
    pub fn labels(&self, of_test: bool) -> Vec<u16> {
        self.samples().filter(|sample| sample.is_test == of_test).map(|sample| sample.label).collect()
    }

    /// The recording that a sample of a split is of.
    pub fn place_of(&self, of_test: bool, index: usize) -> Option<PathBuf> {
        let units = self.units.iter().flat_map(|unit| unit.samples.iter().map(move |sample| (unit, sample)));
        units.filter(|(_, sample)| sample.is_test == of_test).nth(index).map(|(unit, _)| unit.place.path())
    }

    /// Numbers of samples of both splits.
    pub fn counts(&self) -> [usize; 2] {
        let test = self.samples().filter(|sample| sample.is_test).count();
        [self.samples().count() - test, test]
    }
}
