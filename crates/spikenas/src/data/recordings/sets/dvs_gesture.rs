use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use serde::Deserialize;

use super::super::collection::{Collection, Sample, Unit};
use super::super::place::Place;
use super::named::{Archive, Expected, NamedRecordings};
use crate::data::Source;
use crate::data::events::{Sensor, Split};
use crate::record::files::{is_folder, read_text, read_text_if_there};
use crate::weights::Framing;
use crate::{Error, Result};

/// DVS128 Gesture (Amir et al., 2017).
pub(super) static DVS_GESTURE: NamedRecordings = NamedRecordings {
    source: Source::DvsGesture,
    folder: "dvs-gesture",
    expected: Expected::Splits([1_176, 288]),
    words: "1,464 recordings of 11 gestures, 128x128",
    framing: Framing { frames: 10, split: Split::Number, scale: 2, merges_polarities: false },
    files: "what is in DvsGesture.tar.gz, the folder DvsGesture,",
    archives: &[Archive { name: "DvsGesture.tar.gz", md5: "8a5c71fb11e24e5ca5b11866ca6c00a1", url: None }],
    page: "https://research.ibm.com/interactive/dvsgesture/",
    licence: "see its page",
    list,
};

const CLASSES: [&str; 11] = [
    "hand_clapping",
    "right_hand_wave",
    "left_hand_wave",
    "right_arm_clockwise",
    "right_arm_counter_clockwise",
    "left_arm_clockwise",
    "left_arm_counter_clockwise",
    "arm_roll",
    "air_drums",
    "air_guitar",
    "other_gestures",
];

/// A gesture in a recording: a line of `NAME_labels.csv`.
#[derive(Debug, Deserialize)]
struct Gesture {
    /// From 1 to 11.
    class: u16,
    /// Its first microsecond.
    #[serde(rename = "startTime_usec")]
    start: u64,
    /// The one after its last.
    #[serde(rename = "endTime_usec")]
    end: u64,
}

/// A sample is a gesture; the files of each split are listed in `trials_to_train.txt` and `trials_to_test.txt`.
fn list(folder: &Path) -> Result<Option<Collection>> {
    let inner = folder.join("DvsGesture");
    let root = if is_folder(&inner)? { inner } else { folder.to_path_buf() };
    let lists = ["trials_to_train.txt", "trials_to_test.txt"].map(|name| root.join(name));
    let [train, test] = [read_text_if_there(&lists[0])?, read_text_if_there(&lists[1])?];
    let (train, test) = match (train, test) {
        (None, None) => return Ok(None),
        (Some(train), Some(test)) => (train, test),
        (train, _) => {
            return Err(Error::file(&lists[usize::from(train.is_some())], "no such file, but the other list is there"));
        }
    };
    let (mut units, mut files, mut seen) = (Vec::new(), lists.to_vec(), BTreeSet::new());
    for (text, is_test, list) in [(train, false, &lists[0]), (test, true, &lists[1])] {
        for name in text.lines().map(str::trim).filter(|line| !line.is_empty()) {
            if Path::new(name).components().count() != 1 || !name.ends_with(".aedat") {
                return Err(Error::file(list, format!("{name} is not the name of an aedat file: replace the list")));
            }
            if !seen.insert(name.to_string()) {
                return Err(Error::file(list, format!("{name} is listed twice: replace the list")));
            }
            let (recording, labels) = (root.join(name), root.join(name.replace(".aedat", "_labels.csv")));
            let samples = gestures(&labels, is_test)?;
            files.extend([recording.clone(), labels]);
            units.push(Unit { place: Place::File(recording), samples });
        }
    }
    Ok(Some(Collection {
        source: Source::DvsGesture,
        folder: folder.into(),
        classes: CLASSES.map(String::from).to_vec(),
        sensor: Some(Sensor { width: 128, height: 128 }),
        units,
        files,
        simulated: false,
        passed_over: Vec::new(),
        notes: Vec::new(),
    }))
}

/// The gestures of a recording.
fn gestures(labels: &PathBuf, is_test: bool) -> Result<Vec<Sample>> {
    let text = read_text(labels)?;
    let lines = csv::Reader::from_reader(text.as_bytes()).into_deserialize::<Gesture>().enumerate();
    let sample = |(index, line): (usize, std::result::Result<Gesture, csv::Error>)| {
        let damaged = |what: String| Error::file(labels, format!("line {}: {what}: replace it", index + 2));
        let Gesture { class, start, end } = line.map_err(|e| damaged(e.to_string()))?;
        let label = class.checked_sub(1).filter(|&label| usize::from(label) < CLASSES.len());
        let label = label.ok_or_else(|| damaged(format!("class {class}, where there are 1 to {}", CLASSES.len())))?;
        if start >= end {
            return Err(damaged(format!("from {start} to {end} us is no time")));
        }
        Ok(Sample { is_test, label, window: Some(start..end) })
    };
    lines.map(sample).collect()
}
