//! Several limits in one search, the candidates that no other beats, and their trainings.

use std::fs;

use serde_json::Value;

use crate::place::{ARCH, Place, TINY};

const SPACE: &str = "--ops skip,conv3x3 --cells 1 --scope backbone";

/// A result without what differs from run to run.
fn timeless(mut record: Value) -> Value {
    fn clear(value: &mut Value) {
        match value {
            Value::Object(map) => {
                map.retain(|key, _| !key.contains("seconds") && key != "folder" && key != "images_per_second");
                map.values_mut().for_each(clear);
            }
            Value::Array(all) => all.iter_mut().for_each(clear),
            _ => {}
        }
    }
    clear(&mut record);
    record
}

#[test]
fn several_budgets_are_answered_by_one_search_each_at_least_as_well_as_alone() {
    let place = Place::new();
    let search =
        |budget: &str, more: &str| place.json(&format!("search {TINY} {SPACE} --score funnel {budget} {more}"));
    let all = search("--budget 700,1000,4k", "--confirm 0 --out all");
    assert_eq!(all["budget"], 4000, "the largest is the search's own");
    let answers: Vec<&Value> = std::iter::once(&all).chain(all["answers"].as_array().unwrap()).collect();
    for (answer, budget) in answers.iter().zip([4000, 1000, 700]) {
        let alone = search(&format!("--budget {budget}"), "--confirm 0");
        assert_eq!(answer["budget"], budget);
        assert!(answer["parameters"]["backbone"].as_u64().unwrap() <= budget);
        assert!(answer["score"].as_f64() >= alone["score"].as_f64(), "{answer} against {alone}");
        assert_eq!(answer["candidates"], alone["candidates"]);
    }
    let scores = place.read("all/journal.jsonl").lines().count() - 1;
    assert_eq!(scores as u64, all["computed"].as_u64().unwrap(), "one cell: the others cost nothing");
    assert!(place.succeeds("report all --text").contains("The front"));
}

#[test]
fn the_front_has_no_candidate_that_another_beats() {
    let place = Place::new();
    let objectives = "--objectives score,parameters,operations";
    let found = place.json(&format!("search {TINY} {SPACE} --score funnel --budget 4k {objectives} --out found"));
    let front = found["front"].as_array().unwrap();
    assert!(front.len() > 1, "{found}");
    let losses = |point: &Value| {
        let number = |value: &Value| value.as_f64().unwrap();
        [-number(&point["score"]), number(&point["parameters"]["backbone"]), number(&point["operations"])]
    };
    let beats = |a: &Value, b: &Value| {
        let (a, b) = (losses(a), losses(b));
        a != b && a.iter().zip(b).all(|(a, b)| *a <= b)
    };
    assert!(!front.iter().any(|a| front.iter().any(|b| beats(a, b))));
    let journal = place.read("found/journal.jsonl");
    let best = journal.lines().skip(1).map(|line| serde_json::from_str::<Value>(line).unwrap());
    let best = best.filter_map(|entry| entry["score"].as_f64()).fold(f64::NEG_INFINITY, f64::max);
    assert!(front.iter().any(|point| point["score"].as_f64() == Some(best)), "the best score is on it");
}

#[test]
fn a_run_under_several_budgets_trains_each_answer_once_and_goes_on_after_a_kill() {
    let place = Place::new();
    let run = |out: &str| format!("run {TINY} {SPACE} --budget 700,4k,5k,6k --epochs 20 --recipe fast --out {out}");
    for network in ["1", "2"] {
        let mut child = place.start_until(&run("killed"), &format!("killed/front/{network}/train.jsonl"), 2);
        child.kill().unwrap();
        child.wait().unwrap();
        assert!(!place.path("killed/front/2/trained.json").exists(), "it was killed too late");
    }
    let (resumed, whole) = (place.json(&run("killed")), place.json(&run("whole")));
    assert_eq!(timeless(resumed["front"].clone()), timeless(whole["front"].clone()));
    let results = whole["front"]["results"].as_array().unwrap();
    assert_eq!(results.len(), 2, "three budgets have the same answer: {whole}");
    assert_eq!(results[1]["limits"].as_array().unwrap().len(), 3);
    for network in ["1", "2"] {
        let model = |run: &str| fs::read(place.path(&format!("{run}/front/{network}/model.safetensors"))).unwrap();
        assert!(model("killed") == model("whole"), "network {network}");
        let tested = place.json(&format!("evaluate whole/front/{network}"));
        let index = network.parse::<usize>().unwrap() - 1;
        assert_eq!(tested["accuracy"], results[index]["accuracy"]);
    }
    let page = place.read("whole/report.html");
    for words in ["Accuracy against memory", "Accuracy against operations", "Networks to choose from", "Pareto front"] {
        assert!(page.contains(words), "{words}");
    }
    assert!(page.contains("--budget 6000,5000,4000,700"), "the command that repeats it");

    // A search alone, then its trainings, are the same.
    place.succeeds(&format!("search {TINY} {SPACE} --budget 700,4k,5k,6k --out parts"));
    let trained = place.json("train parts --front --epochs 20 --recipe fast");
    assert_eq!(timeless(trained["front"].clone()), timeless(whole["front"].clone()));
    place.refuses("train parts --front --epochs 21 --recipe fast", 1, "train.epochs 20 -> 21");
}

#[test]
fn several_limits_of_a_device_are_answered_in_pairs() {
    let place = Place::new();
    let network = "--ops skip,conv3x3 --cells 1 --bits 8";
    let found = place.json(&format!("search {TINY} {network} --hidden 16 --flash 8KiB,6KiB --ram 16KiB"));
    let [large, small] = [&found, &found["answers"][0]];
    for (answer, most) in [(large, 8 << 10), (small, 6 << 10)] {
        assert!(answer["device"]["flash"]["bytes"].as_u64().unwrap() <= most, "{answer}");
        assert!(answer["device"]["ram"]["bytes"].as_u64().unwrap() <= 16 << 10);
    }
    place.refuses(
        &format!("search {TINY} {network} --flash 1MiB,2MiB --ram 1KiB,2KiB,3KiB"),
        2,
        "give as many of each",
    );
}

#[test]
fn a_front_that_makes_no_sense_is_refused_in_a_line() {
    let place = Place::new();
    let refused = |options: &str, words: &str| place.refuses(&format!("search {TINY} {options}"), 2, words);
    refused("--objectives score,parameters", "a front needs a budget");
    refused("--budget 40k --objectives score", "two or more");
    refused("--budget 40k --objectives score,beauty", "beauty");
    refused("--budget 40k,40000", "40k is given twice");
    refused("--budget 40k,", "--budget");
    refused("--budget ,", "--budget");
    place.refuses(&format!("search {TINY} --hidden 16 --budget 400k,12"), 1, "the smallest needs");
    place.refuses(&format!("run {TINY} --budget 40k,50k --seeds 2"), 2, "for one limit, not for 2");
    place.refuses(&format!("run {TINY} --budget 40k,50k --minutes 3"), 2, "give epochs instead");
    place.refuses("search --budget 40k --objectives score,parameters", 2, "give the widths");
    place.refuses("train --front", 2, "RUN");
    place.succeeds(&format!("train {ARCH} {TINY} --epochs 1 --out alone"));
    place.refuses("train alone --front", 1, "has one answer and no front");
}
