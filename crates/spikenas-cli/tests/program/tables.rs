//! Tables of trained architectures.

use crate::place::{Place, TINY};
use crate::signals::interrupt;

const TABULATE: &str = "tabulate --ops snasnet --ops skip,conv3x3 --budget 2k --scope backbone --out table";

/// The rows of a table without its head.
fn rows(place: &Place) -> Vec<Vec<String>> {
    let table = place.read("table/table.csv");
    table.lines().skip(1).map(|line| line.split(',').map(String::from).collect()).collect()
}

#[test]
fn a_table_of_trained_architectures_grows_and_is_what_correlate_ranks() {
    let place = Place::new();
    place.succeeds(&format!("{TABULATE} {TINY} --epochs 2 --architectures 3 --seeds 1"));
    let few = rows(&place);
    assert_eq!(few.len(), 3);
    assert!(
        place
            .read("table/table.csv")
            .starts_with("architecture,space,backbone,classifier,network,test_acc,deviation,seeds,test_acc_seed1\n")
    );
    assert!(few.iter().all(|row| row[2].parse::<u64>().unwrap() <= 2000 && row[7] == "1"), "{few:?}");
    let epochs = place.read("table/runs/001-seed1/train.jsonl");
    let found = place.json(&format!("{TABULATE} {TINY} --epochs 2 --architectures 4 --seeds 2"));
    let more = rows(&place);
    assert_eq!((found.as_array().unwrap().len(), more.len()), (4, 4));
    for (few, more) in few.iter().zip(&more) {
        // The same architecture, and what it reached with the first seed.
        assert_eq!((&few[..5], &few[5], "2"), (&more[..5], &more[8], more[7].as_str()));
        let mean = [8, 9].map(|column| more[column].parse::<f64>().unwrap()).iter().sum::<f64>() / 2.0;
        assert!((more[5].parse::<f64>().unwrap() - mean).abs() < 1e-9, "{more:?}");
    }
    assert_eq!(place.read("table/runs/001-seed1/train.jsonl"), epochs, "what was trained is not trained again");
    let ranks = "correlate --table table/table.csv --data images --widths 4,8 --batch 8 --seeds 1 --score funnel,depth";
    let ranks = place.json(ranks);
    assert_eq!((&ranks["cells"], &ranks["living"]), (&4.into(), &4.into()));
    assert!(
        ranks["scores"][0]["choice"]["ndcg"].is_f64() && ranks["scores"][0]["choice"]["regret"].is_f64(),
        "{ranks}"
    );
}

#[test]
fn trainings_of_a_table_are_done_one_by_one_by_any_process() {
    let place = Place::new();
    let table = format!("{TABULATE} {TINY} --epochs 2 --architectures 2 --seeds 2");
    let tasks = place.json(&format!("{table} --list-tasks"));
    let tasks = tasks.as_array().unwrap().clone();
    assert_eq!(tasks.len(), 4);
    assert!(tasks.iter().all(|task| task["accuracy"].is_null()), "{tasks:?}");
    // In any order, and one of them twice.
    for task in [4, 1, 3, 3] {
        let done = place.json(&format!("{table} --task {task}"));
        assert_eq!(
            (&done["architecture"], done["seed"].as_u64()),
            (&tasks[task - 1]["architecture"], Some(1 + (task as u64 - 1) / 2))
        );
    }
    let left = place.json(&format!("{table} --list-tasks"));
    let to_do: Vec<u64> = left
        .as_array()
        .unwrap()
        .iter()
        .filter(|task| task["accuracy"].is_null())
        .map(|task| task["task"].as_u64().unwrap())
        .collect();
    assert_eq!(to_do, [2]);
    place.succeeds(&table);
    let by_tasks = rows(&place);
    std::fs::remove_dir_all(place.path("table")).unwrap();
    place.succeeds(&table);
    assert_eq!(rows(&place), by_tasks);
    for task in ["0", "5"] {
        place.refuses(&format!("{table} --task {task}"), 2, "there are 1 to 4");
    }
    place.refuses(&format!("{TABULATE} {TINY} --epochs 3 --architectures 2 --seeds 2 --task 1"), 1, "epochs");
}

#[test]
fn an_interrupted_table_goes_on_to_the_same_rows() {
    let place = Place::new();
    let line = format!("{TABULATE} {TINY} --epochs 12 --architectures 3 --seeds 1");
    let output = interrupt(&place, &line, "table/table.csv", 2, "INT");
    let stderr = crate::place::text(&output.stderr);
    let last = stderr.lines().last().unwrap_or_default();
    assert_eq!(output.status.code(), Some(130), "{stderr}");
    assert!(last.contains("trainings are done") && last.contains("same --out"), "{stderr}");
    place.succeeds(&line);
    let resumed = rows(&place);
    std::fs::remove_dir_all(place.path("table")).unwrap();
    place.succeeds(&line);
    assert_eq!(rows(&place), resumed);
}

#[test]
fn what_cannot_be_tabulated_is_refused_before_anything_is_written() {
    let place = Place::new();
    for (options, status, reason) in [
        ("--architectures 1", 2, "architectures 1"),
        ("--seeds 0", 2, "seeds 0"),
        ("--architectures 1000000000000", 2, "out of range"),
        ("--seeds 2 --budget 10 --scope backbone", 2, "raise --budget"),
        ("--ops skip", 2, "were found that fit"),
    ] {
        place.refuses(&format!("tabulate --out table {TINY} {options}"), status, reason);
    }
    place.succeeds(&format!("{TABULATE} {TINY} --architectures 2 --seeds 1 --epochs 1"));
    let other = format!(
        "tabulate --ops snasnet --ops skip,conv3x3 --budget 3k --scope backbone --epochs 1 --out table {TINY} --architectures 2"
    );
    place.refuses(&other, 1, "belongs to another table");
}
