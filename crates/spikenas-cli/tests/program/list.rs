//! `list`: what runs there are, and how far they are.

use std::fs;

use crate::place::{ARCH, Place, TINY};

#[test]
fn no_runs_are_no_failure() {
    let place = Place::new();
    assert_eq!(place.succeeds("list"), "no runs in runs\n");
    assert_eq!(place.json("list"), serde_json::json!([]));
    place.refuses("list elsewhere", 1, "elsewhere: there is no such folder");
}

#[test]
fn each_run_is_listed_with_how_far_it_is() {
    let place = Place::new();
    place.succeeds(&format!("search {TINY} --ops skip,conv3x3 --budget 2k --scope backbone --out runs/searched"));
    let mut killed = place.start_until(
        &format!("train {ARCH} {TINY} --epochs 5000 --out runs/trained"),
        "runs/trained/train.jsonl",
        2,
    );
    killed.kill().unwrap();
    killed.wait().unwrap();
    place.succeeds(&format!("run {TINY} --ops skip --epochs 1 --out runs/whole"));
    begin(&place, "searched", "begun");
    fs::create_dir(place.path("runs/notes")).unwrap();

    let listed = place.json("list");
    let entry = |name: &str| {
        let folder = format!("runs/{name}");
        listed.as_array().unwrap().iter().find(|entry| entry["folder"] == folder.as_str()).cloned()
    };
    let state = |name: &str| entry(name).unwrap()["state"].clone();
    assert_eq!((state("begun"), state("searched")), ("interrupted".into(), "searched".into()));
    assert_eq!((state("trained"), state("whole")), ("interrupted".into(), "finished".into()));
    assert!(entry("notes").is_none());
    let (searched, trained, whole) = (entry("searched").unwrap(), entry("trained").unwrap(), entry("whole").unwrap());
    assert_eq!((&searched["data"], &searched["budget"]), (&"images".into(), &2000.into()));
    assert!(searched["parameters"]["backbone"].as_u64().unwrap() <= 2000);
    assert!(trained["done"].as_u64().unwrap() >= 2 && trained["total"] == 5000, "{trained}");
    assert!(whole["accuracy"].as_f64().is_some() && searched["accuracy"].is_null());

    let words = place.succeeds("list");
    assert_eq!(words.lines().count(), 5 + 2, "{words}");
    assert!(
        words.contains("interrupted, epoch ")
            && words.contains(" of 5000")
            && words.contains("finished")
            && words.contains("2_000"),
        "{words}"
    );
    assert_eq!(place.json("list runs/whole").as_array().unwrap().len(), 1, "a run folder is listed itself");
}

/// Makes a run whose search was interrupted before its first score, with the settings of another.
fn begin(place: &Place, settings_of: &str, name: &str) {
    fs::create_dir(place.path(&format!("runs/{name}"))).unwrap();
    fs::copy(place.path(&format!("runs/{settings_of}/config.toml")), place.path(&format!("runs/{name}/config.toml")))
        .unwrap();
}

/// The state of the only run, and the command that is said to continue it.
fn only(place: &Place) -> (String, Option<String>) {
    let listed = place.json("list");
    let word = |key: &str| listed[0][key].as_str().map(String::from);
    (word("state").unwrap(), word("continued_by"))
}

#[test]
fn what_was_interrupted_is_listed_with_the_command_that_continues_it() {
    let place = Place::new();
    // A search alone: its training would be that of the defaults.
    place.succeeds(&format!("search {TINY} --ops skip --budget 2k --scope backbone --out 'runs/a search'"));
    fs::remove_file(place.path("runs/a search/search.json")).unwrap();
    let (state, command) = only(&place);
    let command = command.unwrap();
    assert!(state == "interrupted" && command.starts_with("spikenas search "), "{state}: {command}");
    assert!(place.succeeds("list").contains(&format!("continue: {command}")), "{command}");
    let config = place.read("runs/a search/config.toml");
    place.succeeds(command.strip_prefix("spikenas ").unwrap());
    assert_eq!(only(&place), ("searched".into(), None));
    assert_eq!(place.read("runs/a search/config.toml"), config);
    fs::remove_dir_all(place.path("runs")).unwrap();

    // A run that was to train for other epochs than the default.
    place.succeeds(&format!("run {TINY} --ops skip --epochs 1 --out runs/whole"));
    begin(&place, "whole", "begun");
    fs::remove_dir_all(place.path("runs/whole")).unwrap();
    let command = only(&place).1.unwrap();
    assert!(command.starts_with("spikenas run ") && command.contains("--epochs 1"), "{command}");
    place.succeeds(command.strip_prefix("spikenas ").unwrap());
    assert_eq!(only(&place), ("finished".into(), None));
}

#[cfg(unix)]
#[test]
fn a_run_that_is_worked_on_is_no_interrupted_one() {
    let place = Place::new();
    let line = format!("train {ARCH} {TINY} --epochs 5000 --out runs/long");
    let mut worker = place.start_until(&line, "runs/long/train.jsonl", 1);
    let (state, command) = only(&place);
    let words = place.succeeds("list");
    worker.kill().unwrap();
    worker.wait().unwrap();
    assert!(state == "training" && command.is_none() && words.contains("training, epoch "), "{state}: {words}");
    assert_eq!(only(&place), ("interrupted".into(), Some("spikenas train runs/long --resume".into())));
}

#[test]
fn a_damaged_run_is_listed_with_its_fault() {
    let place = Place::new();
    place.succeeds(&format!("search {TINY} --ops skip --out runs/a"));
    fs::write(place.path("runs/a/config.toml"), "version = [").unwrap();
    let words = place.succeeds("list");
    assert!(words.contains("damaged: runs/a/config.toml: line 1"), "{words}");
    assert!(place.json("list")[0]["faults"][0].as_str().unwrap().contains("config.toml"));
}
