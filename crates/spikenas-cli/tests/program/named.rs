//! Runs, models and images that a command line names: what is told where they are not there, not trained, or were moved.

use std::fs;

use crate::place::{ARCH, Place, TINY, text};

#[test]
fn what_is_not_there_is_named_with_what_was_expected() {
    let place = Place::new();
    fs::create_dir(place.path("runs")).unwrap();
    for (line, reason) in [
        ("evaluate runs/night", "runs/night: there is neither a run nor a model file: `spikenas list` shows the runs"),
        ("predict night.safetensors images", "night.safetensors: there is neither a run nor a model file"),
        ("memory runs/night", "runs/night: there is neither a run nor a model file"),
        (&format!("train {ARCH} {TINY} --from runs/night"), "runs/night: there is neither a run nor a model file"),
        ("train runs/night", "runs/night: there is no such run: `spikenas list` shows the runs"),
        ("report runs/night", "runs/night: no such folder with a run or study: `spikenas list` shows the runs"),
        ("list night", "night: there is no such folder: give a run, or a folder of runs"),
        ("correlate --table night.csv", "night.csv: there is no such table"),
        ("train images", "images: holds no run: there is no config.toml: `spikenas list` shows the runs"),
    ] {
        place.refuses(line, 1, reason);
    }
}

#[test]
fn a_run_that_lies_near_a_name_is_suggested() {
    let place = Place::new();
    place.succeeds(&format!("train {ARCH} {TINY} --epochs 1 --out runs/meadow"));
    for command in ["evaluate", "memory", "train", "report", "list"] {
        place.refuses(&format!("{command} runs/meadwo"), 1, "(did you mean runs/meadow?)");
    }
    place.refuses("predict runs/meadow images/test/dark/7.png", 1, "7.png: there is no such image: give a PNG or JPEG");
    place.refuses("predict runs/meadow images/test/drak", 1, "(did you mean images/test/dark?)");
}

#[test]
fn a_run_without_weights_gives_none_to_another() {
    let place = Place::new();
    place.succeeds(&format!("search {TINY} --ops skip,conv3x3 --out found"));
    for line in [format!("train {ARCH} {TINY} --from found"), "evaluate found".into(), "predict found images".into()] {
        place.refuses(&line, 1, "found: nothing is trained yet: run `spikenas train found`");
    }
}

#[test]
fn images_that_were_moved_are_asked_for_and_taken_from_their_new_place() {
    let place = Place::new();
    place.succeeds(&format!("train {ARCH} {TINY} --epochs 1 --keep-checkpoint --out run"));
    let before = place.json("evaluate run");
    fs::copy(place.path("run/model.safetensors"), place.path("model.safetensors")).unwrap();
    fs::rename(place.path("images"), place.path("moved")).unwrap();
    for line in ["evaluate run", "train run --resume", "evaluate model.safetensors"] {
        place.refuses(line, 1, "images: no such folder: give --data with the folder where they lie now");
    }
    assert_eq!(place.json("evaluate run --data moved")["accuracy"], before["accuracy"]);
    assert_eq!(place.json("evaluate model.safetensors --data moved")["accuracy"], before["accuracy"]);
    place.succeeds("train run --resume --epochs 2 --data moved");
    // A model needs no images but those that it is asked about.
    place.succeeds("predict run moved/test/dark");
}

#[test]
fn a_model_is_tested_on_the_images_that_it_names() {
    let place = Place::new();
    place.succeeds(&format!("train {ARCH} {TINY} --epochs 1 --out run"));
    fs::rename(place.path("run/model.safetensors"), place.path("model.safetensors")).unwrap();
    let output = place.run("evaluate model.safetensors --json");
    let told = text(&output.stderr);
    assert!(told.contains("tested on the images of its training: images") && !told.contains("other images"), "{told}");
    let tested: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!((&tested["total"], &tested["data"]["name"]), (&8.into(), &"images".into()));
    // Others in their place are tested, and it is said that they are others.
    fs::remove_file(place.path("images/test/dark/0.png")).unwrap();
    let told = text(&place.run("evaluate model.safetensors").stderr);
    assert!(told.contains("images, which has other images now than the model was trained on"), "{told}");
}

