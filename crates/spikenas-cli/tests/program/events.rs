//! `data events`: recordings that a simulated camera makes of images.

use std::fs;

use serde_json::json;

use crate::place::{Place, text};

/// Small and quick: the images of a [`Place`] are 8x8, of which 20 are for training and 8 for tests.
const EVENTS: &str = "data events -d images --threads 1";

fn names(place: &Place, folder: &str) -> Vec<String> {
    let entries = fs::read_dir(place.path(folder)).unwrap();
    let mut names: Vec<String> = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

#[test]
fn images_become_recordings_by_split_and_class_beside_a_file_that_says_that_they_are_simulated() {
    let place = Place::new();
    let made = place.json(&format!("{EVENTS} --contrast 0.2"));
    assert_eq!(made["folder"], "images-simulated");
    assert_eq!((&made["format"], &made["width"], &made["height"]), (&json!("bin"), &json!(14), &json!(14)));
    assert_eq!((&made["train"]["recordings"], &made["test"]["recordings"]), (&json!(20), &json!(8)));
    assert_eq!(names(&place, "images-simulated"), ["simulated.toml", "test", "train"]);
    assert_eq!(names(&place, "images-simulated/test"), ["dark", "light"]);
    assert_eq!(names(&place, "images-simulated/test/light"), ["00004.bin", "00005.bin", "00006.bin", "00007.bin"]);
    let events: u64 = ["dark", "light"]
        .iter()
        .flat_map(|class| fs::read_dir(place.path(&format!("images-simulated/test/{class}"))).unwrap())
        .map(|file| file.unwrap().metadata().unwrap().len() / 5)
        .sum();
    assert_eq!(made["test"]["events"], events);
    let marker = place.read("images-simulated/simulated.toml");
    for line in ["no camera has seen them", "program = ", "fingerprint = ", "contrast = 0.2", "seed = 1"] {
        assert!(marker.contains(line), "{line}: {marker}");
    }
    let words = place.succeeds(&format!("{EVENTS} --out other --images 4 --noise 2 --seed 5"));
    assert!(
        words.starts_with("simulated recordings of images, 14x14 pixels, .bin: other\ntrain  4 recordings, "),
        "{words}"
    );
    assert_eq!(names(&place, "other/train/dark").len(), 2);
}

#[test]
fn large_images_become_archives_of_numpy() {
    let place = Place::new();
    for (name, side, format) in [("small", 235, "bin"), ("large", 240, "npz")] {
        let edge = image::GrayImage::from_fn(side, side, |x, _| image::Luma([if x < 9 { 0 } else { 255 }]));
        for folder in ["train/a", "train/b", "test/a", "test/b"] {
            let folder = place.path(&format!("{name}/{folder}"));
            fs::create_dir_all(&folder).unwrap();
            edge.save(folder.join("1.png")).unwrap();
        }
        let made = place.json(&format!("data events -d {name} --margin 1 --mismatch 0 -j 1"));
        assert_eq!((&made["format"], &made["height"]), (&json!(format), &json!(side + 2)));
        assert_eq!(names(&place, &format!("{name}-simulated/test/b")), [format!("00001.{format}")]);
    }
}

#[test]
fn a_repeated_command_changes_nothing_and_tells_the_same() {
    let place = Place::new();
    let first = place.succeeds(&format!("{EVENTS} --json"));
    let written = fs::metadata(place.path("images-simulated/train/dark/00000.bin")).unwrap().modified().unwrap();
    assert_eq!(place.succeeds(&format!("{EVENTS} --json")), first);
    let again = fs::metadata(place.path("images-simulated/train/dark/00000.bin")).unwrap().modified().unwrap();
    assert_eq!(again, written);
}

#[test]
fn what_cannot_be_recorded_is_one_line_and_changes_nothing() {
    let place = Place::new();
    fs::create_dir(place.path("mine")).unwrap();
    fs::write(place.path("mine/notes.txt"), "mine").unwrap();
    place.succeeds(EVENTS);
    for (options, status, reason) in [
        ("--contrast 0", 2, "contrast 0 is out of range: give 0.01 to 3"),
        ("--contrast nan", 2, "contrast NaN"),
        ("--mismatch 2", 2, "mismatch 2"),
        ("--noise -1", 2, "noise in Hz -1"),
        ("--margin 0", 2, "margin 0 is out of range: give 1 to 100"),
        ("--margin 70000", 2, "--margin"),
        ("--refractory-us 300001", 2, "give 0 to 300000"),
        ("--refractory-us -1", 2, "give a whole number, 0 or more"),
        ("--images 1", 2, "images 1: fewer than the 2 classes"),
        ("--images 0", 2, "images 0: fewer than the 2 classes"),
        ("--data-dir elsewhere", 2, "--data"),
        ("--out mine", 1, "mine: is not empty and holds no simulation: choose another --out"),
        ("--contrast 0.5", 1, "belongs to another simulation (camera.contrast 0.35 -> 0.5): choose another --out"),
        ("--images 20", 1, "belongs to another simulation (images null -> 20)"),
        ("--out images/train/dark/0.png", 1, "images/train/dark/0.png"),
    ] {
        place.refuses(&format!("{EVENTS} {options}"), status, reason);
    }
    place.refuses("data events -d nowhere", 1, "nowhere: no such folder");
}

#[cfg(unix)]
#[test]
fn a_stopped_command_keeps_whole_classes_and_goes_on() {
    use crate::signals::send;
    let place = Place::new();
    // The sample, slowly.
    let line = "data events -d sample --images 200 --margin 10 --threads 1 --out made";
    let child = place.start_until(line, "made/simulated.toml", 1);
    send(&child, "INT");
    let output = child.wait_with_output().unwrap();
    let stderr = text(&output.stderr);
    assert_eq!(output.status.code(), Some(130), "{stderr}");
    assert!(stderr.ends_with("of the classes that are whole; repeat it with the same --out to go on\n"), "{stderr}");
    assert!(!place.path("made/train/truck").exists());
    let short = "data events -d sample --images 10 --threads 1 --out";
    place.succeeds(&format!("{short} whole"));
    place.refuses(&format!("{short} made"), 1, "belongs to another simulation");
}
