//! Networks whose sizes the program chooses, so that they use a budget up.

use serde_json::{Value, json};

use crate::place::Place;

/// So long that two networks can be compared.
const RUN: &str = "run --data images --timesteps 2 --ops skip,conv3x3 --budget 4k --batch 1 --epochs 60";

/// A record without what the clock says.
fn timeless(mut record: Value) -> Value {
    match &mut record {
        Value::Object(fields) => {
            fields.retain(|key, _| key != "seconds" && key != "crc");
            fields.values_mut().for_each(|value| *value = timeless(value.take()));
        }
        Value::Array(values) => values.iter_mut().for_each(|value| *value = timeless(value.take())),
        _ => {}
    }
    record
}

#[test]
fn a_budget_alone_is_used_up_by_a_network_that_short_trainings_chose() {
    let place = Place::new();
    let result = place.json(&format!("{RUN} --out run"));
    let found = &result["search"];
    assert_eq!(found["scope"], json!("network"));
    let finalists = found["finalists"].as_array().unwrap();
    assert_eq!(finalists.len(), 2, "{found}");
    assert_eq!((&finalists[0]["sizes"], &finalists[0]["architecture"]), (&found["sizes"], &found["architecture"]));
    let accuracy = |at: usize| finalists[at]["trainings"][0]["accuracy"].as_f64().unwrap();
    assert!(accuracy(0) >= accuracy(1), "{finalists:?}");
    for finalist in finalists {
        let network = finalist["parameters"]["network"].as_u64().unwrap();
        assert!((3000..=4000).contains(&network), "{finalist}");
    }
    // Everything after the search knows the sizes.
    let memory = place.json("memory run");
    assert_eq!(memory["parameters"], found["parameters"]);
    assert_eq!(place.json("evaluate run")["accuracy"], result["evaluate"]["accuracy"]);
    let page = place.read("run/report.html");
    assert!(page.contains("Choices of sizes") && page.contains("round 1"));
    // The command on its page makes the same run.
    let again = place.json("report run")["runs"][0]["command"].as_str().unwrap().to_string();
    let again = again.strip_prefix("spikenas ").unwrap();
    place.succeeds(&format!("{again} --out same"));
    assert_eq!(place.read("same/config.toml"), place.read("run/config.toml"));
    // So does the same command with one thread.
    let alone = place.json(&format!("{RUN} --threads 1 --out alone"));
    assert_eq!(timeless(alone["search"].clone()), timeless(found.clone()));
    let model = |run: &str| std::fs::read(place.path(run).join("model.safetensors")).unwrap();
    assert!(model("alone") == model("run"));
    // Repeated, it is only tested again.
    assert_eq!(place.json(&format!("{RUN} --out run"))["search"], *found);
    // And its winner can be trained elsewhere.
    place.succeeds("train run --out longer --epochs 1");
    assert_eq!(place.json("memory longer")["parameters"], found["parameters"]);
}

#[test]
fn short_trainings_are_not_made_again() {
    let place = Place::new();
    let found = place.json(&format!("{RUN} --out run"));
    assert_eq!(found["search"]["finalists"].as_array().unwrap().len(), 2, "{found}");
    // As a kill in the second training leaves it.
    let lines = place.read("run/finalists.jsonl");
    let kept: Vec<&str> = lines.lines().take(2).collect();
    std::fs::create_dir(place.path("killed")).unwrap();
    for name in ["config.toml", "journal.jsonl"] {
        std::fs::copy(place.path("run").join(name), place.path("killed").join(name)).unwrap();
    }
    std::fs::write(place.path("killed/finalists.jsonl"), kept.join("\n") + "\n").unwrap();
    let again = place.json(&format!("{RUN} --out killed"));
    assert_eq!(timeless(again["search"].clone()), timeless(found["search"].clone()));
    let now = place.read("killed/finalists.jsonl");
    assert!(now.starts_with(&kept.join("\n")) && now.lines().count() == 3, "{now}");
}

