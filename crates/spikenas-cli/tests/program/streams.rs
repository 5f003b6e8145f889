//! Output streams: results on stdout, messages on stderr, and readers that close the pipe early.

use std::process::Stdio;

use crate::place::{ARCH, Place, TINY, text};

#[test]
fn words_about_the_work_stay_out_of_stdout() {
    let place = Place::new();
    let output = place.run(&format!("search {TINY} --ops skip,conv3x3 --json"));
    assert!(text(&output.stdout).starts_with('{'));
    assert!(text(&output.stderr).contains("pass 1 of 2: 64 of 64 candidates fit"));
    let words = place.succeeds(&format!("search {TINY} --ops skip"));
    assert!(words.starts_with("architecture  0111 0011 0001 0000\nscore "), "{words}");
}

#[test]
fn a_reader_that_leaves_early_is_no_failure() {
    let place = Place::new();
    let memory = format!("memory {ARCH}");
    for line in [memory.as_str(), "search --help", "data list", "--version"] {
        let mut child = place.command(line).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        drop(child.stdout.take());
        let output = child.wait_with_output().unwrap();
        assert_eq!((output.status.code(), text(&output.stderr)), (Some(0), String::new()), "{line}");
    }
}

#[cfg(target_os = "linux")]
#[test]
fn a_result_that_cannot_be_written_is_a_failure() {
    let place = Place::new();
    let full = std::fs::File::options().write(true).open("/dev/full").unwrap();
    let output = place.command(&format!("memory {ARCH} --json")).stdout(full).output().unwrap();
    assert_eq!(output.status.code(), Some(1));
    assert!(text(&output.stderr).starts_with("error: stdout: "), "{}", text(&output.stderr));
}

#[test]
fn help_names_the_options_of_each_command() {
    let place = Place::new();
    let network = "--data --data-dir --preset --widths --cells --timesteps --json";
    let search = format!(
        "{network} --ops --budget --scope --bits --score --batch --repeats --method --iterations --seed --threads --out"
    );
    let training = "--batch --seed --threads --arch --from --resume --keep-checkpoint --checkpoint-minutes";
    let train =
        "--epochs --learning-rate --limit-train --crop-padding --mirror --no-mirror --no-augment --device --out";
    for (command, options) in [
        ("search", search.clone()),
        ("run", format!("{search} {train}")),
        ("train", format!("{network} {train} {training}")),
        ("score", format!("{network} --ops --arch --score --batch --repeats --seed --threads")),
        ("memory", "--data --image --preset --widths --cells --ops --arch --bits --json".into()),
        ("evaluate", "--data --data-dir --threads --json".into()),
        ("data list", "--data-dir --json".into()),
        ("data check", "--data --data-dir --json".into()),
        ("data fetch", "--data-dir --from --json".into()),
    ] {
        let help = place.succeeds(&format!("{command} --help"));
        for option in options.split(' ') {
            assert!(
                help.contains(&format!("{option} ")) || help.contains(&format!("{option}\n")),
                "{command} {option}"
            );
        }
    }
    let help = place.succeeds("train --help");
    for unused in ["--budget", "--ops", "--score", "--repeats", "--method", "--iterations", "--confirm"] {
        assert!(!help.contains(unused), "a training does not search: {unused}");
    }
}

#[test]
fn a_run_prints_each_part_of_its_result_once_and_says_first_how_long_it_takes() {
    let place = Place::new();
    let output = place.run(&format!("run {TINY} --ops skip,conv3x3 --cells 1 --epochs 2 --out run"));
    let (stdout, stderr) = (text(&output.stdout), text(&output.stderr));
    for head in ["architecture  ", "training      2 epochs", "accuracy      "] {
        assert_eq!((stdout.matches(head).count(), stderr.matches(head).count()), (1, 0), "{head}: {stdout}{stderr}");
    }
    let estimate = stderr.find("the search takes about ").unwrap();
    assert!(stderr[estimate..].contains("the training of 2 epochs about "), "{stderr}");
    assert!(estimate < stderr.find("epoch 1 of 2").unwrap(), "{stderr}");
    let json = place.json(&format!("run {TINY} --ops skip,conv3x3 --cells 1 --epochs 2 --out run"));
    assert_eq!(json["train"]["epochs"].as_array().unwrap().len(), 2);
}

#[cfg(target_os = "linux")]
#[test]
fn help_and_completions_that_cannot_be_written_are_failures() {
    let place = Place::new();
    for line in ["--help", "run --help", "--version", "completions bash", "man", "list"] {
        let full = std::fs::File::options().write(true).open("/dev/full").unwrap();
        let output = place.command(line).stdout(full).output().unwrap();
        assert_eq!(output.status.code(), Some(1), "{line}");
        assert!(text(&output.stderr).starts_with("error: stdout: "), "{line}: {}", text(&output.stderr));
    }
}
