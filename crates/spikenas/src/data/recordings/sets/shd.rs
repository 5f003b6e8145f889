use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::super::collection::Collection;
use super::super::place::Place;
use super::super::spikes::{Spikes, UNITS};
use super::super::zipped::Zipped;
use super::named::{Archive, Expected, NamedRecordings};
use super::split::whole;
use crate::data::Source;
use crate::data::events::{Sensor, Split};
use crate::record::files::is_there;
use crate::weights::Framing;
use crate::{Error, Result};

/// Spiking Heidelberg Digits (Cramer, Stradmann, Schemmel and Zenke, 2020).
///
/// The 700 channels of its cochlea are the columns of one row, which all spikes make brighter. Five neighbours make one column: with the row
/// between three of zeros, frames are 4 x 140, which a network's poolings fit.
pub(super) static SHD: NamedRecordings = NamedRecordings {
    source: Source::Shd,
    folder: "shd",
    expected: Expected::Splits([8_156, 2_264]),
    words: "10,420 spoken digits of 20 classes, 700 channels",
    framing: Framing { frames: 10, split: Split::Number, scale: 5, merges_polarities: true },
    files: "shd_train.h5 and shd_test.h5, or the zip files of these,",
    archives: &[
        Archive {
            name: "shd_train.h5.zip",
            md5: "f3252aeb598ac776c1b526422d90eecb",
            url: Some("https://zenkelab.org/datasets/shd_train.h5.zip"),
        },
        Archive {
            name: "shd_test.h5.zip",
            md5: "1503a5064faa34311c398fb0a1ed0a6f",
            url: Some("https://zenkelab.org/datasets/shd_test.h5.zip"),
        },
    ],
    page: "https://zenkelab.org/resources/spiking-heidelberg-datasets-shd/",
    licence: "CC BY 4.0",
    list,
};

/// The digits in English, then in German.
const CLASSES: [&str; 20] = [
    "zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "null", "eins", "zwei", "drei",
    "vier", "fuenf", "sechs", "sieben", "acht", "neun",
];

fn list(folder: &Path) -> Result<Option<Collection>> {
    let split = |name: &str| find(folder, name);
    let (train, test) = match (split("shd_train.h5")?, split("shd_test.h5")?) {
        (Some(train), Some(test)) => (train, test),
        (None, None) => return Ok(None),
        (train, _) => {
            let lacks = if train.is_some() { "shd_test.h5" } else { "shd_train.h5" };
            return Err(Error::file(
                folder.join(lacks),
                "no such file, nor one of that name and .zip, but the other is there",
            ));
        }
    };
    let mut units = Vec::new();
    for (spikes, is_test) in [(&train.1, false), (&test.1, true)] {
        for (index, &label) in spikes.labels.iter().enumerate() {
            if usize::from(label) >= CLASSES.len() {
                let reason =
                    format!("sample {index} has label {label}, the last class is {}: replace it", CLASSES.len() - 1);
                return Err(Error::file(&spikes.path, reason));
            }
            units.push(whole(Place::Sample(spikes.clone(), index), label.into(), is_test));
        }
    }
    Ok(Some(Collection {
        source: Source::Shd,
        folder: folder.into(),
        classes: CLASSES.map(String::from).to_vec(),
        sensor: Some(Sensor { width: UNITS, height: 1 }),
        units,
        files: vec![train.0, test.0],
        simulated: false,
        passed_over: Vec::new(),
        notes: Vec::new(),
    }))
}

/// A file of spikes, as it is or the one in its archive; which of both was read, too.
fn find(folder: &Path, name: &str) -> Result<Option<(PathBuf, Arc<Spikes>)>> {
    let (plain, zipped) = (folder.join(name), folder.join(format!("{name}.zip")));
    if is_there(&plain)? {
        let spikes = Spikes::load(&plain)?;
        return Ok(Some((plain, Arc::new(spikes))));
    }
    if !is_there(&zipped)? {
        return Ok(None);
    }
    let archive = Zipped::open(&zipped)?;
    let found = archive.names()?.into_iter().find(|(found, _)| found.rsplit('/').next() == Some(name));
    let (_, index) = found.ok_or_else(|| Error::file(&zipped, format!("holds no {name}: replace it")))?;
    let bytes = archive.bytes(index).map_err(|e| Error::file(&zipped, format!("damaged ({e}): replace it")))?;
    let spikes = Spikes::open(&zipped.join(name), bytes)?;
    Ok(Some((zipped, Arc::new(spikes))))
}
