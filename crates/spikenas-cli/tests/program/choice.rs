//! By which images the epoch of a model is chosen, and what records and pages say of it.

use std::fs;

use serde_json::Value;

use crate::place::{ARCH, Place, TINY, text};

fn record(place: &Place, name: &str) -> Value {
    serde_json::from_str(&place.read(name)).unwrap()
}

/// The accuracies of a training's epochs under a name.
fn accuracies(trained: &Value, name: &str) -> Vec<Option<f64>> {
    trained["epochs"].as_array().unwrap().iter().map(|epoch| epoch[name].as_f64()).collect()
}

#[test]
fn images_that_are_held_out_choose_and_the_test_images_are_used_once() {
    let place = Place::new();
    let trained = place.json(&format!("train {ARCH} {TINY} --epochs 3 --validation 0.2 --out run"));
    let held_out = accuracies(&trained, "validation_accuracy");
    assert!(held_out.len() == 3 && held_out.iter().all(Option::is_some), "{trained}");
    assert_eq!(accuracies(&trained, "test_accuracy"), [None; 3]);
    assert_eq!(trained["epochs"][0]["images_per_class"], serde_json::json!([8, 8]));
    assert_eq!(trained["evaluate"]["total"], 8);
    for name in ["run/evaluate.json", "run/trained.json"] {
        let record = record(&place, name);
        assert_eq!(record["choice"], "validation", "{name}");
        assert_eq!((&record["validation"], &record["validation_images"]), (&0.2.into(), &4.into()), "{name}");
    }
    let end = record(&place, "run/trained.json");
    let best = held_out.into_iter().flatten().fold(0.0, f64::max);
    assert_eq!((&end["best_accuracy"], &end["best_epoch"]), (&best.into(), &trained["evaluate"]["model"]["epoch"]));

    let words = place.succeeds("evaluate run");
    assert!(words.contains("epoch chosen  on 4 training images that were held out"), "{words}");
    place.succeeds("report run");
    let page = place.read("run/report.html");
    assert!(page.contains("the best on training images that were held out"), "the page says it");
    assert!(page.contains("validation accuracy") && !page.contains("flattered"));
    let command = place.json("report run")["runs"][0]["command"].clone();
    assert!(command.as_str().unwrap().contains("--validation 0.2"), "the command repeats it: {command}");
    place.succeeds(&format!("train {ARCH} {TINY} --epochs 2 --recipe snasnet --out other"));
    let both = place.succeeds("report run other --text");
    assert!(both.contains(&format!("{best:.2}")) && both.contains("validation"), "{both}");
    fs::remove_file(place.path("run/evaluate.json")).unwrap();
    let listed = place.json("list run");
    assert_eq!((&listed[0]["accuracy"], &listed[0]["validation_accuracy"]), (&Value::Null, &best.into()));
    assert!(place.succeeds("list run").contains("(validation)"));
}

#[test]
fn a_model_that_was_chosen_on_the_test_images_is_marked() {
    let place = Place::new();
    let trained = place.json(&format!("train {ARCH} {TINY} --epochs 2 --recipe snasnet --out run"));
    assert!(accuracies(&trained, "test_accuracy").iter().all(Option::is_some));
    assert_eq!((&trained["evaluate"]["choice"], &trained["evaluate"]["validation"]), (&"test".into(), &Value::Null));
    let mark = "on the test images, as the field does: the figure is flattered";
    assert!(place.succeeds("evaluate run").contains(&format!("epoch chosen  {mark}")));
    place.succeeds("report run");
    assert!(place.read("run/report.html").contains(mark));
}

#[test]
fn with_nothing_held_out_the_last_epoch_is_kept() {
    let place = Place::new();
    let line = format!("train {ARCH} {TINY} --epochs 3 --recipe fast --validation 0");
    let trained = place.json(&format!("{line} --out run"));
    for name in ["test_accuracy", "validation_accuracy", "test_loss"] {
        assert_eq!(accuracies(&trained, name), [None; 3]);
    }
    assert_eq!((&trained["evaluate"]["choice"], &trained["evaluate"]["model"]["epoch"]), (&"last".into(), &3.into()));
    assert!(record(&place, "run/trained.json").get("best_accuracy").is_none());
    place.succeeds("report run");
    assert!(place.read("run/report.html").contains("The model is that of the last epoch, 3: no epoch was chosen"));
    place.refuses(&format!("{line} --patience 2 --out other"), 2, "patience 2: no image tells");
    let stderr = text(&place.run("train run --resume --epochs 4").stderr);
    assert!(stderr.contains("4 epochs instead of 3"), "{stderr}");
    assert_eq!(record(&place, "run/trained.json")["best_epoch"], 4);
}

#[test]
fn a_training_that_began_without_images_held_out_goes_on_as_it_was() {
    let place = Place::new();
    place.succeeds(&format!("train {ARCH} {TINY} --epochs 2 --recipe snasnet --out run"));
    // As before there was a choice.
    let config = place.read("run/config.toml");
    let is_old = |line: &&str| !["choice", "validation", "# crc"].iter().any(|new| line.starts_with(new));
    let old: Vec<&str> = config.lines().filter(is_old).collect();
    fs::write(place.path("run/config.toml"), old.join("\n")).unwrap();
    place.refuses("train run --resume --validation 0.1", 1, "train.validation");
    let trained = place.json("train run --resume --epochs 4");
    assert!(accuracies(&trained, "test_accuracy").iter().all(Option::is_some));
    assert_eq!(trained["epochs"].as_array().unwrap().len(), 4);
}

#[test]
fn a_training_with_images_held_out_that_was_killed_ends_with_the_same_weights() {
    let place = Place::new();
    let train = |run: &str| {
        format!("train {ARCH} {TINY} --epochs 40 --recipe fast --checkpoint-minutes 0 --resume --out {run}")
    };
    for records in [0, 2, 5] {
        let mut child = place.start_until(&train("run"), "run/train.jsonl", records);
        child.kill().unwrap();
        child.wait().unwrap();
    }
    let (resumed, whole) = (place.json(&train("run")), place.json(&train("whole")));
    for name in ["validation_loss", "train_loss"] {
        assert_eq!(
            resumed["epochs"].as_array().unwrap().iter().map(|e| &e[name]).collect::<Vec<_>>(),
            whole["epochs"].as_array().unwrap().iter().map(|e| &e[name]).collect::<Vec<_>>()
        );
    }
    let [a, b] = ["run", "whole"].map(|run| fs::read(place.path(run).join("model.safetensors")).unwrap());
    assert!(a == b);
}

#[test]
fn what_cannot_be_held_out_is_refused() {
    let place = Place::new();
    let line = |options: &str| format!("train {ARCH} {TINY} --epochs 1 {options} --out run");
    for part in ["1", "-0.1", "nan", "1e300"] {
        place.refuses(&line(&format!("--validation {part}")), 2, "give a part below 1");
    }
    place.refuses(&line("--recipe snasnt"), 2, "snasnet");
    for class in ["dark", "light"] {
        (1..10).for_each(|n| fs::remove_file(place.path(&format!("images/train/{class}/{n}.png"))).unwrap());
    }
    place.refuses(&line("--validation 0.1"), 2, "no class of");
}
