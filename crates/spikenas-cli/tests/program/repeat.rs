//! The same command again: the same result, a result that was finished before, or a clear refusal.

use std::fs;
use std::thread::available_parallelism;

use serde_json::Value;

use crate::place::{ARCH, Place, TINY};

/// A result without its times, and the checksum over them.
fn timeless(mut record: Value) -> Value {
    for place in ["/seconds", "/confirmation/seconds", "/crc"] {
        record.pointer_mut(place).into_iter().for_each(|value| *value = Value::Null);
    }
    record
}

/// The scores of a journal, without their times.
fn scores(place: &Place, run: &str) -> Vec<Value> {
    let journal = place.read(&format!("{run}/journal.jsonl"));
    journal.lines().skip(1).map(|line| timeless(serde_json::from_str(line).unwrap())).collect()
}

/// As many threads as this machine has, but no more than two.
fn two_threads() -> usize {
    available_parallelism().map_or(1, usize::from).min(2)
}

#[test]
fn a_search_is_the_same_again_and_for_any_number_of_threads() {
    let place = Place::new();
    let search = |run: &str, threads: usize| {
        let line = format!("search {TINY} --ops skip,conv3x3 --threads {threads} --out {run}");
        (timeless(place.json(&line)), scores(&place, run))
    };
    let first = search("a", 1);
    assert_eq!(first.1.len(), 127, "the winner of the first pass is scored once");
    assert_eq!(search("b", 1), first);
    assert_eq!(search("c", two_threads()), first);
}

#[test]
fn another_seed_gives_other_scores() {
    let place = Place::new();
    let score = |seed: u32| place.json(&format!("score {ARCH} {TINY} --seed {seed}"))["results"][0]["score"].clone();
    assert_ne!(score(1), score(2));
}

#[test]
fn a_training_is_the_same_again_and_for_any_number_of_threads() {
    let place = Place::new();
    let train = |run: &str, threads: usize| {
        place.succeeds(&format!("train {ARCH} {TINY} --epochs 2 --keep-checkpoint --threads {threads} --out {run}"));
        fs::read(place.path(run).join("checkpoint/last.safetensors")).unwrap()
    };
    let first = train("a", 1);
    assert!(train("b", 1) == first, "again");
    assert!(train("c", two_threads()) == first, "with more threads");
}

#[test]
fn a_finished_search_is_not_done_again() {
    let place = Place::new();
    let search = format!("search {TINY} --ops skip,conv3x3 --out run");
    let (first, journal) = (place.json(&search), place.read("run/journal.jsonl"));
    assert_eq!(place.json(&search), first, "times included");
    assert_eq!(place.read("run/journal.jsonl"), journal);
}

#[test]
fn a_finished_run_is_only_tested_again() {
    let place = Place::new();
    let run = format!("run {TINY} --ops skip --epochs 2 --out run");
    let first = place.json(&run);
    assert_eq!(place.json(&run), first, "times included");
}

#[test]
fn a_run_without_a_folder_of_its_own_gets_one_that_is_free_or_its_own() {
    let place = Place::new();
    let run = |epochs: u32| place.json(&format!("run {TINY} --ops skip --epochs {epochs}"))["folder"].clone();
    assert_eq!(run(1), "runs/images-2c1o-seed1");
    assert_eq!(run(2), "runs/images-2c1o-seed1-2");
    assert_eq!(run(1), "runs/images-2c1o-seed1");
}

#[test]
fn another_configuration_in_the_same_folder_is_refused_with_what_differs() {
    let place = Place::new();
    place.succeeds(&format!("search {TINY} --ops skip,conv3x3 --out run"));
    for (options, difference) in [
        ("--ops skip,conv3x3 --seed 2", "search.seed 1 -> 2"),
        ("--ops skip,conv3x3 --budget 2k --scope backbone", "search.budget null -> \"2000\""),
        ("--ops skip", "search.operations"),
        ("--ops skip,conv3x3 --cells 1", "network.cells 2 -> 1"),
    ] {
        place.refuses(&format!("search {TINY} {options} --out run"), 1, difference);
    }
}

