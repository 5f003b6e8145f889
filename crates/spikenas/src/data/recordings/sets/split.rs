use rand::seq::SliceRandom;

use super::super::collection::{Sample, Unit};
use super::super::place::Place;
use crate::random::{generator, name_key};

/// A recording that is a sample of a class.
pub(super) fn whole(place: Place, label: usize, is_test: bool) -> Unit {
    Unit { place, samples: vec![Sample { is_test, label: label as u16, window: None }] }
}

/// The recordings of classes as samples, nine of ten of each class for the training, rounded up, the others for the test: which, is drawn
/// with a fixed seed, so that everybody gets the same of the same recordings.
pub(super) fn nine_to_one(name: &str, classes: Vec<Vec<Place>>) -> Vec<Unit> {
    let mut units = Vec::new();
    for (label, places) in classes.into_iter().enumerate() {
        let mut order: Vec<usize> = (0..places.len()).collect();
        order.shuffle(&mut generator(&[name_key("nine to one"), name_key(name), label as u64]));
        let mut is_test = vec![false; places.len()];
        order.into_iter().skip((places.len() * 9).div_ceil(10)).for_each(|index| is_test[index] = true);
        units.extend(places.into_iter().zip(is_test).map(|(place, is_test)| whole(place, label, is_test)));
    }
    units
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tenth_of_each_class_is_for_the_test_always_the_same_and_not_the_same_of_each_class() {
        let split = || {
            let places = |count: usize| (0..count).map(|index| Place::File(index.to_string().into())).collect();
            nine_to_one("a", vec![places(100), places(100), places(11), places(1)])
        };
        let tests = |label: u16| -> Vec<usize> {
            let units: Vec<_> = split().into_iter().filter(|unit| unit.samples[0].label == label).collect();
            (0..units.len()).filter(|&index| units[index].samples[0].is_test).collect()
        };
        assert_eq!([0, 1, 2, 3].map(|label| tests(label).len()), [10, 10, 1, 0]);
        assert_eq!(tests(0), tests(0));
        assert_ne!(tests(0), tests(1));
    }
}
