//! What a training keeps, and what it makes of a folder in which something was lost or changed.

use std::fs;
use std::process::Stdio;

use crate::place::{ARCH, Place, TINY, text};
use crate::signals::send;

fn train(epochs: usize, more: &str) -> String {
    format!("train {ARCH} {TINY} --threads 1 --epochs {epochs} {more} --out run")
}

/// Runs a command that must succeed; returns what it says on stderr.
#[track_caller]
fn said(place: &Place, line: &str) -> String {
    let output = place.run(line);
    let stderr = text(&output.stderr);
    assert_eq!(output.status.code(), Some(0), "{line}: {stderr}");
    stderr
}

fn epochs(place: &Place) -> usize {
    place.read("run/train.jsonl").lines().count()
}

#[test]
fn a_model_knows_its_classes_by_their_names() {
    let place = Place::new();
    place.succeeds(&train(4, ""));
    let own = place.json("evaluate run");
    for split in ["train", "test"] {
        let folder = place.path(&format!("images/{split}"));
        // The same names in another order are no other classes: `dark` and `light` change their places.
        for (from, to) in [("dark", "tmp"), ("light", "dark"), ("tmp", "light")] {
            fs::rename(folder.join(from), folder.join(to)).unwrap();
        }
    }
    let swapped = place.json("evaluate run");
    assert_eq!(swapped["correct"].as_u64().unwrap() + own["correct"].as_u64().unwrap(), 8, "every label is the other");
    for split in ["train", "test"] {
        let folder = place.path(&format!("images/{split}"));
        fs::rename(folder.join("dark"), folder.join("white")).unwrap();
    }
    place.refuses("evaluate run", 1, "images are white, light: give --data with its classes");
}

#[test]
fn a_test_on_other_images_is_no_figure_of_the_run() {
    let place = Place::new();
    place.succeeds(&train(1, ""));
    let own = place.json("evaluate run");
    assert_eq!((&own["engine"], &own["device"], &own["model"]["epoch"]), (&"float".into(), &"cpu".into(), &1.into()));
    assert!(own["data"]["name"].as_str().unwrap().ends_with("images"), "{}", own["data"]);
    let kept = place.read("run/evaluate.json");
    let copy = |split: &str, class: &str| {
        let folder = place.path(&format!("others/{split}/{class}"));
        fs::create_dir_all(&folder).unwrap();
        fs::copy(place.path(&format!("images/{split}/{class}/1.png")), folder.join("1.png")).unwrap();
    };
    ["train", "test"].iter().for_each(|split| ["dark", "light"].iter().for_each(|class| copy(split, class)));
    assert!(said(&place, "evaluate run --data others").contains("run/evaluate-others.json"));
    assert_eq!(place.read("run/evaluate.json"), kept);
    assert!(place.read("run/evaluate-others.json").contains("\"others\""));
}

#[test]
fn a_finished_training_needs_no_checkpoint() {
    let place = Place::new();
    let first = place.json(&train(2, ""));
    assert!(!place.path("run/checkpoint/last.safetensors").exists());
    assert_eq!(place.json("train run --resume")["epochs"], first["epochs"]);
    assert!(said(&place, "train run --resume").contains("was finished before, with 2 epochs"));
    place.refuses("train run", 1, "2 epochs are trained already: add --resume");
    // Without a checkpoint, more epochs begin with the model.
    let stderr = said(&place, "train run --resume --epochs 4");
    assert!(stderr.contains("4 epochs instead of 2") && stderr.contains("going on from the model"), "{stderr}");
    assert_eq!(epochs(&place), 4);
}

#[test]
fn a_longer_schedule_goes_on_from_the_checkpoint() {
    let place = Place::new();
    place.succeeds(&train(2, "--keep-checkpoint"));
    let stderr = said(&place, "train run --resume --epochs 3");
    assert!(stderr.contains("3 epochs instead of 2") && stderr.contains("continuing after epoch 2 of 3"), "{stderr}");
    assert_eq!(epochs(&place), 3);
    assert!(place.read("run/config.toml").contains("epochs = 3"));
    assert!(place.path("run/checkpoint/last.safetensors").exists(), "it stays where it was asked to");
    place.refuses("train run --resume --epochs 2", 2, "epochs 2: 3 are trained already");
}

#[test]
fn records_that_lack_epochs_are_named() {
    for keep in ["", "--keep-checkpoint"] {
        let place = Place::new();
        place.succeeds(&train(3, keep));
        let whole = place.read("run/train.jsonl");
        let knows = if keep.is_empty() { "trained.json knows" } else { "last.safetensors knows" };
        let first = whole.lines().next().unwrap();
        for (content, lacks) in [(String::new(), "epochs 1 to 3"), (format!("{first}\n"), "epochs 2 to 3")] {
            fs::write(place.path("run/train.jsonl"), content).unwrap();
            place.refuses("train run --resume", 1, &format!("train.jsonl: lacks {lacks}, of which run/"));
            place.refuses("train run --resume", 1, knows);
        }
        fs::write(place.path("run/train.jsonl"), "\0".repeat(whole.len())).unwrap();
        place.refuses("train run --resume", 1, "train.jsonl: ");
    }
}