#[test]
fn sizes_that_are_given_stay_and_what_is_no_choice_is_refused() {
    let place = Place::new();
    let found = |options: &str| place.json(&format!("search --data images --ops skip,conv3x3 --budget 6k {options}"));
    let first = found("--finalists 0");
    assert!(first["finalists"].is_null() && first["sizes"]["widths"].is_array(), "{first}");
    let sizes = &found("--cells 1 --hidden 24 --finalists 0")["sizes"];
    assert_eq!((&sizes["cells"], &sizes["hidden"]), (&json!(1), &json!(24)));
    assert!(found("--widths 4,8 --scope backbone")["sizes"].is_null());
    for (options, words) in [
        ("--budget 6k --widths 4,8 --finalists 2", "finalists 2: there are some where the search chooses the widths"),
        ("--finalists 2", "finalists 2: there are some where the search chooses the widths"),
        ("--budget 6k --finalists 65", "finalists 65 is out of range: give 0 to 64"),
    ] {
        place.refuses(&format!("search --data images {options} --out none"), 2, words);
        assert!(!place.path("none").exists(), "{options}");
    }
    let words = "no network fits 100 parameters (network), at any --widths: the smallest needs ";
    place.refuses("search --data images --budget 100 --out none", 1, words);
}

#[test]
fn settings_that_are_listed_are_chosen_by_short_trainings() {
    let place = Place::new();
    let settings = "--widths 4,8 --timesteps 1,2 --cells 1";
    let run = format!("run --data images --ops skip,conv3x3 {settings} --hidden 16 --batch 1 --epochs 60");
    let result = place.json(&format!("{run} --out run"));
    let found = &result["search"];
    let finalists = found["finalists"].as_array().unwrap();
    assert_eq!(finalists.len(), 2, "{found}");
    let steps = |finalist: &Value| finalist["sizes"]["dynamics"]["timesteps"].clone();
    assert!(finalists.iter().any(|one| steps(one) == 1) && finalists.iter().any(|one| steps(one) == 2), "{found}");
    for finalist in finalists {
        assert_eq!(finalist["trainings"][0]["timesteps"], steps(finalist), "each learns with its own");
    }
    // Everything after the search knows them.
    assert_eq!(place.json("memory run")["parameters"], found["parameters"]);
    let model = std::fs::read(place.path("run/model.safetensors")).unwrap();
    let head = String::from_utf8_lossy(&model[..4000.min(model.len())]).replace('\\', "");
    assert!(head.contains(&format!("\"timesteps\":{}", found["sizes"]["dynamics"]["timesteps"])), "{head}");
    assert_eq!(place.json("evaluate run")["accuracy"], result["evaluate"]["accuracy"]);
    let again = place.json("report run")["runs"][0]["command"].as_str().unwrap().to_string();
    place.succeeds(&format!("{} --out same", again.strip_prefix("spikenas ").unwrap()));
    let search = |run: &str| timeless(serde_json::from_str(&place.read(&format!("{run}/search.json"))).unwrap());
    assert_eq!(search("same"), search("run"));

    let refuses = |options: &str, words: &str| place.refuses(&format!("search --data images {options}"), 2, words);
    refuses("--widths 4:8,4:8", "given twice");
    refuses("--widths 4:8,16", "such as 16:32,24:48");
    refuses("--widths 4:8,16:32 --finalists 1", "2 settings are listed");
    refuses("--timesteps 0,2", "timesteps 0");
    refuses("--threshold=-1,1", "threshold -1");
    refuses("--tau 0.5,2", "tau 0.5");
    refuses("--cells ,", "--cells");
    refuses("--widths 4:8,8:16 --budget 12k --objectives score,parameters", "give the widths");
    place.refuses("score --data images --arch '0313 0031 0003 0000' --timesteps 1,2", 2, "give one here");
    place.refuses("train --data images --arch '0313 0031 0003 0000' --widths 4:8,8:16 --out no", 2, "give one here");
}