#[test]
fn a_longer_run_is_told_how_a_trained_one_goes_on() {
    let place = Place::new();
    let run = |epochs: usize| format!("run {TINY} --ops skip --epochs {epochs} --out 'a run'");
    place.succeeds(&run(2));
    place.refuses(&run(4), 1, "go on with spikenas train 'a run' --resume --epochs 4, choose another --out or repeat");
    // Fewer epochs than it was trained for are refused.
    place.refuses(&run(1), 1, "(train.epochs 2 -> 1): choose another --out or repeat the options");
    place.succeeds("train 'a run' --resume --epochs 4");
    place.succeeds(&run(4));
}

#[test]
fn images_that_changed_under_a_finished_run_are_counted() {
    let place = Place::new();
    let run = format!("run {TINY} --ops skip --epochs 1 --out run");
    place.succeeds(&run);
    let image = |name: &str| place.path("images/train").join(name);
    fs::copy(image("dark/1.png"), image("light/1.png")).unwrap();
    place.refuses(&run, 1, "other images: as many as before, 20 for training and 8 for the test, but not the same");
    fs::remove_file(image("light/1.png")).unwrap();
    for line in [&run, "train run --resume"] {
        place.refuses(line, 1, "20 -> 19 for training, 8 -> 8 for the test): choose another --out or bring those back");
    }
}

#[test]
fn a_folder_in_which_nothing_was_scored_takes_another_configuration() {
    let place = Place::new();
    let search = format!("search {TINY} --out run");
    let failed = place.run(&format!("{search} --ops skip --score funnel --memory 1KiB"));
    assert_eq!(failed.status.code(), Some(2));
    assert!(place.path("run/journal.jsonl").is_file());
    place.succeeds(&format!("{search} --ops skip,conv3x3"));
    place.refuses(&format!("{search} --ops skip"), 1, "search.operations");
}

#[test]
fn a_winner_is_trained_with_the_images_and_the_network_of_its_search() {
    let place = Place::new();
    let found = place.json(&format!("search {TINY} --ops skip,conv3x3 --cells 1 --out run"));
    let trained = place.json("train run --epochs 2");
    assert_eq!(trained["architecture"], found["architecture"]);
    assert_eq!(trained["epochs"].as_array().unwrap().len(), 2);
    place.refuses("train run", 1, "2 epochs are trained already: add --resume");
    place.refuses("train run --learning-rate 0.01 --resume", 1, "train.learning_rate 0.015 -> 0.01");
    assert_eq!(place.json("train run --resume"), trained);
}

#[test]
fn seed_and_batch_of_a_winners_training_are_its_own() {
    let place = Place::new();
    place.succeeds(&format!("search {TINY} --ops skip --out run"));
    place.succeeds("train run --epochs 1 --seed 2 --batch 4");
    let config = place.read("run/config.toml");
    let (search, train) = config.split_once("[train]").unwrap();
    assert!(train.contains("seed = 2") && train.contains("batch = 4"), "{config}");
    assert!(search.contains("seed = 1") && search.contains("batch = 8"), "{config}");
}

#[test]
fn the_number_of_epochs_may_change_until_one_is_trained() {
    let place = Place::new();
    place.succeeds(&format!("search {TINY} --ops skip --out run"));
    let diverged = place.run("train run --epochs 1 --learning-rate 1e30");
    assert_eq!(diverged.status.code(), Some(1));
    let stderr = String::from_utf8(diverged.stderr).unwrap();
    assert!(stderr.contains("lower --learning-rate"), "{stderr}");
    assert!(!place.path("run/model.safetensors").exists());
    place.succeeds("train run --epochs 2 --learning-rate 0.1");
    assert_eq!(fs::read_to_string(place.path("run/train.jsonl")).unwrap().lines().count(), 2);
}

#[test]
fn a_run_whose_settings_have_the_older_spelling_goes_on() {
    let place = Place::new();
    let search = format!("search {TINY} --ops skip --out run");
    let first = place.json(&search);
    let config = place.read("run/config.toml");
    assert!(config.contains("optimizer = \"muon\""), "{config}");
    // An older version wrote no checksum, either.
    let older: Vec<&str> = config.lines().filter(|line| !line.starts_with("# crc ")).collect();
    fs::write(place.path("run/config.toml"), older.join("\n").replace("optimizer", "optimiser")).unwrap();
    assert_eq!(place.json(&search), first);
    place.succeeds("train run --epochs 1 --optimizer adam");
    assert!(place.read("run/config.toml").contains("optimizer = \"adam\""));
}
