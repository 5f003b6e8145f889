//! Studies and fronts that are done task by task, by any process.

use std::fs::{self, File};

use serde_json::Value;

use crate::place::{Place, TINY, text};
use crate::reports::settings;

/// A record without what the clock says.
fn timeless(mut record: Value) -> Value {
    fn clear(value: &mut Value) {
        match value {
            Value::Object(map) => {
                map.retain(|key, _| !key.contains("seconds") && key != "folder");
                map.values_mut().for_each(clear);
            }
            Value::Array(all) => all.iter_mut().for_each(clear),
            _ => {}
        }
    }
    clear(&mut record);
    record
}

/// The numbers of the tasks that are to be done.
fn to_do(place: &Place, line: &str) -> Vec<u64> {
    let tasks = place.json(&format!("{line} --list-tasks"));
    let tasks = tasks.as_array().unwrap().iter().filter(|task| task["accuracy"].is_null());
    tasks.map(|task| task["task"].as_u64().unwrap()).collect()
}

#[test]
fn scenarios_of_a_study_are_run_one_by_one_by_any_process() {
    let place = Place::new();
    settings(&place);
    let study = |out: &str| {
        format!("reproduce --data images --scale tiny.toml --scenario 1C2O,1C2O_M,1C3O --threads 1 --out {out}")
    };
    let one = place.json(&study("one"));
    assert_eq!(to_do(&place, &study("all")), [1, 2, 3]);
    assert!(!place.path("all").exists(), "a list writes nothing");
    for number in [3, 1] {
        let task = place.json(&format!("{} --task {number}", study("all")));
        assert_eq!((&task["task"], task["accuracy"].is_f64()), (&number.into(), true), "{task}");
        assert_eq!(place.json(&format!("{} --task {number}", study("all"))), task, "done is done");
    }
    assert_eq!(to_do(&place, &study("all")), [2]);
    let folder = File::open(place.path("all")).unwrap();
    folder.lock_shared().unwrap();
    // While others are at tasks of it, more may be done, but not all put together.
    place.succeeds(&format!("{} --task 2", study("all")));
    let output = place.run(&study("all"));
    assert_eq!(output.status.code(), Some(1));
    assert!(text(&output.stderr).contains("error: all: another process is writing here"));
    drop(folder);
    let run = File::open(place.path("all").join(place_of(&place, 2, &study("all")))).unwrap();
    run.lock().unwrap();
    fs::remove_file(place.path("all").join(place_of(&place, 2, &study("all"))).join("evaluate.json")).unwrap();
    place.refuses(&format!("{} --task 2", study("all")), 1, "another process is writing here");
    drop(run);
    assert_eq!(timeless(place.json(&study("all"))), timeless(one));
    for number in ["0", "4"] {
        place.refuses(&format!("{} --task {number}", study("all")), 2, "there are 1 to 3");
    }
    place.refuses(&format!("{} --list-tasks --task 1", study("all")), 2, "cannot be used with");
    place.refuses("reproduce --show-settings --list-tasks", 2, "--list-tasks");
}

/// The run folder of a task, seen from that of the study.
fn place_of(place: &Place, number: u64, line: &str) -> String {
    let tasks = place.json(&format!("{line} --list-tasks"));
    let task = tasks.as_array().unwrap().iter().find(|task| task["task"] == number).unwrap().clone();
    task["scenario"].as_str().unwrap().into()
}

#[test]
fn a_task_that_was_killed_goes_on() {
    let place = Place::new();
    let search = format!("search {TINY} --ops skip,conv3x3 --cells 1 --scope backbone --budget 700,4k");
    let train = |out: &str| format!("train {out} --front --epochs 20 --threads 1");
    for out in ["one", "all"] {
        place.succeeds(&format!("{search} --out {out}"));
    }
    let one = place.json(&train("one"));
    let count = one["front"]["networks"].as_u64().unwrap();
    assert_eq!(to_do(&place, &train("all")), (1..=count).collect::<Vec<_>>());
    let mut killed = place.start_until(&format!("{} --task 1", train("all")), "all/front/1/train.jsonl", 2);
    killed.kill().unwrap();
    killed.wait().unwrap();
    assert_eq!(to_do(&place, &train("all")), (1..=count).collect::<Vec<_>>());
    for number in 1..=count {
        place.succeeds(&format!("{} --task {number}", train("all")));
    }
    let trained = |name: &str| fs::read(place.path(&format!("{name}/front/1/model.safetensors"))).unwrap();
    assert!(trained("all") == trained("one"), "the same bytes as without a kill");
    assert_eq!(to_do(&place, &train("all")), [0; 0]);
    assert_eq!(timeless(place.json(&train("all"))), timeless(one));
    place.refuses("train all --front --epochs 21 --task 1", 1, "train.epochs 20 -> 21");
    place.refuses("train all --task 1", 2, "--front");
}
