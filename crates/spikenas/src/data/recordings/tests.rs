use std::fs;
use std::path::{Path, PathBuf};

use tempfile::TempDir;

use crate::data::events::Split;
use crate::data::{DataConfig, Dataset, Framing, Source};
use crate::graph::Shape;
use crate::progress::{Progress, Silent};
use crate::{Error, Result};

const FRAMING: Framing = Framing { frames: 2, split: Split::Number, scale: 1, merges_polarities: false };

/// Events as N-MNIST writes them: column, row, polarity, microseconds.
fn bin(events: &[(u8, u8, bool, u16)]) -> Vec<u8> {
    let event = |&(x, y, is_on, time): &(u8, u8, bool, u16)| {
        let [high, low] = time.to_be_bytes();
        [x, y, u8::from(is_on) << 7, high, low]
    };
    events.iter().flat_map(event).collect()
}

fn write(dir: &TempDir, name: &str, bytes: &[u8]) {
    let path = dir.path().join(name);
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, bytes).unwrap();
}

/// A training and a test recording of two classes; the largest column is 5, the largest row 2.
fn two_classes() -> TempDir {
    let dir = tempfile::tempdir().unwrap();
    for (name, x) in
        [("train/left/a.bin", 0), ("train/right/a.BIN", 5), ("test/left/a.bin", 1), ("test/right/a.bin", 4)]
    {
        let events = [(x, 2, true, 0), (x, 2, true, 1), (x, 0, false, 2), (x, 1, false, 9)];
        write(&dir, name, &bin(&events));
    }
    dir
}

/// Keeps what it is told.
#[derive(Default)]
struct Told {
    stages: Vec<String>,
    notes: Vec<String>,
    stops: bool,
}

impl Progress for Told {
    fn begin(&mut self, stage: &str, total: usize) {
        self.stages.push(format!("{stage} {total}"));
    }

    fn note(&mut self, message: &str) {
        self.notes.push(message.into());
    }

    fn is_cancelled(&self) -> bool {
        self.stops
    }
}

fn open_with(dir: &TempDir, framing: Framing, progress: &mut dyn Progress) -> Result<Dataset> {
    Dataset::open_framed(&Source::Folder(dir.path().into()), Path::new(""), Some(framing), progress)
}

fn open(dir: &TempDir) -> Dataset {
    open_with(dir, FRAMING, &mut Silent).unwrap()
}

fn kept(dir: &TempDir) -> PathBuf {
    dir.path().join(".frames/folder-2-number-1.frames")
}

/// The stages of another opening.
fn stages(dir: &TempDir) -> Vec<String> {
    let mut told = Told::default();
    open_with(dir, FRAMING, &mut told).unwrap();
    assert_eq!(told.notes, [""; 0]);
    told.stages
}

/// Sets the time of the recordings back, as that of files that were there for long.
fn age(dir: &TempDir) {
    let past = std::time::SystemTime::now() - std::time::Duration::from_secs(100);
    for name in ["train/left/a.bin", "train/right/a.BIN", "test/left/a.bin", "test/right/a.bin"] {
        fs::File::options().append(true).open(dir.path().join(name)).unwrap().set_modified(past).unwrap();
    }
}

