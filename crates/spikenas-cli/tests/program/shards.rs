//! A search, and the scores of a table, that several processes share.

use std::process::{Child, Stdio};

use serde_json::Value;

use crate::place::{Place, TINY, text};
use crate::reports::{CORRELATE, table};
use crate::signals::send;

const SPACE: &str = "--ops skip,conv3x3 --score funnel";

/// A record without what the clock says, and the checksum over it.
fn timeless(mut record: Value) -> Value {
    fn clear(value: &mut Value) {
        match value {
            Value::Object(map) => {
                map.retain(|key, _| !key.contains("seconds") && key != "crc");
                map.values_mut().for_each(clear);
            }
            Value::Array(all) => all.iter_mut().for_each(clear),
            _ => {}
        }
    }
    clear(&mut record);
    record
}

/// The lines of a journal, its header among them, in order of their text.
fn lines(place: &Place, path: &str) -> Vec<String> {
    let timeless = |line: &str| timeless(serde_json::from_str(line).unwrap()).to_string();
    let mut lines: Vec<String> = place.read(path).lines().map(timeless).collect();
    lines.sort();
    lines
}

fn start(place: &Place, line: &str) -> Child {
    place.command(line).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()
}

/// Runs all shards of a command at once.
fn together(place: &Place, line: &str, count: usize) -> Vec<Value> {
    let all = (1..=count).map(|number| start(place, &format!("{line} --shard {number}/{count} --threads 1 --json")));
    let all: Vec<Child> = all.collect();
    let ended = all.into_iter().map(|child| {
        let output = child.wait_with_output().unwrap();
        assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
        serde_json::from_slice(&output.stdout).unwrap()
    });
    ended.collect()
}

/// Runs a command that must fail with one line, whatever it told before, and print nothing.
#[track_caller]
fn fails(place: &Place, line: &str, reason: &str) {
    let output = place.run(line);
    let stderr = text(&output.stderr);
    assert_eq!((output.status.code(), output.stdout.len()), (Some(1), 0), "{line}: {stderr}");
    let errors: Vec<&str> = stderr.lines().filter(|line| line.starts_with("error: ")).collect();
    assert!(errors.len() == 1 && errors[0].contains(reason), "{line}: {stderr}");
}

#[test]
fn shards_of_a_search_merge_to_what_one_process_makes() {
    let place = Place::new();
    for (name, options) in [
        ("passes", "--ops skip,conv3x3 --score funnel --confirm 2"),
        ("evolution", "--method evolution --iterations 70 --ops skip,conv3x3"),
        ("sizes", "--budget 3k --scope network --ops skip,conv3x3 --confirm 0 --finalists 2"),
        ("limits", "--budget 700,1000,4k --scope backbone --ops skip,conv3x3 --cells 1 --objectives score,parameters"),
    ] {
        let data = if name == "sizes" { "--data images --timesteps 2 --batch 8" } else { TINY };
        let search = |folder: &str| format!("search {data} {options} --out {name}/{folder}");
        let one = place.json(&search("one"));
        let parts = together(&place, &search("all"), 3);
        assert!(parts.iter().all(|part| part["of"] == 3 && part["lacking"] == 0), "{parts:?}");
        let scored: u64 = parts.iter().map(|part| part["scored"].as_u64().unwrap()).sum();
        let merged = place.json(&format!("merge {name}/all"));
        assert_eq!(timeless(merged.clone()), timeless(one), "{name}");
        assert_eq!(
            lines(&place, &format!("{name}/all/journal.jsonl")),
            lines(&place, &format!("{name}/one/journal.jsonl"))
        );
        // Under several limits, a candidate may be of another shard under each.
        let lines = lines(&place, &format!("{name}/all/journal.jsonl")).len() - 1;
        assert!(scored as usize == lines || name == "limits", "{name}: {scored} of {lines}");
        let of = |folder: &str| place.read(&format!("{name}/{folder}/config.toml"));
        assert_eq!(of("all"), of("one"));
        // Merged again, searched again, or a shard again: nothing changes.
        let before = (place.read(&format!("{name}/all/journal.jsonl")), place.read(&format!("{name}/all/search.json")));
        assert_eq!(place.json(&format!("merge {name}/all")), merged);
        assert_eq!(place.json(&search("all")), merged);
        assert_eq!(together(&place, &search("all"), 1)[0]["scored"], 0);
        let after = (place.read(&format!("{name}/all/journal.jsonl")), place.read(&format!("{name}/all/search.json")));
        assert_eq!(before, after);
    }
    // With a score that takes one candidate after the other, the lines are in the same order, too.
    let order = |folder: &str| {
        let journal = place.read(&format!("evolution/{folder}/journal.jsonl"));
        let timeless = |line: &str| timeless(serde_json::from_str(line).unwrap());
        journal.lines().map(timeless).collect::<Vec<Value>>()
    };
    assert_eq!(order("all"), order("one"));
}

#[test]
fn a_shard_that_was_killed_goes_on_and_the_others_wait_for_it() {
    let place = Place::new();
    let search = format!("search {TINY} --ops skip,conv3x3,avgpool3x3 --score funnel --threads 1 --out run");
    let (first, second) = (format!("{search} --shard 1/2"), format!("{search} --shard 2/2"));
    let mut killed = place.start_until(&first, "run/shards/1-of-2/1.jsonl", 5);
    killed.kill().unwrap();
    killed.wait().unwrap();
    let scored = place.read("run/shards/1-of-2/1.jsonl").lines().count();
    // It waits for the first before the second pass.
    let waiting = start(&place, &second);
    let last = place.start_until(&first, "run/shards/1-of-2/2.jsonl", 2);
    for child in [waiting, last] {
        let output = child.wait_with_output().unwrap();
        assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
    }
    assert!(place.read("run/shards/1-of-2/1.jsonl").lines().count() == scored, "its journal is left as it was");
    place.succeeds("merge run");
    place.succeeds(&search.replace("--out run", "--out one"));
    assert_eq!(lines(&place, "run/journal.jsonl"), lines(&place, "one/journal.jsonl"));
}

