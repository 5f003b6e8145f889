//! Records of format version 1 can always be read, and damaged ones never keep the others from being shown.

use std::fs;
use std::path::{Path, PathBuf};

use serde_json::{Value, json};
use spikenas::report::{Records, Report, page, text};
use tempfile::TempDir;

const RUN_FILES: [&str; 5] = ["config.toml", "search.json", "journal.jsonl", "train.jsonl", "evaluate.json"];

fn golden(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/records/v1").join(name)
}

/// A copy of golden records that may be damaged.
fn copy(name: &str) -> TempDir {
    fn copy_into(from: &Path, to: &Path) {
        fs::create_dir_all(to).unwrap();
        for entry in fs::read_dir(from).unwrap() {
            let path = entry.unwrap().path();
            let target = to.join(path.file_name().unwrap());
            if path.is_dir() { copy_into(&path, &target) } else { fs::copy(&path, &target).map(drop).unwrap() }
        }
    }
    let folder = tempfile::tempdir().unwrap();
    copy_into(&golden(name), folder.path());
    folder
}

fn report(folder: &Path) -> Report {
    Report::new(&[Records::read(folder).unwrap()]).unwrap()
}

fn titles(report: &Report) -> Vec<&str> {
    report.sections.iter().map(|s| s.title.as_str()).collect()
}

#[test]
fn a_run_is_read_and_shown_whole() {
    let report = report(&golden("run"));
    assert_eq!(report.faults, [""; 0]);
    let all = ["Architecture", "Search", "Memory", "Training", "Firing rates", "Operations and energy", "Run it again"];
    assert_eq!(titles(&report), all);
    let scored = fs::read_to_string(golden("run").join("journal.jsonl")).unwrap().lines().count() - 1;
    let candidates = report.figures().find(|f| f.name == "candidates").unwrap();
    assert_eq!(candidates.table.rows.len(), scored);
    assert_eq!(candidates.svg.matches("class=\"mark\"").count(), scored);
    assert!(report.facts.iter().any(|(name, value)| name == "budget" && value.contains('3')), "{:?}", report.facts);
    for figure in report.figures() {
        assert!(!figure.alternative.is_empty() && !figure.table.rows.is_empty(), "{}", figure.name);
    }
    assert!(page(&report).len() < 2_000_000);
}

#[test]
fn a_study_is_read_and_shown_whole() {
    let report = report(&golden("study"));
    assert_eq!(report.faults, [""; 0]);
    let all = ["Results", "Accuracy against memory", "Memory against the budget", "Search time", "Learning curves"];
    assert_eq!(titles(&report), [&all[..], &["Run it again"]].concat());
    let results = &report.sections[0].tables[0];
    assert_eq!(results.rows.len(), 4);
    assert!(results.rows[0].iter().any(|v| v.text.starts_with('≈')), "extrapolated times are marked");
    assert!(results.notes[0].contains("extrapolated"));
}

#[test]
fn several_runs_are_compared() {
    let names = ["SpikeNAS_1C2O", "SpikeNAS_3C2O"].map(|name| golden("study").join(name));
    let records: Vec<Records> = names.iter().map(|path| Records::read(path).unwrap()).collect();
    let report = Report::new(&records).unwrap();
    assert_eq!(titles(&report), ["Runs", "Accuracy against memory", "Learning curves"]);
    assert_eq!(report.sections[0].tables[0].rows.len(), 2);
}

#[test]
fn a_damaged_record_is_named_and_the_rest_is_shown() {
    let whole = titles(&report(&golden("run"))).len();
    for (name, damage, word) in [
        ("search.json", "{\"version\": 1", "damaged"),
        ("search.json", "{\"version\": 9}", "version 9"),
        ("evaluate.json", "\u{0}\u{1}", "damaged"),
        ("config.toml", "version = 2", "config.toml"),
        ("journal.jsonl", "{\"version\": 7}\n", "version 7"),
        ("train.jsonl", "{\"epoch\": 1}\n{\"epoch\": 2}\n", "2 lines left out, the first is line 1"),
    ] {
        let folder = copy("run");
        fs::write(folder.path().join(name), damage).unwrap();
        let report = report(folder.path());
        assert_eq!(report.faults.len(), 1, "{name}: {:?}", report.faults);
        assert!(report.faults[0].contains(name) && report.faults[0].contains(word), "{:?}", report.faults);
        assert!(titles(&report).len() + 4 >= whole, "{name}: {:?}", titles(&report));
        assert!(page(&report).contains("Records that could not be read"));
    }
}

#[test]
fn a_half_written_line_is_left_out_and_said() {
    let folder = copy("run");
    let path = folder.path().join("journal.jsonl");
    let text = fs::read_to_string(&path).unwrap();
    fs::write(&path, &text[..text.len() - 20]).unwrap();
    let report = report(folder.path());
    assert!(report.faults[0].contains("half-written"), "{:?}", report.faults);
    let scored = text.lines().count() - 1;
    assert_eq!(report.figures().find(|f| f.name == "candidates").unwrap().table.rows.len(), scored - 1);
}

