use std::path::Path;

use serde::Serialize;

use super::open::{Found, find};
use super::recordings::NamedRecordings;
use super::{Dataset, Source};
use crate::Result;
use crate::data::folder::Folder;

/// A dataset with a name.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Known {
    /// The name.
    pub name: Source,
    /// What it is, in a few words.
    pub images: &'static str,
    /// Its licence and where it comes from, of recordings.
    #[serde(flatten, skip_serializing_if = "Option::is_none")]
    pub provenance: Option<Provenance>,
}

/// Where a dataset of recordings comes from.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Provenance {
    /// Its licence.
    pub licence: &'static str,
    /// Its page.
    pub page: &'static str,
    /// Its official archives and their MD5 sums.
    pub archives: Vec<(&'static str, &'static str)>,
}

/// All datasets with a name.
pub fn known() -> Vec<Known> {
    let images = [
        (Source::Sample, "3,000 images of CIFAR-10, built in"),
        (Source::Cifar10, "60,000 images of 10 classes, 32x32"),
        (Source::Cifar100, "60,000 images of 100 classes, 32x32"),
        (Source::FashionMnist, "70,000 grey images of 10 classes, 28x28"),
        (Source::Mnist, "70,000 grey images of 10 classes, 28x28"),
    ];
    let of_images = images.into_iter().map(|(name, images)| Known { name, images, provenance: None });
    let of_recordings = NamedRecordings::all().into_iter().map(|named| Known {
        name: named.source.clone(),
        images: named.words,
        provenance: Some(Provenance {
            licence: named.licence,
            page: named.page,
            archives: named.archives.iter().map(|archive| (archive.name, archive.md5)).collect(),
        }),
    });
    of_images.chain(of_recordings).collect()
}

/// Training and test samples of a dataset; recordings are counted without being read.
///
/// Errors: those of [`Dataset::open`] but for damaged recordings.
pub fn count_samples(source: &Source, data_dir: &Path) -> Result<[usize; 2]> {
    Ok(match find(source, data_dir)? {
        Found::Recordings(collection) => collection.counts(),
        Found::Images(Dataset { train, test, .. })
        | Found::Folder(Folder { dataset: Dataset { train, test, .. }, .. }) => [train.len(), test.len()],
    })
}
