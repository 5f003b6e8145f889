//! What is found is printed, also where it cannot be kept; what others write stays theirs.

use std::fs::{self, File};

use crate::place::{Place, TINY, text};
use crate::reports::{CORRELATE, settings, table};

/// Runs a command that must print a result, and fail with one line about a file.
#[track_caller]
fn prints_and_fails(place: &Place, line: &str, result: &str, file: &str) {
    let output = place.run(line);
    let (stdout, stderr) = (text(&output.stdout), text(&output.stderr));
    assert_eq!(output.status.code(), Some(1), "{line}: {stderr}");
    assert!(stdout.contains(result), "{line}: {stdout}");
    let errors: Vec<&str> = stderr.lines().filter(|l| l.starts_with("error: ")).collect();
    assert!(errors.len() == 1 && errors[0].contains(file), "{line}: {stderr}");
}

#[test]
fn a_result_without_its_page_is_printed() {
    let place = Place::new();
    table(&place);
    settings(&place);
    for folder in ["run", "ranks", "study"] {
        fs::create_dir(place.path(folder)).unwrap();
    }
    let run = format!("run {TINY} --ops skip --cells 1 --epochs 1 --out run");
    let correlate = format!("{CORRELATE} --score depth --out ranks");
    let reproduce = "reproduce --data images --scale tiny.toml --scenario 1C2O --out study";
    place.succeeds(&run);
    for (line, result, folder) in
        [(run.as_str(), "accuracy", "run"), (&correlate, "depth", "ranks"), (reproduce, "SpikeNAS_1C2O", "study")]
    {
        place.succeeds(line);
        let page = format!("{folder}/report.html");
        fs::remove_file(place.path(&page)).unwrap();
        fs::create_dir(place.path(&page)).unwrap();
        prints_and_fails(&place, line, result, &page);
    }
}

#[test]
fn a_study_that_is_repeated_ends_with_its_page() {
    let place = Place::new();
    settings(&place);
    // What a kill as it begins leaves.
    fs::create_dir(place.path("study")).unwrap();
    fs::write(place.path("study/study.toml.part"), "kind").unwrap();
    let reproduce = "reproduce --data images --scale tiny.toml --scenario 1C2O --out study";
    let record = place.json(reproduce);
    fs::remove_file(place.path("study/report.html")).unwrap();
    assert_eq!(place.json(reproduce), record);
    assert!(place.read("study/report.html").contains("SpikeNAS_1C2O"));
    assert!(!place.path("study/study.toml.part").exists());
}

#[test]
fn a_study_does_not_take_over_a_training_whose_epochs_are_lost() {
    let place = Place::new();
    settings(&place);
    let reproduce = "reproduce --data images --scale tiny.toml --scenario 1C2O --out study";
    place.succeeds(reproduce);
    for name in ["study.json", "SpikeNAS_1C2O/train.jsonl"] {
        fs::remove_file(place.path(&format!("study/{name}"))).unwrap();
    }
    let output = place.run(reproduce);
    assert_eq!(output.status.code(), Some(1), "{}", text(&output.stderr));
    assert!(!place.path("study/study.json").exists());
}

#[cfg(unix)]
#[test]
fn two_processes_do_not_score_into_one_journal_or_study() {
    let place = Place::new();
    table(&place);
    settings(&place);
    let correlate = format!("{CORRELATE} --score depth --out ranks");
    let reproduce = "reproduce --data images --scale tiny.toml --scenario 1C2O --out study";
    for (line, held) in [(correlate.as_str(), "ranks/scores.jsonl"), (reproduce, "study")] {
        place.succeeds(line);
        let other = File::open(place.path(held)).unwrap();
        other.lock().unwrap();
        let output = place.run(line);
        let stderr = text(&output.stderr);
        assert_eq!(output.status.code(), Some(1), "{stderr}");
        assert!(stderr.contains(&format!("error: {held}: another process is writing here")), "{stderr}");
        drop(other);
        place.succeeds(line);
    }
}

#[test]
fn several_reports_at_once_all_write_their_page() {
    let place = Place::new();
    place.succeeds(&format!("search {TINY} --ops skip --cells 1 --out run"));
    let mut children: Vec<_> = (0..4).map(|_| place.command("report run --json").spawn().unwrap()).collect();
    assert!(children.iter_mut().all(|child| child.wait().unwrap().success()));
    assert!(place.read("run/report.html").trim_end().ends_with("</html>"));
    let entries = fs::read_dir(place.path("run")).unwrap();
    assert!(!entries.map(|e| e.unwrap().file_name().into_string().unwrap()).any(|name| name.ends_with(".part")));
}
