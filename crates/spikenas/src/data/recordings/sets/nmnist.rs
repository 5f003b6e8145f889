use std::path::Path;

use super::super::class_files::ClassFiles;
use super::super::collection::{Collection, Unit};
use super::named::{Archive, Expected, NamedRecordings};
use super::split::whole;
use crate::data::Source;
use crate::data::events::{Sensor, Split};
use crate::weights::Framing;
use crate::{Error, Result};

/// N-MNIST (Orchard, Jayawant, Cohen and Thakor, 2015).
pub(super) static NMNIST: NamedRecordings = NamedRecordings {
    source: Source::Nmnist,
    folder: "nmnist",
    expected: Expected::Splits([60_000, 10_000]),
    words: "70,000 recordings of 10 digits, 34x34",
    framing: Framing { frames: 10, split: Split::Number, scale: 1, merges_polarities: false },
    files: "Train.zip and Test.zip, or the folders Train and Test",
    archives: &[
        Archive {
            name: "Train.zip",
            md5: "20959b8e626244a1b502305a9e6e2031",
            url: Some(
                "https://data.mendeley.com/public-files/datasets/468j46mzdv/files/39c25547-014b-4137-a934-9d29fa53c7a0/file_downloaded",
            ),
        },
        Archive {
            name: "Test.zip",
            md5: "69ca8762b2fe404d9b9bad1103e97832",
            url: Some(
                "https://data.mendeley.com/public-files/datasets/468j46mzdv/files/05a4d654-7e03-4c15-bdfa-9bb2bcbea494/file_downloaded",
            ),
        },
    ],
    page: "https://www.garrickorchard.com/datasets/n-mnist",
    licence: "CC BY-SA 4.0",
    list,
};

/// The two splits as they are given, `Train` and `Test`, of the folders `0` to `9`.
fn list(folder: &Path) -> Result<Option<Collection>> {
    let split = |name: &str| ClassFiles::find(&folder.join(name), &folder.join(format!("{name}.zip")), "bin");
    let (train, test) = match (split("Train")?, split("Test")?) {
        (Some(train), Some(test)) => (train, test),
        (None, None) => return Ok(None),
        (Some(_), None) => {
            return Err(Error::file(folder.join("Test"), "no such folder, nor Test.zip, but Train is there"));
        }
        (None, Some(_)) => {
            return Err(Error::file(folder.join("Train"), "no such folder, nor Train.zip, but Test is there"));
        }
    };
    let mut files = train.files.clone();
    files.extend(test.files.clone());
    let mut units: Vec<Unit> = Vec::new();
    for (found, is_test) in [(train, false), (test, true)] {
        for (class, recordings) in found.classes {
            let label: usize = class.parse().ok().filter(|&label| label < 10).ok_or_else(|| {
                Error::file(folder, format!("a folder {class} with recordings: N-MNIST has 0 to 9, move it away"))
            })?;
            units.extend(recordings.into_iter().map(|(_, place)| whole(place, label, is_test)));
        }
    }
    Ok(Some(Collection {
        source: Source::Nmnist,
        folder: folder.into(),
        classes: (0..10).map(|digit| digit.to_string()).collect(),
        sensor: Some(Sensor { width: 34, height: 34 }),
        units,
        files,
        simulated: false,
        passed_over: Vec::new(),
        notes: Vec::new(),
    }))
}