#[test]
fn a_lost_model_is_restored_where_the_checkpoint_has_its_weights() {
    let place = Place::new();
    place.succeeds(&train(1, "--keep-checkpoint"));
    let model = fs::read(place.path("run/model.safetensors")).unwrap();
    fs::remove_file(place.path("run/model.safetensors")).unwrap();
    place.refuses("evaluate run", 1, "model.safetensors: is missing, though 1 epochs are trained: add --resume");
    assert!(said(&place, "train run --resume").contains("restored from the checkpoint of epoch 1"));
    assert!(fs::read(place.path("run/model.safetensors")).unwrap() == model);
    fs::remove_file(place.path("run/model.safetensors")).unwrap();
    fs::remove_file(place.path("run/checkpoint/last.safetensors")).unwrap();
    place.refuses("train run --resume", 1, "model.safetensors: is missing, and no checkpoint was kept");
}

#[test]
fn a_training_never_begins_again_over_a_model() {
    let place = Place::new();
    place.succeeds(&train(2, "--keep-checkpoint"));
    // As in the middle of a training.
    fs::remove_file(place.path("run/trained.json")).unwrap();
    let path = place.path("run/checkpoint/last.safetensors");
    let checkpoint = fs::read(&path).unwrap();
    fs::remove_file(&path).unwrap();
    for line in ["train run --resume", "train run"] {
        place.refuses(line, 1, "last.safetensors: is missing, though model.safetensors shows a training");
    }
    #[cfg(unix)]
    {
        std::os::unix::fs::symlink(&path, &path).unwrap();
        assert_eq!(place.run("train run --resume").status.code(), Some(1));
        assert_eq!(epochs(&place), 2);
        fs::remove_file(&path).unwrap();
    }
    fs::write(&path, checkpoint).unwrap();
    fs::copy(place.path("images/train/dark/1.png"), place.path("images/train/light/more.png")).unwrap();
    place.refuses("train run --resume", 1, "other images");
}

#[test]
fn a_training_that_was_stopped_in_its_first_epoch_goes_on_with_the_same_settings_and_images_alone() {
    let place = Place::new();
    let child = place.command(&train(500, "")).stderr(Stdio::null()).spawn().unwrap();
    let begins = || {
        std::thread::sleep(std::time::Duration::from_millis(1));
        place.path("run/checkpoint/last.safetensors").exists()
    };
    assert!((0..30_000).any(|_| begins()));
    send(&child, "INT");
    assert_eq!(child.wait_with_output().unwrap().status.code(), Some(130));
    for change in ["--seed 7", "--learning-rate 0.01"] {
        place.refuses(&train(500, change), 1, "belongs to another configuration (train.");
        place.refuses(&format!("train run --resume {change}"), 1, "choose another --out or repeat the options");
    }
    fs::copy(place.path("images/train/dark/1.png"), place.path("images/train/light/1.png")).unwrap();
    place.refuses("train run --resume", 1, "other images");
}

#[test]
fn a_diverged_training_keeps_nothing_and_its_folder_takes_a_lower_rate() {
    for (options, word) in [
        ("--learning-rate 1e30 --optimizer adam --schedule constant", "1000000000000000000000000000000"),
        ("--learning-rate 1e9 --optimizer sgd --schedule constant", "1000000000"),
    ] {
        let place = Place::new();
        let output = place.run(&train(2, &format!("{options} --checkpoint-minutes 0")));
        let stderr = text(&output.stderr);
        assert_eq!(output.status.code(), Some(1), "{stderr}");
        let last = stderr.lines().last().unwrap();
        assert!(last.contains("in epoch 1: lower --learning-rate (it was ") && last.contains(word), "{stderr}");
        assert!(!place.path("run/model.safetensors").exists() && epochs(&place) == 0);
        place.succeeds(&train(1, ""));
        place.refuses(&train(1, "--learning-rate 0.01"), 1, "choose another --out");
    }
}

