//! The JSON that others rely on.

use serde_json::{Value, json};

use crate::place::{ARCH, Place, TINY, text};

/// Asserts that an object has exactly these keys.
#[track_caller]
fn has_keys(object: &Value, keys: &[&str]) {
    let mut found: Vec<&str> = object.as_object().unwrap().keys().map(String::as_str).collect();
    let mut expected = keys.to_vec();
    found.sort_unstable();
    expected.sort_unstable();
    assert_eq!(found, expected);
}

#[test]
fn score_lists_a_result_for_each_architecture_in_order() {
    let place = Place::new();
    let scores = place.json(&format!("score {ARCH} --arch '0111 0011 0001 0000' {TINY}"));
    has_keys(&scores, &["results"]);
    let results = scores["results"].as_array().unwrap();
    assert_eq!(results.len(), 2);
    for result in results {
        has_keys(result, &["architecture", "score", "parameters", "firing_rate", "seconds"]);
        has_keys(&result["parameters"], &["backbone", "classifier", "network"]);
        assert!(result["score"].is_f64() && result["seconds"].is_f64());
        assert!((0.0..1.0).contains(&result["firing_rate"].as_f64().unwrap()));
    }
    assert_eq!(results[0]["architecture"], "0313 0031 0003 0000");
    assert_eq!(results[1]["architecture"], "0111 0011 0001 0000");
}

#[test]
fn a_disconnected_architecture_scores_minus_infinity() {
    let scores = Place::new().json(&format!("score --arch '0000 0000 0000 0000' {TINY}"));
    assert_eq!(scores["results"][0]["score"], "-inf");
}

#[test]
fn memory_itemises_the_paper_s_smallest_network() {
    let memory = Place::new().json("memory --arch '0111 0011 0001 0000' --preset cifar10 --bits 8");
    assert_eq!(memory["parameters"]["network"], 17_179_620);
    assert_eq!((&memory["memory_bytes"], &memory["memory_bits"]), (&json!(17_179_620), &json!(137_436_960)));
    let total = |layer: &Value| -> u64 {
        has_keys(layer, &["name", "output", "weights", "batch_norm", "bias"]);
        ["weights", "batch_norm", "bias"].iter().map(|key| layer[key].as_u64().unwrap()).sum()
    };
    let layers = memory["layers"].as_array().unwrap();
    assert_eq!(layers.iter().map(total).sum::<u64>(), 17_179_620);
    let in_classifier = |layer: &&Value| layer["name"].as_str().unwrap().starts_with("classifier");
    assert_eq!(memory["parameters"]["classifier"], layers.iter().filter(in_classifier).map(total).sum::<u64>());
}

#[test]
fn search_reports_the_winner_and_what_it_looked_at() {
    let place = Place::new();
    let found =
        place.json(&format!("search {TINY} --ops skip,conv3x3 --score funnel --budget 1.5k --scope backbone --seed 7"));
    for key in ["architecture", "score", "parameters", "firing_rate", "passes", "seconds", "version"] {
        assert!(!found[key].is_null(), "{key}");
    }
    assert_eq!((&found["budget"], &found["scope"]), (&json!(1500), &json!("backbone")));
    assert_eq!((&found["method"], &found["seed"]), (&json!("spikenas"), &json!(7)));
    assert_eq!(found["candidates"], 128);
    assert!(found["parameters"]["backbone"].as_u64().unwrap() <= 1500);
    let feasible = found["feasible"].as_u64().unwrap();
    assert!((2..128).contains(&feasible) && found["scored"] == feasible, "{found}");
    let scored = place.json(&format!("score --arch '{}' {TINY} --seed 7", found["architecture"].as_str().unwrap()));
    assert_eq!(scored["results"][0]["score"], found["score"]);
    assert_eq!(scored["results"][0]["parameters"], found["parameters"]);
}

#[test]
fn a_budget_in_bytes_counts_at_the_precision_given() {
    let place = Place::new();
    let found = place.json(&format!("search {TINY} --ops skip --budget 480KiB --bits 8 --scope network"));
    assert_eq!((&found["budget"], &found["scope"]), (&json!(491_520), &json!("network")));
}

