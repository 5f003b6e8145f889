use super::named::NamedRecordings;
use super::{cifar10_dvs, dvs_gesture, n_caltech101, nmnist, shd};
use crate::data::Source;
use crate::weights::Framing;

impl NamedRecordings {
    /// All of them.
    pub fn all() -> [&'static Self; 6] {
        [
            &nmnist::NMNIST,
            &cifar10_dvs::CIFAR10_DVS,
            &cifar10_dvs::CIFAR10_DVS_TEBN,
            &dvs_gesture::DVS_GESTURE,
            &n_caltech101::N_CALTECH101,
            &shd::SHD,
        ]
    }

    /// That of a source, if it is one of them.
    pub fn of(source: &Source) -> Option<&'static Self> {
        Self::all().into_iter().find(|named| named.source == *source)
    }
}

impl Source {
    /// How its recordings become frames where nobody says, if it has recordings.
    pub fn framing(&self) -> Framing {
        NamedRecordings::of(self).map_or(Framing::default(), |named| named.framing)
    }
}