#[test]
fn a_waiting_shard_says_for_what_keeps_others_out_and_can_be_stopped() {
    let place = Place::new();
    let search = format!("search {TINY} {SPACE} --out run");
    let waiting = place.start_until(&format!("{search} --shard 1/2"), "run/shards/1-of-2/1.jsonl", 33);
    for line in [search.clone(), "merge run".into(), format!("run {TINY} {SPACE} --out run")] {
        place.refuses(&line, 1, "run: another process is writing here: wait for it or choose another --out");
    }
    place.refuses(&format!("{search} --seed 2 --shard 2/2"), 1, "score.seed 1 -> 2");
    let listed = place.json("list run");
    assert_eq!(listed[0]["state"], "searching", "{listed}");
    send(&waiting, "INT");
    let output = waiting.wait_with_output().unwrap();
    let stderr = text(&output.stderr);
    assert_eq!(output.status.code(), Some(130), "{stderr}");
    assert!(stderr.contains("waiting for 32 scores of other shards, shard 2 of 2 first"), "{stderr}");
    assert!(stderr.contains("32 scores of shard 1 of 2 are kept; repeat it with the same --out to go on"), "{stderr}");
    place.refuses(&format!("{search} --seed 2"), 1, "score.seed 1 -> 2");
    // Without waiting, the second has all that it needs, and the first then, too.
    let part = |number: usize| place.json(&format!("{search} --shard {number}/2 --no-wait"));
    assert!(part(2)["lacking"] == 0 && part(1)["lacking"] == 0);
    place.succeeds("merge run");
}

#[test]
fn shards_that_do_not_wait_end_well_and_say_that_more_is_to_do() {
    let place = Place::new();
    let first = format!("search {TINY} {SPACE} --out run --shard 1/2 --no-wait");
    let words = place.succeeds(&first);
    assert!(
        words.contains("1 of 2: 32 scores in") && words.contains("32 scores of other shards are missing"),
        "{words}"
    );
    fails(&place, "merge run", "run: pass 1 of 2: 32 of 64 candidates have no score");
    fails(&place, "merge run", "those of shard 2 of 2: let them come to their end");
}

#[test]
fn what_cannot_be_shared_or_merged_is_refused_in_one_line() {
    let place = Place::new();
    let search = format!("search {TINY} {SPACE}");
    for shard in ["0/3", "4/3", "x", "1/0", "1/99999", "1/2/3"] {
        place.refuses(&format!("{search} --out run --shard {shard}"), 2, "shard");
    }
    place.refuses(&format!("{search} --shard 1/2"), 2, "--out");
    place.refuses(&format!("{search} --out run --no-wait"), 2, "--shard");
    place.refuses(&format!("search {TINY} --method supernet --out run --shard 1/2"), 2, "method supernet");
    place.refuses("merge nowhere", 1, "nowhere: there is no such run");
    place.succeeds(&format!("{search} --out run"));
    place.refuses(&format!("{search} --seed 2 --out run --shard 1/2"), 1, "score.seed 1 -> 2");
    std::fs::remove_file(place.path("run/search.json")).unwrap();
    place.refuses("merge run", 1, "run: holds no shards");
    std::fs::create_dir(place.path("other")).unwrap();
    std::fs::write(place.path("other/file"), "").unwrap();
    place.refuses(&format!("{search} --out other --shard 1/2"), 1, "is not empty and holds no run");
}

#[test]
fn a_line_of_a_shard_that_was_changed_is_named() {
    let place = Place::new();
    place.succeeds(&format!("search {TINY} {SPACE} --cells 1 --out run --shard 1/1"));
    let journal = place.path("run/shards/1-of-1/1.jsonl");
    let text = std::fs::read_to_string(&journal).unwrap();
    std::fs::write(&journal, text.replacen("\"seconds\":0.", "\"seconds\":1.", 1)).unwrap();
    fails(&place, "merge run", "run/shards/1-of-1/1.jsonl: line 2 is damaged");
}

#[test]
fn scores_of_a_table_that_are_shared_are_those_of_one_process() {
    let place = Place::new();
    table(&place);
    let correlate = |folder: &str| format!("{CORRELATE} --score funnel,sahd,depth --out {folder}");
    let one = place.json(&correlate("one"));
    place.succeeds(&format!("{} --shard 1/2", correlate("all")));
    fails(&place, "merge all", "of shard 2 of 2");
    place.refuses(&format!("{CORRELATE} --score depth --out all --shard 2/2"), 1, "other shards score something else");
    place.succeeds(&format!("{} --shard 2/2", correlate("all")));
    let merged = place.json("merge all");
    assert_eq!(lines(&place, "all/scores.jsonl"), lines(&place, "one/scores.jsonl"));
    assert_eq!(merged["scores"].as_u64().unwrap() as usize, lines(&place, "one/scores.jsonl").len() - 1);
    assert_eq!(timeless(place.json(&correlate("all"))), timeless(one));
    assert_eq!(place.json("merge all"), merged);
}