#[test]
fn records_cut_off_anywhere_give_a_report() {
    let folder = copy("run");
    for name in RUN_FILES {
        let path = folder.path().join(name);
        let bytes = fs::read(&path).unwrap();
        let step = (bytes.len() / 60).max(1);
        for length in (0..bytes.len()).step_by(step) {
            fs::write(&path, &bytes[..length]).unwrap();
            let records = Records::read(folder.path()).unwrap();
            let report = Report::new(std::slice::from_ref(&records)).unwrap();
            assert!(!page(&report).is_empty() && !text(&report, None).is_empty());
        }
        fs::write(&path, bytes).unwrap();
    }
}

#[test]
fn a_study_without_one_of_its_runs_shows_the_others() {
    let folder = copy("study");
    fs::write(folder.path().join("SpikeNAS_1C2O/train.jsonl"), "{").unwrap();
    let report = report(folder.path());
    assert_eq!(report.faults.len(), 1);
    assert_eq!(titles(&report).len(), 6);
    fs::write(folder.path().join("study.json"), "{\"version\": 2}").unwrap();
    let report = self::report(folder.path());
    assert!(report.faults[0].contains("version 2"), "{:?}", report.faults);
}

/// The golden run with another `evaluate.json`.
fn tested(change: impl FnOnce(&mut Value)) -> TempDir {
    let folder = copy("run");
    let path = folder.path().join("evaluate.json");
    let mut test: Value = serde_json::from_str(&fs::read_to_string(&path).unwrap()).unwrap();
    change(&mut test);
    fs::write(&path, test.to_string()).unwrap();
    folder
}

#[test]
fn a_test_of_an_earlier_epoch_or_of_other_images_is_no_headline() {
    for (key, value, why) in [
        ("model", json!({"epoch": 1}), "it is a test of epoch 1, the model is now of epoch 2"),
        ("data", json!({"name": "elsewhere", "fingerprint": "0"}), "it is a test on other images (elsewhere)"),
    ] {
        let folder = tested(|test| {
            test["accuracy"] = 77.25.into();
            test[key] = value;
        });
        let report = report(folder.path());
        assert!(report.concerns.iter().any(|c| c.contains(why) && c.contains("77.25 %")), "{:?}", report.concerns);
        assert!(!report.summary.contains("77.25") && !report.facts.iter().any(|(_, value)| value.contains("77.25")));
        assert!(page(&report).contains(why));
    }
}

#[test]
fn names_of_classes_cannot_harm_a_page() {
    let hostile = ["<script>alert(1)</script>", &"x".repeat(5000), "\u{202e}redrum\n\u{1b}[2J", "", "ok"];
    let folder = tested(|test| {
        let class =
            |name: &&str| json!({"name": name, "total": 3, "correct": 1, "predicted": [{"class": 4, "count": 2}]});
        test["classes"] = hostile.iter().map(class).collect();
        test["mistakes"] = json!([{"index": 7, "class": 0, "predicted": 1, "share": 0.75, "picture": "\"><script>"}]);
    });
    let report = report(folder.path());
    assert_eq!(report.faults, [""; 0]);
    assert!(titles(&report).contains(&"Classes") && titles(&report).contains(&"Most certain mistakes"));
    let page = page(&report);
    assert_eq!(page.matches("<script>").count(), 1);
    assert!(!page.contains(&"x".repeat(100)) && !page.contains('\u{202e}') && !page.contains('\u{1b}'));
    assert!(text(&report, None).lines().all(|line| line.chars().count() <= 100));
}

#[test]
fn layers_that_never_fire_are_marked() {
    let folder = tested(|test| test["layers"][1]["firing_rate"] = 0.0.into());
    let report = report(folder.path());
    assert!(
        report.concerns.iter().any(|c| c.contains("never fire") && c.contains("cell 1, 1→2")),
        "{:?}",
        report.concerns
    );
}

#[test]
fn a_folder_without_records_is_an_error() {
    let folder = tempfile::tempdir().unwrap();
    assert!(Records::read(folder.path()).unwrap_err().to_string().contains("no record"));
    assert!(Records::read(&folder.path().join("none")).unwrap_err().to_string().contains("no such folder"));
}

#[test]
fn text_fits_a_hundred_columns() {
    for name in ["run", "study"] {
        let report = report(&golden(name));
        let architecture = "0313 0031 0003 0000".parse().unwrap();
        let text = text(&report, Some(&architecture));
        assert!(text.contains("╭──") && text.lines().all(|l| l.chars().count() <= 100), "{text}");
    }
}
