//! What comes from files and from the command line neither fills nor commands a terminal, and blames the right one.

use std::fs;

use crate::place::{ARCH, Place, TINY, text};

/// Runs a command that fails with this status; its message is one printable line of less than 2,000 bytes with this text.
#[track_caller]
fn fails_legibly(place: &Place, line: &str, status: i32, reason: &str) {
    let output = place.run(line);
    let stderr = text(&output.stderr);
    let shown: String = stderr.chars().take(300).collect();
    assert_eq!(output.status.code(), Some(status), "{shown}");
    assert!(stderr.len() < 2000 && stderr.lines().count() == 1, "{} bytes: {shown}", stderr.len());
    assert!(stderr.starts_with("error: ") && stderr.contains(reason), "{shown}");
    let is_printable = |c: char| !c.is_control() && !('\u{202a}'..='\u{202e}').contains(&c);
    assert!(stderr.trim_end_matches('\n').chars().all(is_printable), "{shown:?}");
}

#[test]
fn a_table_of_very_many_columns_or_with_escape_sequences() {
    let place = Place::new();
    let names: Vec<String> = (0..100_000).map(|column| format!("column{column}")).collect();
    fs::write(place.path("wide.csv"), names.join(",") + "\n1\n").unwrap();
    fails_legibly(&place, &format!("correlate --table wide.csv {}", "--data images"), 1, "and 99980 more");
    let heads = "op01,op02,op12,op03,op13,op23,test_acc\n";
    fs::write(place.path("escape.csv"), format!("{heads}\u{1b}]0;title\u{7}\u{202e},1,1,1,1,1,10\n")).unwrap();
    fails_legibly(&place, "correlate --table escape.csv --data images", 1, "\\u{1b}]0;title\\u{7}\\u{202e}");
    let word = "9".repeat(1_000_000);
    fs::write(place.path("long.csv"), format!("{heads}{word},1,1,1,1,1,10\n")).unwrap();
    fails_legibly(&place, "correlate --table long.csv --data images", 1, "99…99");
}

#[test]
fn architectures_names_and_classes_with_control_characters() {
    let place = Place::new();
    fails_legibly(&place, "score --arch '\u{1b}[2J\u{7}'", 2, "\\u{1b}[2J\\u{7}");
    fails_legibly(&place, &format!("score --arch '{}'", "0313 ".repeat(20_000)), 2, "not a connection matrix");
    fails_legibly(&place, "search --score '\u{1b}c'", 2, "\\u{1b}c");
    fails_legibly(&place, "train 'no\u{1b}[31m run\n'", 1, "no\\u{1b}[31m run\\n");
    fs::create_dir(place.path("images/train/\u{1b}[31mred\u{202e}")).unwrap();
    fails_legibly(&place, "data check --data images", 1, "\\u{1b}[31mred\\u{202e}");
}

#[test]
fn tensors_with_odd_names_are_shown_harmless() {
    let place = Place::new();
    place.succeeds(&format!("train {ARCH} {TINY} --epochs 1 --out run"));
    let path = place.path("run/model.safetensors");
    let bytes = fs::read(&path).unwrap();
    let length = u64::from_le_bytes(bytes[..8].try_into().unwrap()) as usize;
    let header = String::from_utf8(bytes[8..8 + length].to_vec()).unwrap();
    // As long as before, with an escape sequence in JSON's words.
    let header = header.replacen("\"stem.0.weight\"", "\"\\u001b[2Jaaaa\"", 1);
    assert_eq!(header.len(), length, "the name is there");
    fs::write(place.path("odd.safetensors"), [&bytes[..8], header.as_bytes(), &bytes[8 + length..]].concat()).unwrap();
    fails_legibly(&place, "evaluate odd.safetensors --data images", 1, "odd.safetensors");
}

#[test]
fn words_on_stdout_are_harmless_too() {
    let place = Place::new();
    place.succeeds(&format!("train {ARCH} {TINY} --epochs 1 --out 'run\u{1b}[31m'"));
    let words = place.succeeds("report 'run\u{1b}[31m'");
    assert!(words.contains("run\\u{1b}[31m/report.html"), "{words:?}");
}

#[test]
fn settings_in_a_file_are_the_files_fault() {
    let place = Place::new();
    let settings = place.succeeds("reproduce --show-settings");
    for (from, to) in [("timesteps = 5", "timesteps = 0"), ("batch = ", "batch = 0 # "), ("drawn = ", "drawn = 0 # ")] {
        fs::write(place.path("own.toml"), settings.replacen(from, to, 1)).unwrap();
        place.refuses("reproduce --data images --scale own.toml --out study", 1, "own.toml: ");
    }
}

#[test]
fn names_that_are_nearly_right_are_asked_about() {
    let place = Place::new();
    for (line, meant) in [
        ("trian", "did you mean train?"),
        ("search --buget 40k", "did you mean --budget?"),
        ("correlate --table x.csv --half choise", "did you mean choice?"),
        ("search --score funel", "did you mean funnel?"),
        ("search --method randon", "did you mean random?"),
        ("search --ops skip,con3x3", "did you mean conv3x3?"),
        ("search --preset cifar1O", "did you mean cifar10?"),
        ("train --arch '0313 0031 0003 0000' --device cpuu", "did you mean cpu?"),
        ("data fetch cifar01", "did you mean cifar10?"),
        ("reproduce --scale smoky", "did you mean smoke?"),
        ("reproduce --scenario SpikeNAS_2C3O_N", "did you mean SpikeNAS_2C3O_M?"),
    ] {
        place.refuses(line, 2, meant);
    }
    place.succeeds(&format!("search {TINY} --ops skip --out runs/first"));
    for (line, meant) in [
        ("search --data smaple", "did you mean sample?"),
        ("search --data imagse", "did you mean images?"),
        ("train runs/frist", "did you mean runs/first?"),
        ("train first", "did you mean runs/first?"),
        ("evaluate rums/first", "did you mean runs/first?"),
        ("report runs/firts", "did you mean runs/first?"),
    ] {
        place.refuses(line, 1, meant);
    }
}
