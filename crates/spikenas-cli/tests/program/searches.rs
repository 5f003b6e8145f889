//! Methods of a search, backward cells, and the replay of searches on a table.

use std::fs;

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