#[test]
fn a_winner_is_trained_in_another_folder_and_from_other_weights() {
    let place = Place::new();
    let found = place.json(&format!("search {TINY} --ops skip,conv3x3 --cells 1 --out found"));
    let trained = place.json("train found --epochs 1 --out run");
    assert_eq!(trained["architecture"], found["architecture"]);
    assert!(!place.path("found/train.jsonl").exists());
    assert!(place.read("run/config.toml").contains("found_by = "));
    let longer = place.json("train run --epochs 1 --learning-rate 0.01 --from run --out tuned");
    assert_eq!(longer["architecture"], found["architecture"]);
    assert!(place.read("tuned/config.toml").contains("run/model.safetensors"));
    place.refuses(&format!("train {ARCH} {TINY} --epochs 1 --from run --out third"), 1, "does not fit the network");
    place.succeeds("evaluate tuned");
    place.succeeds("train found --epochs 1 --from tuned");
    assert!(place.read("found/config.toml").contains("tuned/model.safetensors"));
}

#[test]
fn a_mini_batch_of_one_image_is_trained() {
    let place = Place::new();
    let trained =
        place.json(&format!("train {ARCH} --data images --widths 4,8 --timesteps 2 --batch 1 --epochs 1 --out run"));
    assert_eq!(trained["epochs"].as_array().unwrap().len(), 1);
    place.refuses(&format!("train {ARCH} {TINY} --budget 1k"), 2, "--budget");
}

#[cfg(target_os = "linux")]
#[test]
fn a_training_that_does_not_fit_into_the_memory_is_refused_in_one_line() {
    let place = Place::new();
    let program = env!("CARGO_BIN_EXE_spikenas");
    let line =
        format!("ulimit -v 1000000; exec {program} train {ARCH} --data sample --preset cifar10 --threads 1 --out run");
    let output = std::process::Command::new("sh").current_dir(place.path(".")).args(["-c", &line]).output().unwrap();
    let stderr = text(&output.stderr);
    assert_eq!(output.status.code(), Some(1), "{stderr}");
    assert!(stderr.starts_with("error: training needs about ") && stderr.lines().count() == 1, "{stderr}");
    assert!(stderr.contains("lower --batch or --widths") && !place.path("run").exists(), "{stderr}");
}

#[cfg(target_os = "linux")]
#[test]
fn a_limit_of_the_address_space_ends_in_one_line_and_never_in_an_abort() {
    let place = Place::new();
    let program = env!("CARGO_BIN_EXE_spikenas");
    for kilobytes in [40_000, 90_000, 100_000, 110_000, 150_000] {
        for command in ["data list".to_string(), format!("score {ARCH} {TINY} --threads 1")] {
            let line = format!("ulimit -v {kilobytes}; exec {program} {command}");
            let output = std::process::Command::new("sh").current_dir(place.path(".")).args(["-c", &line]).output();
            let output = output.unwrap();
            let stderr = text(&output.stderr);
            match output.status.code() {
                Some(0) if kilobytes > 90_000 => {}
                Some(1) => assert!(stderr.starts_with("error: ") && stderr.lines().count() == 1, "{line}: {stderr}"),
                _ => panic!("{line}: {:?} {stderr}", output.status),
            }
            assert!(kilobytes > 90_000 || stderr.contains("100 MB are the least to start with"), "{line}: {stderr}");
        }
    }
}

/// The epochs that a run folder's configuration has.
fn epochs_planned(place: &Place, run: &str) -> usize {
    let config = place.read(&format!("{run}/config.toml"));
    let line = config.lines().find(|line| line.starts_with("epochs = ")).unwrap_or_default();
    line.trim_start_matches("epochs = ").parse().unwrap()
}

#[test]
fn epochs_are_planned_for_the_minutes_and_the_plan_stays() {
    let place = Place::new();
    let line = format!("run {TINY} --ops skip,conv3x3 --minutes 0.1 --out run");
    let result = place.json(&line);
    let planned = epochs_planned(&place, "run");
    assert_eq!(result["train"]["epochs"].as_array().unwrap().len(), planned);
    assert!(planned > 1, "{planned} epochs in six seconds");
    let model = fs::read(place.path("run/model.safetensors")).unwrap();
    let again = place.json(&line);
    assert_eq!(again["train"]["epochs"].as_array().unwrap().len(), planned, "the plan of the first time");
    assert!(fs::read(place.path("run/model.safetensors")).unwrap() == model);
    // Another number of epochs goes on from there.
    let more = planned + 1;
    place.succeeds(&format!("train run --resume --epochs {more}"));
    assert_eq!((epochs_planned(&place, "run"), place.read("run/train.jsonl").lines().count()), (more, more));
}

#[test]
fn minutes_that_make_no_plan_are_refused() {
    let place = Place::new();
    for (options, reason) in [
        ("--minutes 0", "minutes 0: give a positive number"),
        ("--minutes -3", "minutes -3"),
        ("--minutes nan", "minutes NaN"),
        ("--minutes 5 --epochs 2", "cannot be used with"),
        ("--minutes 5 --seeds 2", "give epochs instead"),
    ] {
        place.refuses(&format!("run {TINY} --out run {options}"), 2, reason);
    }
}
