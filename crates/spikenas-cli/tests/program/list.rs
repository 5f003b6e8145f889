//! `list`: what runs there are, and how far they are.

use std::fs;

use crate::place::{ARCH, Place, TINY};

#[test]
fn no_runs_are_no_failure() {
    let place = Place::new();
    assert_eq!(place.succeeds("list"), "no runs in runs\n");
    assert_eq!(place.json("list"), serde_json::json!([]));
    place.refuses("list elsewhere", 1, "elsewhere: ");
}

#[test]
fn each_run_is_listed_with_how_far_it_is() {
    let place = Place::new();
    place.succeeds(&format!("search {TINY} --ops skip,conv3x3 --budget 2k --out runs/searched"));
    let mut killed = place.start_until(
        &format!("train {ARCH} {TINY} --epochs 5000 --out runs/trained"),
        "runs/trained/train.jsonl",
        2,
    );
    killed.kill().unwrap();
    killed.wait().unwrap();
    place.succeeds(&format!("run {TINY} --ops skip --epochs 1 --out runs/whole"));
    fs::create_dir(place.path("runs/begun")).unwrap();
    fs::copy(place.path("runs/searched/config.toml"), place.path("runs/begun/config.toml")).unwrap();
    fs::create_dir(place.path("runs/notes")).unwrap();

    let listed = place.json("list");
    let entry = |name: &str| {
        let folder = format!("runs/{name}");
        listed.as_array().unwrap().iter().find(|entry| entry["folder"] == folder.as_str()).cloned()
    };
    let state = |name: &str| entry(name).unwrap()["state"].clone();
    assert_eq!((state("begun"), state("searched")), ("searching".into(), "searched".into()));
    assert_eq!((state("trained"), state("whole")), ("training".into(), "finished".into()));
    assert!(entry("notes").is_none());
    let (searched, trained, whole) = (entry("searched").unwrap(), entry("trained").unwrap(), entry("whole").unwrap());
    assert_eq!((&searched["data"], &searched["budget"]), (&"images".into(), &2000.into()));
    assert!(searched["parameters"]["backbone"].as_u64().unwrap() <= 2000);
    assert!(trained["done"].as_u64().unwrap() >= 2 && trained["total"] == 5000, "{trained}");
    assert!(whole["accuracy"].as_f64().is_some() && searched["accuracy"].is_null());

    let words = place.succeeds("list");
    assert_eq!(words.lines().count(), 5, "{words}");
    assert!(words.contains(" of 5000") && words.contains("finished") && words.contains("2_000"), "{words}");
    assert_eq!(place.json("list runs/whole").as_array().unwrap().len(), 1, "a run folder is listed itself");
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
