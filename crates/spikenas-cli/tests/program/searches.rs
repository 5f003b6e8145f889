//! Methods of a search, backward cells, and the replay of searches on a table.

use std::fs;

use serde_json::Value;

use crate::place::{Place, TINY};

#[test]
fn every_method_searches_backward_cells_and_the_winner_is_trained_tested_and_drawn() {
    let place = Place::new();
    let few = "--ops skip,conv3x3 --cells 1 --cell backward --iterations 30 --seed 2 --score funnel";
    for method in ["random", "evolution", "local"] {
        let found = place.json(&format!("search {TINY} {few} --method {method}"));
        assert_eq!((found["method"].as_str(), found["candidates"].as_u64()), (Some(method), Some(30)), "{found}");
    }
    let run = format!("run {TINY} {few} --epochs 2 --out back");
    let found = place.json(&run);
    let architecture = found["search"]["architecture"].as_str().unwrap().to_string();
    let below = |text: &str| -> Vec<char> {
        text.split(' ').enumerate().flat_map(|(row, digits)| digits.chars().take(row)).collect()
    };
    assert!(below(&architecture).iter().any(|&digit| digit != '0'), "{architecture} has no edge back");
    assert_eq!(place.json("evaluate back")["accuracy"], found["evaluate"]["accuracy"]);
    let page = place.read("back/report.html");
    assert!(
        page.contains("stroke-dasharray=\"5 3\"") && page.contains("--cell backward"),
        "arrows back, and the command"
    );
    let again = place.json(&run);
    assert_eq!(again["train"], found["train"]);

    // No device has it, and what it takes in parameters is told.
    assert!(place.json("memory back")["parameters"]["network"].as_u64().is_some());
    place.refuses("quantise back", 2, "edges back");
    place.refuses("export back --to nir --out back.nir", 2, "edges back");
    place.refuses(&format!("search {TINY} --cell backward --flash 64KiB"), 2, "no device runs cells with edges back");
    place.refuses(&format!("search {TINY} --cell sideways"), 2, "sideways");
    let matrix = "0301 0010 0003 0300";
    let scored = place.json(&format!("score --arch '{matrix}' {TINY}"));
    assert!(scored["results"][0]["score"].as_f64().is_some(), "{scored}");
    place.refuses(&format!("score --cell forward --arch '{matrix}' {TINY}"), 2, "which --cell leaves out");
    place.refuses(
        &format!("search {TINY} --cell backward --method spikenas --ops snasnet"),
        2,
        "too many to try them all",
    );
}

#[test]
fn searches_are_replayed_on_a_table() {
    let place = Place::new();
    let mut table = String::from("architecture,seen,test_acc\n");
    for cell in 0..64usize {
        let digit = |bit: usize| if cell >> bit & 1 == 1 { '3' } else { '1' };
        let d: Vec<char> = (0..6).map(digit).collect();
        let convolutions = cell.count_ones();
        table += &format!(
            "0{}{}{} 00{}{} 000{} 0000,{convolutions},{}\n",
            d[0],
            d[1],
            d[2],
            d[3],
            d[4],
            d[5],
            50 + 2 * convolutions
        );
    }
    fs::write(place.path("table.csv"), table).unwrap();
    let found = place.json("replay --table table.csv --seen seen --evaluations 50 --seeds 4");
    assert_eq!((found["best"].as_f64(), found["findable"].as_f64()), (Some(62.0), Some(62.0)), "{found}");
    assert_eq!(found["evaluations"], serde_json::json!([10, 20, 50]));
    let of = |name: &str| found["methods"].as_array().unwrap().iter().find(|m| m["method"] == name).unwrap().clone();
    let mean = |name: &str, point: usize| of(name)["found"][point]["mean"].as_f64().unwrap();
    // The whole space, in order: the first fifty do not have the best. Local search climbs one edge at a time.
    assert!((of("exhaustive")["searches"] == 1) && mean("exhaustive", 2) < 62.0, "{found}");
    assert_eq!((mean("local", 2), of("local")["came_to_the_best"].as_u64()), (62.0, Some(4)), "{found}");
    for name in ["random", "evolution", "local"] {
        assert!(mean(name, 0) <= mean(name, 1) && mean(name, 1) <= mean(name, 2), "{found}");
        assert_eq!(of(name)["searches"], 4);
    }
    assert!(
        place.succeeds("replay --table table.csv --method evolution --seeds 2 --evaluations 20").contains("evolution")
    );
    place.refuses("replay --table table.csv --evaluations 0", 2, "evaluations 0");
    place.refuses("replay --table none.csv", 1, "there is no such table");
    place.refuses("replay --table table.csv --columns accuracy", 1, "no column `accuracy`");
}

