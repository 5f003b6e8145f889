//! Records that were changed since they were written: found, named with what helps, and never believed.

use std::fs;

use crate::place::{Place, TINY, text};
use crate::reports::{CORRELATE, table};

const SEARCH: &str = "--ops skip,conv3x3 --cells 1 --out run";

/// A file with its `number`-th line changed.
fn change_line(place: &Place, name: &str, number: usize, from: &str, to: &str) {
    let text = place.read(name);
    let mut lines: Vec<String> = text.lines().map(str::to_string).collect();
    assert!(lines[number - 1].contains(from), "{}", lines[number - 1]);
    lines[number - 1] = lines[number - 1].replacen(from, to, 1);
    fs::write(place.path(name), lines.join("\n") + "\n").unwrap();
}

#[test]
fn a_changed_score_in_a_journal_is_named_and_wins_nothing() {
    let place = Place::new();
    let search = format!("search {TINY} {SEARCH}");
    let whole = place.json(&search);
    fs::remove_file(place.path("run/search.json")).unwrap();
    let journal = place.read("run/journal.jsonl");
    change_line(&place, "run/journal.jsonl", 7, "\"score\":", "\"score\":8");
    place.refuses(&search, 1, "run/journal.jsonl: line 7 is damaged (its checksum is ");
    let output = place.run("report run");
    assert!(text(&output.stderr).contains("line 7 (its checksum is "), "{}", text(&output.stderr));
    // The way out: without the line, its candidate is scored again.
    let rest: Vec<&str> = journal.lines().enumerate().filter(|(i, _)| *i != 6).map(|(_, line)| line).collect();
    fs::write(place.path("run/journal.jsonl"), rest.join("\n") + "\n").unwrap();
    let found = place.json(&search);
    assert_eq!((&found["architecture"], &found["score"]), (&whole["architecture"], &whole["score"]));
}

#[test]
fn a_journal_that_ends_in_zeros_is_gone_on_with() {
    let place = Place::new();
    let search = format!("search {TINY} {SEARCH}");
    let whole = place.json(&search);
    fs::remove_file(place.path("run/search.json")).unwrap();
    let mut journal = fs::read(place.path("run/journal.jsonl")).unwrap();
    let length = journal.len();
    journal.truncate(length / 2);
    journal.resize(length, 0);
    fs::write(place.path("run/journal.jsonl"), journal).unwrap();
    assert_eq!(place.json(&search)["score"], whole["score"]);
}

#[test]
fn a_finished_search_says_what_its_journal_lost_and_keeps_its_result() {
    let place = Place::new();
    let search = format!("search {TINY} {SEARCH}");
    let whole = place.json(&search);
    let journal = place.read("run/journal.jsonl");
    let count = journal.lines().count() - 1;
    let lost = format!("run/journal.jsonl: 4 of the {count} candidates that were scored");
    let kept: Vec<&str> = journal.split_inclusive('\n').take(5).collect();
    fs::write(place.path("run/journal.jsonl"), kept.concat()).unwrap();
    for command in [search.as_str(), "report run"] {
        let output = place.run(command);
        let said = text(&output.stderr);
        assert!(output.status.success() && said.contains("warning: ") && said.contains(&lost), "{command}: {said}");
    }
    assert_eq!(place.json(&search), whole);
    // As long as it is not finished, nobody can tell it from one that was stopped there.
    fs::remove_file(place.path("run/search.json")).unwrap();
    let again = place.json(&search);
    assert_eq!((&again["architecture"], &again["score"]), (&whole["architecture"], &whole["score"]));
    assert_eq!(place.read("run/journal.jsonl").lines().count(), count + 1);
}

#[test]
fn a_changed_result_is_refused_until_the_change_is_accepted() {
    let place = Place::new();
    let search = format!("search {TINY} {SEARCH}");
    place.succeeds(&search);
    let result = place.read("run/search.json");
    let changed = result.replacen("\"candidates\": 64", "\"candidates\": 46", 1);
    assert_ne!(changed, result);
    fs::write(place.path("run/search.json"), &changed).unwrap();
    for command in [search.as_str(), "train run --epochs 1"] {
        place.refuses(command, 1, "run/search.json: was changed since it was written (its checksum is ");
    }
    let (body, _) = changed.rsplit_once(",\n  \"crc\"").unwrap();
    fs::write(place.path("run/search.json"), format!("{body}\n}}\n")).unwrap();
    assert_eq!(place.json(&search)["candidates"], 46);
}

#[test]
fn a_winner_that_is_not_that_of_its_record_is_refused() {
    let place = Place::new();
    let search = format!("search {TINY} {SEARCH} --budget 100k");
    place.succeeds(&search);
    let result = place.read("run/search.json");
    let (body, _) = result.rsplit_once(",\n  \"crc\"").unwrap();
    let unsealed = format!("{body}\n}}\n");
    let winner = place.json("report run --out page.html")["runs"][0]["search"]["architecture"].clone();
    let winner = winner.as_str().unwrap();
    let other = if winner.starts_with("0111") { "0333 0033 0003 0000" } else { "0111 0011 0001 0000" };
    for (from, to, word) in [(winner, other, "parameters.backbone "), ("100000", "100001", "budget 100001 -> 100000")] {
        let changed = unsealed.replacen(from, to, 1);
        assert_ne!(changed, unsealed);
        fs::write(place.path("run/search.json"), changed).unwrap();
        for command in [search.as_str(), "train run --epochs 1"] {
            place.refuses(command, 1, "is not of this configuration and architecture (");
            place.refuses(command, 1, word);
        }
    }
}

#[test]
fn a_changed_configuration_is_refused_until_the_change_is_accepted() {
    let place = Place::new();
    let search = format!("search {TINY} {SEARCH}");
    place.succeeds(&search);
    let config = place.read("run/config.toml");
    let changed = config.replacen("epochs = ", "epochs = 1", 1);
    assert_ne!(changed, config);
    fs::write(place.path("run/config.toml"), &changed).unwrap();
    for command in [search.as_str(), "train run"] {
        place.refuses(command, 1, "run/config.toml: was changed since it was written (its checksum is ");
    }
    let (body, _) = changed.rsplit_once("# crc ").unwrap();
    fs::write(place.path("run/config.toml"), body).unwrap();
    place.succeeds("report run");
}

#[test]
fn a_changed_score_of_a_table_is_named() {
    let place = Place::new();
    table(&place);
    let correlate = format!("{CORRELATE} --score depth,funnel --out ranks");
    place.succeeds(&correlate);
    change_line(&place, "ranks/scores.jsonl", 3, "\"seed\":", "\"seed\":1");
    place.refuses(&correlate, 1, "ranks/scores.jsonl: line 3 is damaged (its checksum is ");
}
