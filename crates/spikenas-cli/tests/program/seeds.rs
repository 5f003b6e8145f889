//! Several seeds: each an ordinary run, all together a mean.

use std::fs;

use serde_json::Value;

use crate::place::{ARCH, Place, TINY};

fn results(record: &Value) -> Vec<(u64, f64)> {
    let results = record["results"].as_array().unwrap().iter();
    results.map(|result| (result["seed"].as_u64().unwrap(), result["accuracy"].as_f64().unwrap())).collect()
}

#[test]
fn a_run_with_several_seeds_is_as_many_runs_and_their_mean() {
    let place = Place::new();
    let run = format!("run {TINY} --ops skip,conv3x3 --cells 1 --epochs 2 --seed 5");
    let several = place.json(&format!("{run} --seeds 2 --recipe fast --out both"));
    let one =
        place.json(&format!("run {TINY} --ops skip,conv3x3 --cells 1 --epochs 2 --seed 6 --recipe fast --out six"));
    let seeds = results(&several);
    assert_eq!(seeds.iter().map(|&(seed, _)| seed).collect::<Vec<_>>(), [5, 6]);
    assert_eq!(several["results"][1]["accuracy"], one["evaluate"]["accuracy"]);
    assert_eq!(several["results"][1]["architecture"], one["search"]["architecture"]);
    let (a, b) = (seeds[0].1, seeds[1].1);
    assert_eq!(several["accuracy"]["mean"], (a + b) / 2.0);
    let deviation = several["accuracy"]["deviation"].as_f64().unwrap();
    assert!((deviation - (a - b).abs() / 2f64.sqrt()).abs() < 1e-9, "{several}");
    assert_eq!(several["results"][0]["choice"], "validation");
    assert!(several["validation_accuracy"]["mean"].as_f64().is_some());
    place.succeeds("evaluate both/seed-5");
    place.refuses("evaluate both", 1, "name one of them, such as its folder seed-1");

    // Again, nothing is done again; with one more, only that.
    let journal = fs::metadata(place.path("both/seed-6/journal.jsonl")).unwrap().modified().unwrap();
    let more = place.json(&format!("{run} --seeds 3 --recipe fast --out both"));
    assert_eq!(results(&more)[..2], seeds[..]);
    assert_eq!(results(&more)[2].0, 7);
    assert_eq!(fs::metadata(place.path("both/seed-6/journal.jsonl")).unwrap().modified().unwrap(), journal);
}

#[test]
fn a_folder_of_several_seeds_is_listed_in_a_line_and_has_a_page() {
    let place = Place::new();
    let train = format!("train {ARCH} {TINY} --epochs 1 --validation 0.2");
    let record = place.json(&format!("{train} --seeds 2 --out runs/both"));
    let listed = place.json("list");
    assert_eq!(listed.as_array().unwrap().len(), 1);
    assert_eq!((&listed[0]["accuracy"], &listed[0]["state"]), (&record["accuracy"]["mean"], &"finished".into()));
    assert!(place.succeeds("list").contains(" ± "));
    place.succeeds("report runs/both");
    let page = place.read("runs/both/report.html");
    assert!(page.contains("The whole run on images") && page.contains("Means over seeds") && page.contains(" ± "));
    let json = place.json("report runs/both");
    assert_eq!(json["runs"][0]["seeds"]["results"].as_array().unwrap().len(), 2);
    assert!(place.succeeds("report runs/both --text").contains("with 2 seeds (1, 2)"));
    place.refuses(&format!("{train} --seeds 2 --learning-rate 0.2 --out runs/both"), 1, "train.learning_rate");
    place.refuses(&format!("{train} --out runs/both"), 1, "is not empty and holds no run");
}

#[test]
fn several_seeds_that_were_killed_go_on_where_they_were() {
    let place = Place::new();
    let train = |out: &str| format!("train {ARCH} {TINY} --epochs 30 --recipe fast --seeds 2 --out {out}");
    for seed in [1, 2] {
        let mut child = place.start_until(&train("run"), &format!("run/seed-{seed}/train.jsonl"), 2);
        child.kill().unwrap();
        child.wait().unwrap();
        assert!(!place.path("run/seed-2/trained.json").exists(), "it was killed too late");
    }
    let (resumed, whole) = (place.json(&train("run")), place.json(&train("whole")));
    assert_eq!(results(&resumed), results(&whole));
    for seed in [1, 2] {
        let [a, b] =
            ["run", "whole"].map(|run| fs::read(place.path(&format!("{run}/seed-{seed}/model.safetensors"))).unwrap());
        assert!(a == b, "seed {seed}");
    }
}

#[test]
fn seeds_that_do_not_exist_are_refused() {
    let place = Place::new();
    let train = |options: &str| format!("train {ARCH} {TINY} --epochs 1 {options} --out run");
    for seeds in ["0", "1001", "1000000000000000000"] {
        place.refuses(&train(&format!("--seeds {seeds}")), 2, "give 1 to 1000");
    }
    place.refuses(&train("--seeds 3 --seed 9223372036854775806"), 2, "choose a smaller seed");
    place.refuses("train somewhere --seeds 2", 2, "--seeds");
}