/// A search whose candidates inherit the weights of a supernet.
const SUPERNET: &str =
    "--method supernet --ops skip,conv3x3 --cells 1 --supernet-epochs 3 --iterations 12 --seed 2 --validation 0.3";

/// A file of JSON lines.
fn lines(text: &str) -> Vec<Value> {
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

#[test]
fn candidates_inherit_the_weights_of_a_supernet_and_the_winner_is_trained_from_the_start() {
    let place = Place::new();
    let run = format!("run {TINY} {SUPERNET} --epochs 2 --out one");
    let found = place.json(&run);
    let search = &found["search"];
    assert_eq!((search["method"].as_str(), search["candidates"].as_u64()), (Some("supernet"), Some(12)), "{search}");

    let supernet: Value = serde_json::from_str(&place.read("one/supernet/supernet.json")).unwrap();
    let mean = supernet["mean_spikes"].as_f64().unwrap();
    let journal = lines(&place.read("one/journal.jsonl"));
    assert_eq!((&journal[0]["supernet"], supernet["images"].as_u64()), (&supernet["weights"], Some(6)));
    for entry in &journal[1..] {
        let [accuracy, spikes] = ["accuracy", "spikes"].map(|key| entry["judged"][key].as_f64().unwrap());
        let fitness = accuracy * (spikes / mean).powf(-0.08);
        assert!((entry["score"].as_f64().unwrap() - fitness).abs() < 1e-9 * fitness.max(1.0), "{entry}");
    }
    let best = journal[1..].iter().filter_map(|entry| entry["score"].as_f64()).fold(0.0, f64::max);
    assert_eq!(search["score"].as_f64(), Some(best));
    assert!(journal[1..].iter().any(|entry| entry["judged"] == search["judged"]));
    assert_eq!(lines(&place.read("one/supernet/train.jsonl")).len(), 3);
    assert!(!place.path("one/supernet/last.safetensors").exists(), "the search is done with it");

    let page = place.read("one/report.html");
    for words in ["Training of the supernet", "Spikes and inherited accuracy", "--method supernet", "Na et al."] {
        assert!(page.contains(words), "{words}");
    }
    let again = place.json(&run);
    assert_eq!((&again["search"], &again["train"]), (search, &found["train"]));
    let architecture = search["architecture"].as_str().unwrap();
    let alone = place.json(&format!(
        "train --arch '{architecture}' {TINY} --cells 1 --seed 2 --validation 0.3 --epochs 2 --out alone"
    ));
    let losses = |trained: &Value| -> Vec<Value> {
        trained["epochs"].as_array().unwrap().iter().map(|epoch| epoch["train_loss"].clone()).collect()
    };
    assert_eq!(losses(&alone), losses(&found["train"]));
}

#[test]
fn a_search_with_a_supernet_that_was_killed_at_any_moment_goes_on_to_the_same_result() {
    let place = Place::new();
    let search = |out: &str| format!("search {TINY} {SUPERNET} --checkpoint-minutes 0 --out {out}");
    let whole = place.json(&search("whole"));
    for (name, records) in
        [("supernet/train.jsonl", 1), ("supernet/train.jsonl", 2), ("supernet/supernet.json", 1), ("journal.jsonl", 4)]
    {
        let mut child = place.start_until(&search("killed"), &format!("killed/{name}"), records);
        child.kill().unwrap();
        child.wait().unwrap();
        if name.starts_with("supernet/train") && !place.path("killed/journal.jsonl").exists() {
            place.refuses(
                &format!("{} --learning-rate 0.1", search("killed")),
                1,
                "belongs to another configuration (train.",
            );
        }
    }
    let resumed = place.json(&format!("{} --threads 1", search("killed")));
    for key in ["architecture", "score", "judged", "computed"] {
        assert_eq!(resumed[key], whole[key], "{key}");
    }
    let of =
        |name: &str, key: &str| lines(&place.read(name)).iter().map(|line| line[key].clone()).collect::<Vec<Value>>();
    let otherwise = "by a supernet that was trained otherwise (learning_rate";
    place.refuses(&format!("{} --learning-rate 0.1", search("whole")), 1, otherwise);
    place.succeeds("train whole --epochs 1 --learning-rate 0.1");
    for key in ["architecture", "score", "judged"] {
        assert_eq!(of("killed/journal.jsonl", key), of("whole/journal.jsonl", key));
    }
    assert_eq!(of("killed/supernet/train.jsonl", "train_loss"), of("whole/supernet/train.jsonl", "train_loss"));
}

#[test]
fn a_table_is_ranked_by_inherited_weights() {
    let place = Place::new();
    let search = format!("search {TINY} {SUPERNET}");
    place.succeeds(&format!("{search} --keep-checkpoint --out kept"));
    place.succeeds(&format!("{search} --out gone"));
    let rows = ["0333 0033 0003 0000", "0111 0011 0001 0000", "0313 0031 0003 0000", "0301 0000 0000 0000"];
    let rows = rows.iter().zip([70, 50, 60, 55]).map(|(architecture, accuracy)| format!("{architecture},{accuracy}\n"));
    fs::write(place.path("table.csv"), format!("architecture,test_acc\n{}", rows.collect::<String>())).unwrap();
    let rank = "correlate --table table.csv --data images --score depth --seeds 1 --batch 8";
    let found = place.json(&format!("{rank} --supernet kept --out ranks"));
    let names: Vec<&str> =
        found["scores"].as_array().unwrap().iter().filter_map(|score| score["score"].as_str()).collect();
    assert_eq!(names[..3], ["depth", "inherited accuracy", "inherited fitness"], "{names:?}");
    assert_eq!(found["config"]["network"]["widths"], serde_json::json!([4, 8]));
    let judged = lines(&place.read("ranks/inherited.jsonl"));
    assert_eq!(judged.len(), 5);
    let again = place.json(&format!("{rank} --supernet kept --out ranks"));
    assert_eq!(again["scores"], found["scores"]);
    assert_eq!(place.read("ranks/inherited.jsonl").lines().count(), 5, "nothing is judged twice");
    place.refuses(&format!("{rank} --supernet gone"), 1, "search again with --keep-checkpoint");
    place.refuses(&format!("{rank} --supernet kept --widths 4,8"), 2, "--widths");
    place.refuses(&format!("{rank} --supernet none"), 1, "there is no such run");
    fs::write(place.path("table.csv"), "architecture,test_acc\n0222 0022 0002 0000,70\n0111 0011 0001 0000,50\n")
        .unwrap();
    place.refuses(&format!("{rank} --supernet kept"), 2, "conv1x1, which the supernet of skip, conv3x3 lacks");
}

#[test]
fn what_a_supernet_cannot_do_is_refused_in_one_line() {
    let place = Place::new();
    for (options, reason) in [
        ("--method supernet --lambda 0", "lambda 0: give a number below 0"),
        ("--method supernet --lambda 0.08", "lambda 0.08: give a number below 0"),
        ("--method supernet --lambda nan", "give a number below 0"),
        ("--method supernet --lambda much", "give a number"),
        ("--method supernet --supernet-epochs 0", "supernet epochs 0: give 1 to"),
        ("--method supernet --supernet-images 0", "supernet images 0: give 1 to"),
        ("--method supernet --confirm 2", "confirms nothing"),
        ("--method supernet --score funnel", "score funnel: the method supernet has a score of its own"),
        ("--method supernet --repeats 2", "the method supernet has none"),
        ("--method evolution --lambda -1", "lambda -1: it is for the method supernet, not for evolution"),
        ("--supernet-epochs 3", "it is for the method supernet, not for spikenas"),
        ("--supernet-images 3", "it is for the method supernet, not for spikenas"),
        ("--learning-rate 0.5", "a search by the method spikenas trains nothing"),
        ("--method supernet --cells 1 --budget 10 --scope backbone", "fits 10 parameters"),
    ] {
        place.refuses(
            &format!("search {TINY} {options} --out run"),
            if options.contains("budget") { 1 } else { 2 },
            reason,
        );
    }
    place.refuses("search --method supernet --budget 40k", 2, "give --widths");
    place.refuses("run --method supernet --flash 256KiB", 2, "give --widths");
    fs::write(place.path("table.csv"), "architecture,test_acc\n0333 0033 0003 0000,70\n0111 0011 0001 0000,50\n")
        .unwrap();
    place.refuses("replay --table table.csv --method supernet", 2, "method supernet: a table has nothing to train on");
}

#[test]
fn a_supernet_of_backward_cells_is_trained() {
    let place = Place::new();
    let found = place.json(&format!("search {TINY} {SUPERNET} --cell backward"));
    assert!(found["judged"]["spikes"].as_f64().unwrap() > 0.0, "{found}");
}