#[test]
fn train_lists_its_epochs_and_evaluate_agrees_with_the_best() {
    let place = Place::new();
    let trained = place.json(&format!("train {ARCH} {TINY} --recipe snasnet --epochs 2 --out run"));
    let epochs = trained["epochs"].as_array().unwrap();
    assert_eq!(epochs.iter().map(|e| e["epoch"].as_u64().unwrap()).collect::<Vec<_>>(), [1, 2]);
    for epoch in epochs {
        let losses = ["train_loss", "test_loss"];
        let accuracies = ["train_accuracy", "test_accuracy", "test_top5_accuracy"];
        let speeds = ["learning_rate", "images_per_second", "seconds"];
        has_keys(epoch, &[&losses[..], &accuracies, &speeds, &["epoch"]].concat());
        assert!(accuracies.iter().all(|key| (0.0..=100.0).contains(&epoch[key].as_f64().unwrap())), "{epoch}");
    }
    let best = epochs.iter().map(|e| e["test_accuracy"].as_f64().unwrap()).fold(0.0, f64::max);

    let tested = place.json("evaluate run");
    let result = ["accuracy", "top5_accuracy", "correct", "total", "loss", "firing_rate", "layers", "classes"];
    let about = ["version", "engine", "device", "program", "data", "model", "choice"];
    let shown = ["samples", "over_time"];
    let mistakes: &[&str] = if best < 100.0 { &["mistakes"] } else { &[] };
    has_keys(&tested, &[&result[..], &about, &shown, mistakes].concat());
    assert_eq!((tested["total"].as_u64(), tested["accuracy"].as_f64()), (Some(8), Some(best)));
    assert_eq!(tested["correct"].as_f64().unwrap() * 100.0 / 8.0, best);
    has_keys(&tested["layers"][0], &["name", "neurons", "firing_rate"]);
    let mut kept: Value = serde_json::from_str(&place.read("run/evaluate.json")).unwrap();
    assert!(kept.as_object_mut().unwrap().remove("crc").is_some());
    assert_eq!(kept, tested);
}

#[test]
fn run_reports_its_three_stages() {
    let place = Place::new();
    let finished =
        place.json(&format!("run {TINY} --recipe snasnet --ops skip,conv3x3 --epochs 1 --cells 1 --out run"));
    has_keys(&finished, &["folder", "search", "train", "evaluate"]);
    assert_eq!(finished["train"]["architecture"], finished["search"]["architecture"]);
    assert_eq!(finished["evaluate"]["accuracy"], finished["train"]["epochs"][0]["test_accuracy"]);
    for name in ["config.toml", "journal.jsonl", "search.json", "train.jsonl", "model.safetensors", "evaluate.json"] {
        assert!(place.path("run").join(name).is_file(), "{name}");
    }
}

#[test]
fn data_says_what_is_there() {
    let place = Place::new();
    let list = place.json("data list");
    let names: Vec<&Value> = list.as_array().unwrap().iter().map(|d| &d["name"]).collect();
    assert_eq!(names[..5], ["sample", "cifar10", "cifar100", "fashion-mnist", "mnist"]);
    assert_eq!(names.len(), 11, "and those of recordings");
    assert_eq!(list[0]["found"], json!([2000, 1000]));
    assert!(list[1]["found"].is_null() && list[1]["problem"].as_str().unwrap().contains("data fetch cifar10"));

    let report = place.json("data check --data images");
    assert_eq!((&report["classes"], &report["complete"]), (&json!(["dark", "light"]), &json!(true)));
    assert_eq!(report["train"], json!({"images": 20, "per_class": [10, 10], "expected": null}));
    assert_eq!(report["test"]["images"], 8);

    std::fs::copy(place.path("images/train/dark/0.png"), place.path("images/test/light/copy.png")).unwrap();
    std::fs::write(place.path("images/train/dark/x.webp"), "").unwrap();
    let words = place.succeeds("data check --data images");
    let lines: Vec<&str> = words.lines().collect();
    assert_eq!(lines[0], "images: 2 classes, 8x8 pixels, 3 channels");
    assert_eq!(lines[3..5], ["class  0: dark, 10 + 4 images", "class  1: light, 10 + 5 images"]);
    assert!(words.contains("same   test/light/copy.png and train/dark/0.png\n"), "{words}");
    assert!(words.contains("passed 1 webp file in train/dark (x.webp)"), "{words}");
    let report = place.json("data check --data images");
    assert_eq!(report["passed_over"][0]["kind"], "webp file");
    let stderr = text(&place.run(&format!("score {ARCH} {TINY}")).stderr);
    assert!(stderr.contains("note: images: passed over: 1 webp file in train/dark (x.webp)\n"), "{stderr}");
}

#[test]
fn architectures_of_the_bench_are_written_so_that_they_can_be_read_again() {
    let place = Place::new();
    let found = place.json(&format!("search {TINY} --ops spikenas-bench --method random --iterations 20 --out run"));
    assert_eq!((&found["method"], &found["candidates"]), (&json!("random"), &json!(20)));
    let bench = "--ops spikenas-bench --arch '0243 0031 0002 0000'";
    let scores = place.json(&format!("score {bench} --arch 'spikenas-bench:0243 0031 0002 0000' {TINY}"));
    let results = &scores["results"];
    assert_eq!(results[0]["architecture"], "spikenas-bench:0243 0031 0002 0000");
    assert_eq!(results[0]["score"], results[1]["score"]);
    let other = place.json(&format!("score --arch '0333 0031 0003 0000' {TINY}"));
    assert_ne!(results[0]["score"], other["results"][0]["score"]);
    assert_eq!(results[0]["parameters"], other["results"][0]["parameters"]);
    place.succeeds("train run --epochs 1");
}