#[test]
fn recordings_become_frames_in_the_middle_of_sides_that_poolings_fit() {
    let dataset = open(&two_classes());
    assert_eq!((dataset.classes.as_slice(), dataset.train.frames), (&["left", "right"].map(String::from)[..], 2));
    assert_eq!(dataset.train.shape, Shape { channels: 2, height: 4, width: 8 }, "3 rows and 6 columns");
    assert_eq!((dataset.train.labels.as_slice(), dataset.test.labels.as_slice()), (&[0, 1][..], &[0, 1][..]));
    let places =
        |pixels: &[u8]| pixels.iter().enumerate().filter(|(_, p)| **p > 0).map(|(at, p)| (at, *p)).collect::<Vec<_>>();
    // Of the first frame the two brighter events, channel 1; of the second, channel 0. A column is left of the image, no row above.
    assert_eq!(places(dataset.train.image(0)), [(32 + 2 * 8 + 1, 2), (64 + 1, 1), (64 + 8 + 1, 1)]);
    assert_eq!(places(dataset.test.image(1)), [(32 + 2 * 8 + 5, 2), (64 + 5, 1), (64 + 8 + 5, 1)]);
    assert_eq!(
        (dataset.normalisation.mean[0], dataset.normalisation.deviation[0]),
        (0.0, (2.0_f64.sqrt() / 255.0) as f32)
    );
    assert_eq!(dataset.recorded.unwrap().framing, FRAMING);
    assert_eq!(dataset.notes, [""; 0]);
}

#[test]
fn kept_frames_are_the_same_and_taken_as_long_as_the_recordings_stay() {
    let dir = two_classes();
    let first = open(&dir);
    assert_eq!(
        stages(&dir),
        ["comparing recordings with those that the frames are of 4"],
        "they are too young to trust their times"
    );
    age(&dir);
    assert_eq!(stages(&dir).len(), 1, "they look different, and are not");
    assert_eq!(stages(&dir), [""; 0], "a look is enough");
    assert_eq!(open(&dir), first);
    let other = Framing { merges_polarities: true, ..FRAMING };
    assert_eq!(open_with(&dir, other, &mut Silent).unwrap().train.shape.channels, 1);
    assert_eq!(open(&dir), first, "each framing has a file of its own");

    write(&dir, "train/left/a.bin", &bin(&[(3, 2, true, 0), (3, 2, true, 1), (3, 0, false, 2), (3, 1, false, 9)]));
    assert!(stages(&dir).contains(&"counting recordings into frames 4".to_string()));
    assert_ne!(open(&dir).fingerprint(), first.fingerprint());
    write(&dir, "train/left/b.bin", &bin(&[(3, 2, true, 0)]));
    assert_eq!(open(&dir).train.len(), 3);
}

#[test]
fn kept_frames_that_are_damaged_or_of_another_version_are_made_anew_with_a_line() {
    let dir = two_classes();
    let first = open(&dir);
    let whole = fs::read(kept(&dir)).unwrap();
    let told = |bytes: &[u8]| {
        fs::write(kept(&dir), bytes).unwrap();
        let mut told = Told::default();
        assert_eq!(open_with(&dir, FRAMING, &mut told).unwrap(), first);
        assert_eq!(fs::read(kept(&dir)).unwrap(), whole, "they are kept again");
        told.notes
    };
    for length in (0..whole.len()).step_by(7) {
        assert_eq!(told(&whole[..length]).len(), 1, "cut to {length} bytes");
    }
    for at in (0..whole.len()).step_by(5) {
        let mut bytes = whole.clone();
        bytes[at] ^= 1;
        let notes = told(&bytes);
        assert!(notes.len() == 1 && notes[0].ends_with("the frames are made anew"), "byte {at}: {notes:?}");
    }
    assert!(told(b"frames of recordings 0\n{}\n").concat().contains("of another version"));
    assert!(told(&whole).is_empty());
}

#[test]
fn a_place_where_nothing_can_be_kept_is_noted_and_no_more() {
    let dir = two_classes();
    fs::write(dir.path().join(".frames"), "a file in the place of the folder").unwrap();
    let dataset = open(&dir);
    assert!(matches!(&dataset.notes[..], [note] if note.starts_with("the frames are not kept")), "{:?}", dataset.notes);
    assert_eq!(dataset.train.len(), 2);
}

#[test]
fn a_stop_ends_the_reading_and_keeps_nothing() {
    let dir = two_classes();
    let error = open_with(&dir, FRAMING, &mut Told { stops: true, ..Told::default() }).unwrap_err();
    assert!(matches!(&error, Error::Interrupted(_)), "{error}");
    assert!(!kept(&dir).exists());
}

