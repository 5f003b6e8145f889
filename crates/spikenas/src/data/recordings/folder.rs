use std::path::{Path, PathBuf};

use super::collection::{Collection, Sample, Unit};
use super::place::Place;
use crate::Result;
use crate::data::Source;
use crate::data::folder::{Listing, SIMULATED};
use crate::record::files::is_there;

/// The recordings of a folder, in the order of its listing.
pub(in crate::data) fn of_folder(folder: &Path, listing: &Listing) -> Result<Collection> {
    let unit = |(path, label, is_test): (&PathBuf, u16, bool)| Unit {
        place: Place::File(path.clone()),
        samples: vec![Sample { is_test, label, window: None }],
    };
    let [train, test] = [(&listing.train, false), (&listing.test, true)]
        .map(|(files, is_test)| files.iter().map(move |(path, label)| (path, *label, is_test)));
    let units: Vec<Unit> = train.chain(test).map(unit).collect();
    Ok(Collection {
        source: Source::Folder(folder.into()),
        folder: folder.into(),
        classes: listing.classes.clone(),
        sensor: None,
        files: units.iter().map(|unit| unit.place.path()).collect(),
        units,
        simulated: is_there(&folder.join(SIMULATED))?,
        passed_over: listing.passed_over.clone(),
        notes: listing.class_notes(),
    })
}