#[test]
fn a_training_follows_its_schedule_and_ends_when_patience_does() {
    let place = Place::new();
    let options = "--recipe snasnet --epochs 40 --optimizer adam --schedule step:2 --label-smoothing 0.1 --patience 3";
    let trained = place.json(&format!("train {ARCH} {TINY} {options} --out run"));
    let epochs = trained["epochs"].as_array().unwrap();
    let numbers = |key: &str| -> Vec<f64> { epochs.iter().map(|e| e[key].as_f64().unwrap()).collect() };
    let rates = numbers("learning_rate");
    for (rate, expected) in rates.iter().zip([1e-3, 1e-3, 1e-4, 1e-4]) {
        assert!((rate - expected).abs() < 1e-12, "{rates:?}");
    }
    let accuracies = numbers("test_accuracy");
    let best = accuracies.iter().copied().fold(0.0, f64::max);
    let first_best = accuracies.iter().position(|&a| a == best).unwrap();
    assert!(epochs.len() < 40 && epochs.len() == first_best + 1 + 3, "{accuracies:?}");
    // There are two classes.
    assert!(numbers("test_top5_accuracy").iter().all(|&a| a == 100.0));
    assert_eq!(place.json("evaluate run")["top5_accuracy"], 100.0);
    // The rest was waited for already.
    let again = place.json(&format!("train {ARCH} {TINY} {options} --out run --resume"));
    assert_eq!(again["epochs"], trained["epochs"]);
}

#[test]
fn draws_of_a_random_search_are_told_from_the_networks_that_it_scores() {
    let place = Place::new();
    let line = format!("search {TINY} --cells 1 --ops skip,conv3x3 --method random --iterations 3000 --confirm 0");
    let words = place.succeeds(&line);
    assert!(words.contains("3000 draws, 64 different, 64 fit and scored"), "{words}");
    let found = place.json(&format!("{line} --out run"));
    assert_eq!((&found["candidates"], &found["different"], &found["computed"]), (&json!(3000), &json!(64), &json!(64)));
    assert_eq!(found["input"], json!({"channels": 3, "height": 8, "width": 8}));
    assert_eq!(place.read("run/journal.jsonl").lines().count(), 1 + 64);
}

#[test]
fn parameters_that_do_no_work_are_a_line_of_their_own() {
    let place = Place::new();
    let network = "--widths 4,8 --cells 1 --image 1x8x8";
    let memory = place.json(&format!("memory --arch '0010 0033 0003 0000' {network}"));
    let without = memory["without_unreachable"].as_str().unwrap();
    assert_eq!(without, "0010 0000 0003 0000");
    let rest = place.json(&format!("memory --arch '{without}' {network}"));
    let backbone = |memory: &Value| memory["parameters"]["backbone"].as_u64().unwrap();
    // Two 3x3 convolutions of four channels with their batch norms.
    assert_eq!(memory["unreachable"], 2 * (4 * 4 * 9 + 2 * 4));
    assert_eq!(backbone(&memory) - backbone(&rest), memory["unreachable"].as_u64().unwrap());
    assert_eq!((&rest["unreachable"], rest.get("without_unreachable")), (&json!(0), None));
    let words = place.succeeds(&format!("memory --arch '0010 0033 0003 0000' {network}"));
    assert!(words.contains("* on no path") && words.contains("cell 1, 1→2 *"), "{words}");
}

#[test]
fn a_search_leaves_out_what_does_no_work() {
    let place = Place::new();
    for (score, is_cut) in [("funnel", true), ("sahd", false)] {
        let found = place.json(&format!(
            "search {TINY} --cells 1 --ops conv3x3,zeroize --score {score} --confirm 0 --budget 1100 --scope backbone"
        ));
        let memory = place.json(&format!(
            "memory --data images --widths 4,8 --cells 1 --arch '{}'",
            found["architecture"].as_str().unwrap()
        ));
        assert!(!is_cut || memory["unreachable"] == 0, "{score}: {found}");
        assert_eq!(found.get("unreachable").is_some(), memory["unreachable"] != 0, "{score}: {found}");
    }
}

#[test]
fn a_score_of_minus_infinity_has_its_reason() {
    let place = Place::new();
    let scores = place.json(&format!("score {TINY} {ARCH} --arch '0000 0000 0000 0000' --score sahd"));
    assert_eq!(scores["results"][0].get("reason"), None);
    assert_eq!(scores["results"][1]["reason"], "no path from input to output in cell 1");
    let words = place.succeeds(&format!("score {TINY} --arch '0300 0000 0000 0000' --score funnel"));
    assert!(words.contains("-inf") && words.contains("because  no path from input to output"), "{words}");
}
