//! Datasets of recordings: a file of spikes, the labels of gestures, an archive, and the frames that are kept.

use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use spikenas::data::Framing;
use spikenas::data::events::Split;
use spikenas::{Dataset, Progress, Result, Silent, Source};

use crate::checksums;
use crate::promises::accepted;
use crate::scratch;

/// Two samples, as PyTables writes them.
const SPIKES: &[u8] = include_bytes!("../../../spikenas/tests/events/shd.h5");
const FRAMING: Framing = Framing { frames: 2, split: Split::Time, scale: 1, merges_polarities: true };

pub(crate) fn spikes() -> Vec<Vec<u8>> {
    vec![SPIKES.to_vec()]
}

pub(crate) fn read_spikes(input: &[u8]) -> bool {
    let folder = scratch::folder("spikes", |folder| write(folder, "shd/shd_test.h5", SPIKES));
    write(&folder, "shd/shd_train.h5", input);
    accepted(open(&Source::Shd, &folder, &mut Silent)).is_some()
}

pub(crate) fn gestures() -> Vec<Vec<u8>> {
    vec![b"class,startTime_usec,endTime_usec\n2,40,60\n11,0,51\n".to_vec()]
}

pub(crate) fn read_gestures(input: &[u8]) -> bool {
    let folder = scratch::folder("gestures", |folder| {
        for (name, content) in [("trials_to_train.txt", "a.aedat\n"), ("trials_to_test.txt", "b.aedat\n")] {
            write(folder, &format!("dvs-gesture/{name}"), content.as_bytes());
        }
        let event = [(100_u32 << 17 | 7 << 2 | 3).to_le_bytes(), 50_u32.to_le_bytes()].concat();
        let packet = [vec![1, 0, 1, 0], [8_u32, 4, 0, 1, 1, 1].map(u32::to_le_bytes).concat(), event].concat();
        for name in ["a.aedat", "b.aedat"] {
            write(folder, &format!("dvs-gesture/{name}"), &[b"#!AER-DAT3.1\r\n#!END-HEADER\r\n", &packet[..]].concat());
        }
        write(folder, "dvs-gesture/b_labels.csv", &gestures()[0]);
    });
    write(&folder, "dvs-gesture/a_labels.csv", input);
    accepted(open(&Source::DvsGesture, &folder, &mut Silent)).is_some()
}

/// Recordings that were there for long, in a folder of this thread.
fn waves() -> PathBuf {
    scratch::folder("waves", |folder| {
        let past = SystemTime::now() - Duration::from_secs(100);
        for (name, x) in [("train/a/1.bin", 1), ("train/b/1.bin", 2), ("test/a/1.bin", 3), ("test/b/1.bin", 7)] {
            write(folder, name, &[x, 2, 0x80, 0, 9, x, 1, 0, 0, 20]);
            let file = std::fs::File::options().append(true).open(folder.join(name)).expect("a file that was written");
            file.set_modified(past).expect("a file of this process");
        }
    })
}

const KEPT: &str = ".frames/folder-2-time-1-together.frames";

pub(crate) fn frames() -> Vec<Vec<u8>> {
    let folder = waves();
    let _ = std::fs::remove_file(folder.join(KEPT));
    open(&Source::Folder(folder.clone()), &folder, &mut Silent).expect("recordings that are whole");
    vec![std::fs::read(folder.join(KEPT)).expect("frames that were kept")]
}

pub(crate) fn read_frames(input: &[u8]) -> bool {
    checksums::both(input, checksums::of_end, |input| {
        let folder = waves();
        write(&folder, KEPT, input);
        let mut counted = Counted(false);
        let dataset = open(&Source::Folder(folder.clone()), &folder, &mut counted).expect("frames are made anew");
        assert_eq!((dataset.train.len(), dataset.test.len()), (2, 2));
        !counted.0
    })
}

/// Whether recordings were counted.
struct Counted(bool);

impl Progress for Counted {
    fn begin(&mut self, stage: &str, _: usize) {
        self.0 |= stage.starts_with("counting");
    }
}

fn open(source: &Source, folder: &Path, progress: &mut dyn Progress) -> Result<Dataset> {
    let dataset = Dataset::open_framed(source, folder, Some(FRAMING), progress)?;
    for images in [&dataset.train, &dataset.test] {
        assert_eq!(images.pixels.len(), images.len() * images.sample_len());
        assert!(images.labels.iter().all(|&label| usize::from(label) < dataset.classes.len()));
    }
    Ok(dataset)
}

fn write(folder: &Path, name: &str, content: &[u8]) {
    let path = folder.join(name);
    path.parent().map_or(Ok(()), std::fs::create_dir_all).expect("a folder in a temporary folder");
    std::fs::write(path, content).expect("a file in a temporary folder");
}
