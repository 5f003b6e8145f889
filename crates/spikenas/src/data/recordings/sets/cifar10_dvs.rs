use std::path::Path;

use super::super::class_files::ClassFiles;
use super::super::collection::{Collection, Unit};
use super::super::place::Place;
use super::named::{Archive, Expected, NamedRecordings};
use super::split::{nine_to_one, whole};
use crate::data::Source;
use crate::data::events::{Sensor, Split};
use crate::weights::Framing;
use crate::{Error, Result};

/// CIFAR-10's classes, and the archive of each.
static ARCHIVES: [Archive; 10] = [
    of_figshare("airplane.zip", "https://ndownloader.figshare.com/files/7712788", "0afd5c4bf9ae06af762a77b180354fdd"),
    of_figshare("automobile.zip", "https://ndownloader.figshare.com/files/7712791", "8438dfeba3bc970c94962d995b1b9bdd"),
    of_figshare("bird.zip", "https://ndownloader.figshare.com/files/7712794", "a9c207c91c55b9dc2002dc21c684d785"),
    of_figshare("cat.zip", "https://ndownloader.figshare.com/files/7712812", "52c63c677c2b15fa5146a8daf4d56687"),
    of_figshare("deer.zip", "https://ndownloader.figshare.com/files/7712815", "b6bf21f6c04d21ba4e23fc3e36c8a4a3"),
    of_figshare("dog.zip", "https://ndownloader.figshare.com/files/7712818", "f379ebdf6703d16e0a690782e62639c3"),
    of_figshare("frog.zip", "https://ndownloader.figshare.com/files/7712842", "cad6ed91214b1c7388a5f6ee56d08803"),
    of_figshare("horse.zip", "https://ndownloader.figshare.com/files/7712851", "e7cbbf77bec584ffbf913f00e682782a"),
    of_figshare("ship.zip", "https://ndownloader.figshare.com/files/7712836", "41c7bd7d6b251be82557c6cce9a7d5c9"),
    of_figshare("truck.zip", "https://ndownloader.figshare.com/files/7712839", "89f3922fd147d9aeff89e76a2b0b70a7"),
];

const fn of_figshare(name: &'static str, url: &'static str, md5: &'static str) -> Archive {
    Archive { name, md5, url: Some(url) }
}

const FRAMING: Framing = Framing { frames: 10, split: Split::Number, scale: 2, merges_polarities: false };
const FILES: &str = "airplane.zip and the nine others, or the folders in them";
const PAGE: &str = "https://doi.org/10.6084/m9.figshare.4724671";

/// CIFAR10-DVS (Li, Liu, Ji, Li and Shi, 2017). Nobody gave a split: nine of ten recordings of each class are for the training, drawn.
pub(super) static CIFAR10_DVS: NamedRecordings = NamedRecordings {
    source: Source::Cifar10Dvs,
    folder: "cifar10-dvs",
    expected: Expected::Splits([9_000, 1_000]),
    words: "10,000 recordings of 10 classes, 128x128",
    framing: FRAMING,
    files: FILES,
    archives: &ARCHIVES,
    page: PAGE,
    licence: "see its page",
    list: |folder| list(folder, false),
};

/// The same, with the split of TEBN (Duan et al., 2022): the first hundred recordings of each class are for the test. Accuracies on it are
/// usually far higher than on a drawn one.
pub(super) static CIFAR10_DVS_TEBN: NamedRecordings = NamedRecordings {
    source: Source::Cifar10DvsTebn,
    words: "the same, the first 100 of each class for the test",
    list: |folder| list(folder, true),
    folder: "cifar10-dvs",
    expected: Expected::Splits([9_000, 1_000]),
    framing: FRAMING,
    files: FILES,
    archives: &ARCHIVES,
    page: PAGE,
    licence: "see its page",
};

/// Recordings that are for the test, of each class, in TEBN's split.
const FIRST: usize = 100;

fn list(folder: &Path, by_number: bool) -> Result<Option<Collection>> {
    let mut classes: Vec<(String, Option<ClassFiles>)> = Vec::new();
    for Archive { name, .. } in &ARCHIVES {
        let class = name.trim_end_matches(".zip");
        let found = ClassFiles::of_class(&folder.join(class), &folder.join(name), class, "aedat")?;
        classes.push((class.into(), found));
    }
    if classes.iter().all(|(_, found)| found.is_none()) {
        return Ok(None);
    }
    let (mut names, mut files, mut recordings) = (Vec::new(), Vec::new(), Vec::new());
    for (class, found) in classes {
        let found = found.ok_or_else(|| {
            Error::file(folder.join(&class), format!("no such folder, nor {class}.zip, but others are there"))
        })?;
        let mut of_class: Vec<(usize, Place)> = Vec::new();
        for (name, place) in found.classes.into_values().flatten() {
            let number = number(&name);
            of_class.push((
                number.ok_or_else(|| Error::file(place.path(), "its name does not end in a number: rename it"))?,
                place,
            ));
        }
        of_class.sort_by_key(|&(number, _)| number);
        names.push(class);
        files.extend(found.files);
        recordings.push(of_class);
    }
    let units: Vec<Unit> = if by_number {
        let of_class = |(label, class): (usize, Vec<(usize, Place)>)| {
            class.into_iter().map(move |(number, place)| whole(place, label, number < FIRST))
        };
        recordings.into_iter().enumerate().flat_map(of_class).collect()
    } else {
        let places = recordings.into_iter().map(|class| class.into_iter().map(|(_, place)| place).collect());
        nine_to_one("cifar10-dvs", places.collect())
    };
    Ok(Some(Collection {
        source: if by_number { Source::Cifar10DvsTebn } else { Source::Cifar10Dvs },
        folder: folder.into(),
        classes: names,
        sensor: Some(Sensor { width: 128, height: 128 }),
        units,
        files,
        simulated: false,
        passed_over: Vec::new(),
        notes: Vec::new(),
    }))
}

/// The number of a recording: that at the end of its name, `cifar10_airplane_17.aedat`.
fn number(name: &str) -> Option<usize> {
    Path::new(name).file_stem()?.to_str()?.rsplit('_').next()?.parse().ok()
}
