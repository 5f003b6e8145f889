//! Folders of images: where they lie, what is said about them, and what a training does with them.

use std::fs;

use serde_json::Value;

use crate::place::{ARCH, Place, TINY, text};

const SEARCH: &str = "--ops skip --confirm 0 --threads 1 --out run";

/// What a training with these options says on stderr.
fn said(place: &Place, options: &str) -> String {
    let output = place.run(&format!("train {ARCH} {TINY} --epochs 1 --threads 1 {options}"));
    assert_eq!(output.status.code(), Some(0), "{options}: {}", text(&output.stderr));
    text(&output.stderr)
}

#[test]
fn a_run_finds_its_images_from_anywhere_and_again_by_any_path() {
    let place = Place::new();
    let found = place.json(&format!("search {TINY} {SEARCH}"));
    let elsewhere = TINY.replace("images", place.path("images").to_str().unwrap());
    assert_eq!(place.json(&format!("search {elsewhere} {SEARCH}"))["score"], found["score"]);
    let run = place.path("run");
    let output = place.command("train --epochs 1").arg(&run).current_dir("/").output().unwrap();
    assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
}

#[test]
fn images_that_moved_are_named_and_others_are_refused_in_their_place() {
    let place = Place::new();
    place.succeeds(&format!("search {TINY} {SEARCH}"));
    fs::rename(place.path("images"), place.path("pictures")).unwrap();
    place.refuses("train run --epochs 1", 1, "images: no such folder");
    fs::copy(place.path("pictures/train/light/9.png"), place.path("pictures/train/dark/9.png")).unwrap();
    place.refuses(
        "train run --epochs 1 --data pictures",
        1,
        "other images: as many as before, 20 for training and 8 for",
    );
    let other = Place::new();
    fs::remove_dir_all(place.path("pictures")).unwrap();
    fs::rename(other.path("images"), place.path("pictures")).unwrap();
    place.succeeds("train run --epochs 1 --data pictures");
    place.succeeds("train run --epochs 1 --resume");
}

#[test]
fn what_is_done_with_training_images_is_said_and_own_images_are_not_mirrored_unasked() {
    let place = Place::new();
    assert!(said(&place, "--out a --crop-part 0.125").contains("augmentation: crop with padding 1\n"));
    let mirrored = said(&place, "--out b --mirror --crop-padding 2");
    assert!(mirrored.contains("augmentation: crop with padding 2, mirrored at random\n"), "{mirrored}");
    assert!(said(&place, "--out c --no-augment").contains("augmentation: none\n"));
    assert!(said(&place, "--out d --mirror --crop-padding 0").contains("augmentation: mirrored at random\n"));
    place.refuses(&format!("train {ARCH} {TINY} --mirror --no-augment"), 2, "--mirror");
    place.refuses(&format!("train {ARCH} {TINY} --crop-padding 5000"), 2, "crop padding 5000");
    let weights = |run: &str| fs::read(place.path(run).join("model.safetensors")).unwrap();
    assert!(weights("a") != weights("b") && weights("a") != weights("c"));
}

#[test]
fn a_limit_trains_on_every_class_and_the_records_count_them() {
    let place = Place::new();
    let words = said(&place, "--limit-train 5 --out run");
    assert!(words.contains("trained on 5 of 20 images, 2 to 3 of each class\n"), "{words}");
    let epoch: Value = serde_json::from_str(place.read("run/train.jsonl").lines().next().unwrap()).unwrap();
    let mut counts: Vec<u64> =
        epoch["images_per_class"].as_array().unwrap().iter().map(|n| n.as_u64().unwrap()).collect();
    counts.sort_unstable();
    assert_eq!(counts, [2, 3]);
}

#[test]
fn one_class_is_nothing_to_tell_apart() {
    let place = Place::new();
    for split in ["train", "test"] {
        fs::remove_dir_all(place.path("images").join(split).join("light")).unwrap();
    }
    place.refuses("data check --data images", 1, "one class (dark) is nothing to tell apart");
    place.refuses(&format!("train {ARCH} {TINY}"), 1, "one class (dark) is nothing to tell apart");
}

#[test]
fn images_of_a_long_name_have_a_run_folder_that_file_systems_take() {
    let place = Place::new();
    let name = "n".repeat(250);
    fs::rename(place.path("images"), place.path(&name)).unwrap();
    let tiny = TINY.replace("images", &name);
    place.succeeds(&format!("run {tiny} --ops skip --cells 1 --confirm 0 --epochs 1"));
    let folders: Vec<_> = fs::read_dir(place.path("runs")).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert!(folders.len() == 1 && folders[0].len() < 200, "{folders:?}");
}
