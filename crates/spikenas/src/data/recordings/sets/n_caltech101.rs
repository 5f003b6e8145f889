use std::path::Path;

use super::super::class_files::ClassFiles;
use super::super::collection::Collection;
use super::super::place::Place;
use super::named::{Archive, Expected, NamedRecordings};
use super::split::nine_to_one;
use crate::Result;
use crate::data::Source;
use crate::data::events::{Sensor, Split};
use crate::weights::Framing;

/// N-Caltech101 (Orchard, Jayawant, Cohen and Thakor, 2015). Recordings are smaller than the sensor, and of different sizes: all lie at
/// its first column and row.
pub(super) static N_CALTECH101: NamedRecordings = NamedRecordings {
    source: Source::NCaltech101,
    folder: "n-caltech101",
    expected: Expected::InAll(8_709),
    words: "8,709 recordings of 101 classes, 240x180",
    framing: Framing { frames: 10, split: Split::Number, scale: 4, merges_polarities: false },
    files: "Caltech101.zip, or the folder Caltech101",
    archives: &[Archive { name: "Caltech101.zip", md5: "66201824eabb0239c7ab992480b50ba3", url: None }],
    page: "https://www.garrickorchard.com/datasets/n-caltech101",
    licence: "CC BY 4.0",
    list,
};

/// Nobody gave a split: nine of ten recordings of each class are for the training.
fn list(folder: &Path) -> Result<Option<Collection>> {
    let found = ClassFiles::find(&folder.join("Caltech101"), &folder.join("Caltech101.zip"), "bin")?;
    Ok(found.map(|ClassFiles { classes, files }| {
        let (names, recordings): (Vec<String>, Vec<Vec<(String, Place)>>) = classes.into_iter().unzip();
        let places = recordings.into_iter().map(|class| class.into_iter().map(|(_, place)| place).collect());
        Collection {
            source: Source::NCaltech101,
            folder: folder.into(),
            classes: names,
            sensor: Some(Sensor { width: 240, height: 180 }),
            units: nine_to_one("n-caltech101", places.collect()),
            files,
            simulated: false,
            passed_over: Vec::new(),
            notes: Vec::new(),
        }
    }))
}
