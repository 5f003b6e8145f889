//! Interrupted work continues where it was, and ends as if nothing had happened.

use std::fs::{self, OpenOptions};
use std::io::Write;
use std::time::Duration;

use serde_json::Value;

use crate::place::{ARCH, Place, TINY};
#[cfg(unix)]
use crate::signals::interrupt;

/// 1458 candidates: long enough to be stopped halfway.
const SEARCH: &str = "--ops spikenas-3o --threads 1";

fn search(place: &Place, run: &str) -> (Value, Value) {
    let record = place.json(&format!("search {TINY} {SEARCH} --out {run}"));
    (record["architecture"].clone(), record["score"].clone())
}

/// Adds to a file what a kill in the middle of a write leaves.
fn tear(place: &Place, name: &str) {
    OpenOptions::new().append(true).open(place.path(name)).unwrap().write_all(b"{\"epo").unwrap();
}

#[test]
fn a_search_that_was_killed_ends_with_the_same_winner() {
    let place = Place::new();
    let mut child = place.start_until(&format!("search {TINY} {SEARCH} --out run"), "run/journal.jsonl", 100);
    child.kill().unwrap();
    child.wait().unwrap();
    assert!(!place.path("run/search.json").exists(), "it was killed too late");
    tear(&place, "run/journal.jsonl");
    assert_eq!(search(&place, "run"), search(&place, "whole"));
    let lines = |run: &str| place.read(&format!("{run}/journal.jsonl")).lines().count();
    assert_eq!(lines("run"), lines("whole"), "no candidate is scored twice");
}

#[cfg(unix)]
#[test]
fn an_interrupted_search_keeps_its_scores_and_says_how_to_go_on() {
    let place = Place::new();
    let output = interrupt(&place, &format!("search {TINY} {SEARCH} --out run"), "run/journal.jsonl", 100, "INT");
    assert_eq!(output.status.code(), Some(130));
    let stderr = String::from_utf8(output.stderr).unwrap();
    let last = stderr.lines().last().unwrap();
    assert!(last.starts_with("error: interrupted: ") && last.contains("same --out"), "{stderr}");
    assert_eq!(stderr.matches("error").count(), 1, "{stderr}");
    let journal = place.read("run/journal.jsonl");
    assert!(journal.ends_with('\n') && journal.lines().all(|l| serde_json::from_str::<Value>(l).is_ok()));
    place.refuses("train run", 1, "its search is not finished");
    search(&place, "run");
    assert!(place.read("run/journal.jsonl").starts_with(&journal), "what was kept stays");
}

#[cfg(unix)]
#[test]
fn two_processes_do_not_write_into_one_run() {
    let place = Place::new();
    let line = format!("search {TINY} {SEARCH} --out run");
    let mut child = place.start_until(&line, "run/journal.jsonl", 100);
    let second = place.run(&line);
    assert_eq!(second.status.code(), Some(1));
    let stderr = String::from_utf8(second.stderr).unwrap();
    assert!(stderr.contains("another process is writing here") && stderr.lines().count() == 1, "{stderr}");
    child.kill().unwrap();
    child.wait().unwrap();
    place.succeeds(&line);
}

/// A recipe of all parts.
const RECIPE: &str = "--optimizer adamw --schedule cosine-per-step --warmup-epochs 2.5 --final-learning-rate 0 \
    --weight-decay-of weights --loss timestep --first-timesteps 1 --average-epochs 20 --flip alternate --crop-fill reflect \
    --norm-gain 1.5 --dropout 0.25";

/// What the epochs of a training learned, without its times.
fn learned(trained: &Value) -> Vec<[Value; 4]> {
    let epochs = trained["epochs"].as_array().unwrap().iter();
    epochs.map(|e| ["epoch", "train_loss", "train_accuracy", "validation_loss"].map(|key| e[key].clone())).collect()
}

fn same_weights(place: &Place) {
    for name in ["model.safetensors", "checkpoint/last.safetensors"] {
        let [resumed, whole] = ["run", "whole"].map(|run| fs::read(place.path(run).join(name)).unwrap());
        assert!(resumed == whole, "{name}");
    }
}

#[test]
fn a_training_that_was_killed_at_any_moment_ends_with_the_same_weights() {
    let place = Place::new();
    let train =
        |run: &str| format!("train {ARCH} {TINY} --epochs 60 --checkpoint-minutes 0 --keep-checkpoint --out {run}");
    // What a kill leaves while the configuration is written.
    fs::create_dir(place.path("run")).unwrap();
    fs::write(place.path("run/config.toml.part"), "version").unwrap();
    // Before the first step, and some time after the first, second, ... record.
    for (records, delay) in [(0, 3), (1, 0), (2, 7), (4, 19), (7, 2), (9, 31)] {
        let mut child = place.start_until(&format!("{} --resume", train("run")), "run/train.jsonl", records);
        std::thread::sleep(Duration::from_millis(delay));
        child.kill().unwrap();
        child.wait().unwrap();
        let epochs = fs::read_to_string(place.path("run/train.jsonl")).map_or(0, |text| text.lines().count());
        assert!(epochs < 60, "it was killed too late");
    }
    tear(&place, "run/train.jsonl");
    let resumed = place.json(&format!("{} --resume", train("run")));
    let whole = place.json(&train("whole"));
    assert_eq!(learned(&resumed), learned(&whole));
    same_weights(&place);
}

#[cfg(unix)]
#[test]
fn an_interrupted_training_keeps_its_last_step_and_says_how_to_go_on() {
    let place = Place::new();
    let train = |run: &str| format!("train {ARCH} {TINY} --epochs 60 {RECIPE} --keep-checkpoint --out {run}");
    let output = interrupt(&place, &train("run"), "run/train.jsonl", 2, "INT");
    assert_eq!(output.status.code(), Some(130));
    let stderr = String::from_utf8(output.stderr).unwrap();
    let last = stderr.lines().last().unwrap();
    assert!(last.starts_with("error: interrupted: epoch ") && last.contains("--resume"), "{stderr}");
    assert!(last.contains(" is kept up to image ") && last.contains(" of 18"), "{stderr}");
    let epochs = place.read("run/train.jsonl").lines().count();
    assert!((2..60).contains(&epochs));
    place.succeeds("evaluate run");
    place.refuses(&train("run"), 1, "--resume");
    let resumed = place.json(&format!("{} --resume", train("run")));
    assert_eq!(learned(&resumed), learned(&place.json(&train("whole"))));
    same_weights(&place);
}

#[test]
fn a_run_that_was_killed_goes_on_with_the_stage_it_was_in() {
    let place = Place::new();
    let run = |out: &str| format!("run {TINY} --ops skip,conv3x3 --cells 1 --epochs 50 --out {out}");
    let mut child = place.start_until(&run("run"), "run/train.jsonl", 3);
    child.kill().unwrap();
    child.wait().unwrap();
    let search = place.read("run/search.json");
    let (resumed, whole) = (place.json(&run("run")), place.json(&run("whole")));
    assert_eq!(place.read("run/search.json"), search, "the search is not done again");
    assert_eq!(resumed["search"]["score"], whole["search"]["score"]);
    assert_eq!(resumed["evaluate"], whole["evaluate"]);
}