#[test]
fn the_memory_of_a_run_is_that_of_its_network() {
    let place = Place::new();
    let own = place.json(&format!("memory {ARCH} --data images --widths 4,8 --timesteps 2"));
    place.succeeds(&format!("search {TINY} --ops skip,conv3x3 --out found"));
    place.succeeds(&format!("train {ARCH} {TINY} --epochs 1 --out trained"));
    assert_eq!(place.json("memory trained"), own);
    assert_eq!(place.json("memory trained/model.safetensors"), own);
    let (found, search) = (place.json("memory found"), place.json(&format!("search {TINY} --ops skip,conv3x3")));
    assert_eq!((&found["architecture"], &found["parameters"]), (&search["architecture"], &search["parameters"]));
    assert_eq!(found["input"], serde_json::json!({"channels": 3, "height": 8, "width": 8}));
    assert_eq!(found["layers"][0]["output"], serde_json::json!({"channels": 4, "height": 8, "width": 8}));
    let words = place.succeeds("memory trained --bits 8");
    assert!(words.starts_with("0313 0031 0003 0000") && words.contains("on images of 3x8x8"), "{words}");

    place.refuses("memory trained --widths 8,16", 2, "--widths");
    place.refuses("memory", 2, "--arch");
    fs::remove_file(place.path("found/search.json")).unwrap();
    place.refuses("memory found", 1, "found: its search is not finished");
}

#[test]
fn a_search_that_is_not_kept_says_so_once_and_how_to_keep_it() {
    let place = Place::new();
    let search = format!("search {TINY} --ops skip");
    let told = text(&place.run(&search).stderr);
    assert_eq!(told.matches("nothing of this search is kept: --out DIR keeps it").count(), 1, "{told}");
    assert!(!text(&place.run(&format!("{search} --out run")).stderr).contains("--out DIR"));
}

#[test]
fn a_warning_about_a_run_is_told_once() {
    let place = Place::new();
    let told = text(&place.run(&format!("run {TINY} --ops skip --epochs 1 --learning-rate 1e-9 --out run")).stderr);
    let warnings: Vec<&str> = told.lines().filter(|line| line.starts_with("warning: ")).collect();
    let different: std::collections::HashSet<&&str> = warnings.iter().collect();
    assert!(!warnings.is_empty() && warnings.len() == different.len(), "{told}");
    assert!(told.contains("the training of 1 epoch about "), "{told}");
}

#[test]
fn a_classifier_that_dwarfs_the_budget_is_told_once_with_what_narrows_it() {
    let place = Place::new();
    let told = |line: &str| {
        let stderr = text(&place.run(line).stderr);
        stderr
            .lines()
            .filter(|line| line.starts_with("note: the classifier has "))
            .map(String::from)
            .collect::<Vec<_>>()
    };
    let options = format!("{TINY} --hidden 1024 --last-pool 2 --ops skip --budget 2k --scope backbone");
    let network = place.json(&format!("search {options} --out found"))["parameters"]["network"].clone();
    for line in [format!("search {options}"), format!("run {options} --epochs 1 --out run"), "memory found".into()] {
        let notes = told(&line);
        assert!(notes.len() == 1 && notes[0].contains(&network.to_string()), "{line}: {notes:?}");
        assert!(notes[0].contains("lower --hidden, raise --last-pool, or scale the images down"), "{notes:?}");
    }
    assert!(told(&format!("search {TINY} --ops skip --budget 100k")).is_empty());
    assert!(told(&format!("search {TINY} --ops skip --budget 100k --scope backbone")).is_empty());
}