#[test]
fn a_damaged_recording_is_named() {
    let dir = two_classes();
    write(&dir, "test/left/b.bin", &[1, 2, 3]);
    let error = open_with(&dir, FRAMING, &mut Silent).unwrap_err().to_string();
    assert!(error.contains("test/left/b.bin: cut off within an event"), "{error}");
}

#[test]
fn files_of_two_sensors_are_refused_and_those_that_say_theirs_need_no_measuring() {
    let dat = |width: u16| {
        let head = format!("% Version 2\n% Width {width}\n% Height 3\n");
        [head.as_bytes(), &[0, 8], &7_u32.to_le_bytes(), &(1_u32 << 28 | 2 << 14 | 1).to_le_bytes()].concat()
    };
    let dir = tempfile::tempdir().unwrap();
    for name in ["train/a/a.dat", "train/b/a.dat", "test/a/a.dat", "test/b/a.dat"] {
        write(&dir, name, &dat(5));
    }
    let mut told = Told::default();
    assert_eq!(open_with(&dir, FRAMING, &mut told).unwrap().train.shape, Shape { channels: 2, height: 4, width: 8 });
    assert!(!told.stages.concat().contains("measuring"), "{:?}", told.stages);
    write(&dir, "test/b/b.dat", &dat(9));
    let error = open_with(&dir, FRAMING, &mut Silent).unwrap_err().to_string();
    assert!(error.contains("test/b/b.dat: a sensor of 9x3 pixels, but the first recording is of 5x3"), "{error}");
}

#[test]
fn of_images_and_recordings_the_fewer_are_passed_over() {
    let dir = two_classes();
    for name in ["train/left/x.png", "test/left/x.jpg", "notes.txt"] {
        write(&dir, name, b"");
    }
    write(&dir, "simulated.toml", b"");
    let dataset = open(&dir);
    assert_eq!(
        dataset.notes,
        [
            "passed over: 1 txt file beside train and test (notes.txt), 1 jpg file in test/left (x.jpg), 1 png file in train/left (x.png)",
            "simulated recordings"
        ]
    );
    assert!(dataset.recorded.unwrap().simulated);
}

#[test]
fn images_have_no_frames() {
    let error = Dataset::open_framed(&Source::Sample, Path::new(""), Some(FRAMING), &mut Silent).unwrap_err();
    assert!(error.is_usage() && error.to_string().starts_with("data sample: these are images"), "{error}");
}

#[test]
fn a_configuration_finds_its_frames_again_and_tells_others_apart() {
    let dir = two_classes();
    let source = Source::Folder(dir.path().into());
    let dataset = open(&dir);
    let config = DataConfig::of(&source, Path::new("data"), &dataset);
    let text = toml::to_string(&config).unwrap();
    let read: DataConfig = toml::from_str(&text).unwrap();
    assert_eq!((&read, read.framing), (&config, Some(FRAMING)));
    assert_eq!(read.open(Path::new("run"), &mut Silent).unwrap(), dataset);
    let other = open_with(&dir, Framing { frames: 3, ..FRAMING }, &mut Silent).unwrap();
    let changed = config.other_images(&DataConfig::of(&source, Path::new("data"), &other));
    assert_eq!(changed, Some(Some("2 frames by number -> 3 frames by number".into())));
    assert_eq!(dataset.id().framing, Some(FRAMING));
}

#[test]
fn counts_above_255_are_255_and_noted() {
    let dir = two_classes();
    write(&dir, "train/left/b.bin", &bin(&[(5, 2, true, 3)].repeat(700)));
    let dataset = open(&dir);
    assert_eq!(dataset.train.pixels.iter().filter(|&&pixel| pixel == 255).count(), 2);
    assert_eq!(dataset.notes, ["2 counts of pixels above 255 events are 255"]);
    assert_eq!(open(&dir).notes, dataset.notes, "kept frames say so, too");
}
