//! Wrong input and broken files: one clear line, the right exit status, nothing changed.

use std::fs;

use crate::place::{ARCH, Place, TINY, text};

#[test]
fn options_that_do_not_parse_are_wrong_usage() {
    let place = Place::new();
    for (line, reason) in [
        ("score --arch '0313 0031' --data images", "`0313 0031` is not a connection matrix"),
        ("score --arch '0513 0031 0003 0000' --data images", "`5` is not one of the digits"),
        ("score --arch '0313 0031 0003 0000/0313 0031 0003 0000' --cells 3 --data images", "describes 2 cells"),
        ("score", "--arch <MATRIX>"),
        ("train", "give a run folder or --arch"),
        ("score --colour", "--colour"),
        ("paint", "unrecognized subcommand 'paint'"),
        ("search --ops skip,conv5x5", "unknown operation `conv5x5`"),
        ("search --ops skip,skip --data images --batch 8 --out run", "`skip` stands twice"),
        ("search --budget 0", "budget `0`"),
        ("search --budget -1", "budget `-1`"),
        ("search --budget abc", "budget `abc`"),
        ("search --budget nan", "budget `nan`"),
        ("search --budget 40k --bits 65", "65 bits"),
        ("search --budget 40k --scope brain", "choose from network, backbone"),
        ("search --score beauty", "unknown score `beauty`"),
        ("search --method luck", "unknown method `luck`"),
        ("search --preset resnet", "unknown preset `resnet`"),
        ("search --threads 0", "threads 0"),
        ("search --threads 100000", "threads 100000"),
        ("search --memory 12", "800MiB"),
        ("run --optimizer lion", "choose from muon, adamw, adam, sgd"),
        ("run --schedule step:x", "step:N"),
        ("run --weight-decay-of biases", "choose from all, weights"),
        ("run --first-timesteps 6", "give at most the network's 5"),
        ("run --crop-fill reflect --crop-padding 0", "crop-padding 0"),
        ("run --flip alternate --no-mirror", "cannot be used with"),
        ("run --norm-gain 0", "norm gain 0"),
        ("run --recipe snasnet --first-part 0.5", "first-part 0.5"),
        ("run --warmup-epochs -1", "warm-up of -1 epochs"),
        ("score --arch '0111 0011 0001 0000' --batch 4 --memory 1KiB", "raise --memory"),
        ("search --data ''", "--data"),
    ] {
        place.refuses(line, 2, reason);
    }
}

#[test]
fn settings_out_of_range_are_wrong_usage_in_every_command() {
    let place = Place::new();
    let commands =
        [format!("score {ARCH}"), "search --out run".into(), format!("train {ARCH} --out run"), "run".into()];
    for command in &commands {
        for (options, reason) in [
            ("--widths 0,8", "widths 0"),
            ("--widths 5", "give two numbers"),
            ("--cells 4", "cells 4"),
            ("--timesteps 0", "timesteps 0"),
        ] {
            place.refuses(&format!("{command} --data images {options}"), 2, reason);
        }
    }
    for command in [format!("score {ARCH}"), "search --score funnel --out run".into(), "run --score funnel".into()] {
        for (options, reason) in [
            ("--batch 1", "batch 1: a score compares at least 2 images"),
            ("--repeats 0", "repeats 0 is out of range: give 1 to 1000"),
            ("--repeats 18446744073709551615", "give 1 to 1000"),
        ] {
            place.refuses(&format!("{command} --data images {options}"), 2, reason);
        }
    }
    for command in ["run".to_string(), format!("train {ARCH}")] {
        for (options, reason) in [
            ("--device wgpu", "device `wgpu` is not in this build"),
            ("--device cuda", "device `cuda` is not in this build"),
            ("--device tpu", "unknown device `tpu`"),
            ("--epochs 0", "epochs"),
            ("--limit-train 0", "limit_train"),
            ("--learning-rate nan", "learning rate NaN"),
        ] {
            place.refuses(&format!("{command} {TINY} {options} --out run"), 2, reason);
        }
    }
}

#[test]
fn counts_that_no_search_ends_with_are_wrong_usage() {
    let place = Place::new();
    let heads = "op01,op02,op12,op03,op13,op23,test_acc";
    std::fs::write(place.path("table.csv"), format!("{heads}\n0,0,0,1,0,0,80\n0,0,0,2,0,0,85\n")).unwrap();
    let correlate = "correlate --table table.csv --data images --batch 8 --widths 4,8 --score depth";
    for (line, reason) in [
        (format!("search {TINY} --method random --iterations 1000000000000000000"), "give 1 to 10000000"),
        (format!("search {TINY} --confirm 1000000000000000000"), "give 0 to 1000"),
        (format!("{correlate} --seeds 1000000000000000000"), "give 1 to 1000"),
        (format!("{correlate} --seeds 0"), "give 1 to 1000"),
        (format!("{correlate} --repeats 1001"), "give 1 to 1000"),
        (format!("{correlate} --sample 1"), "at least 2, or"),
    ] {
        place.refuses(&line, 2, reason);
    }
    // The seeds after the highest begin at 0 again.
    assert_eq!(place.json(&format!("{correlate} --seed 18446744073709551615 --seeds 3"))["seeds"], 3);
}

#[test]
fn operations_of_which_none_connects_are_refused_by_every_method() {
    let place = Place::new();
    for method in ["spikenas", "random", "exhaustive"] {
        for command in ["search --out run", "run"] {
            let line = format!("{command} {TINY} --ops zeroize --method {method}");
            place.refuses(&line, 2, "no architecture connects input and output");
        }
    }
    place.refuses(
        &format!("train --arch '0300 0000 0000 0000' {TINY} --out run"),
        2,
        "no path from input to output in cell 1",
    );
}

#[test]
fn what_a_command_would_ignore_is_refused() {
    let place = Place::new();
    for (line, reason) in [
        (format!("search {TINY} --iterations 50"), "spikenas does not"),
        (format!("search {TINY} --budget 40k --bits 8"), "only a budget in bytes"),
        (format!("search {TINY} --bits 8"), "only a budget in bytes"),
        (format!("score {ARCH} {TINY} --ops skip,conv1x1"), "has conv3x3, which --ops leaves out"),
        (format!("memory {ARCH} --data images --image 3x8x8"), "the images of the folder have a shape"),
        (format!("score {ARCH} {TINY} --score depth"), "looks at no images"),
        (format!("search {TINY} --score parameters --repeats 2"), "takes no repeats"),
    ] {
        place.refuses(&line, 2, reason);
    }
}

#[cfg(target_os = "linux")]
#[test]
fn too_little_memory_is_one_line_before_it_is_taken() {
    let place = Place::new();
    let giant = "--widths 4096,4096 --timesteps 1024 --batch 2000 --memory 900TiB";
    for command in [format!("score {ARCH}"), "search --score sahd --out run".into()] {
        place.refuses(&format!("{command} --data sample {giant}"), 1, "scoring needs about");
    }
    // An address space of 600 MB.
    let program = env!("CARGO_BIN_EXE_spikenas");
    let arch = "--arch '0333 0033 0003 0000'";
    let line = format!("ulimit -v 600000; exec {program} score {arch} --data sample --preset cifar10 --threads 1");
    let output = std::process::Command::new("sh").args(["-c", &line]).output().unwrap();
    let stderr = text(&output.stderr);
    assert!(matches!(output.status.code(), Some(1 | 2)) && stderr.lines().count() == 1, "{stderr}");
    assert!(stderr.contains("raise --memory or lower --batch") || stderr.contains("scoring needs about"), "{stderr}");
}

#[test]
fn a_batch_of_more_images_than_there_are_leaves_no_folder() {
    let place = Place::new();
    for command in [format!("score {ARCH}"), "search --score zico --out run".into(), "run --score zico".into()] {
        place.refuses(
            &format!("{command} --data images --batch 21"),
            2,
            "batch 21 is more than the 20 training images",
        );
    }
}

#[test]
fn a_budget_that_nothing_fits_names_the_smallest_candidate() {
    let place = Place::new();
    let smallest = place.json("memory --data images --widths 4,8 --arch '0111 0011 0001 0000'");
    let needs = format!("the smallest needs {}", smallest["parameters"]["backbone"]);
    for command in ["search --out run", "search", "run"] {
        place.refuses(&format!("{command} {TINY} --budget 100 --scope backbone"), 1, &needs);
    }
}

#[test]
fn a_network_without_a_class_for_a_label_is_refused_before_the_search() {
    let place = Place::new();
    let folders = ["train", "test"].map(|split| place.path(&format!("images/{split}")));
    for (folder, class) in folders.iter().flat_map(|f| (0..9).map(move |class| (f, class))) {
        fs::create_dir(folder.join(format!("z{class}"))).unwrap();
        fs::copy(folder.join("dark/0.png"), folder.join(format!("z{class}/0.png"))).unwrap();
    }
    for command in ["run".to_string(), format!("train {ARCH}")] {
        place.refuses(&format!("{command} {TINY} --preset cifar10 --out run"), 2, "an image is of class 10");
    }
}

#[test]
fn images_too_small_for_the_network_are_refused() {
    let place = Place::new();
    place.refuses(
        &format!("search {TINY} --cells 3 --preset snasnet-cifar10 --out run"),
        2,
        "images of 8x8 do not fit",
    );
}

#[test]
fn missing_and_unreadable_images_are_named() {
    let place = Place::new();
    for command in [format!("score {ARCH}"), "search".into(), "run".into(), "data check".into()] {
        place.refuses(&format!("{command} --data nowhere/"), 1, "nowhere/: no such folder");
        place.refuses(&format!("{command} --data cifar10"), 1, "spikenas data fetch cifar10 --data-dir data");
    }
    fs::write(place.path("images/train/dark/3.png"), "not an image").unwrap();
    for command in [format!("score {ARCH} {TINY}"), format!("run {TINY}"), "data check --data images".into()] {
        place.refuses(&command, 1, "dark/3.png");
    }
    fs::remove_dir_all(place.path("images/test/light")).unwrap();
    place.refuses("data check --data images", 1, "both splits need the same classes");
}

#[test]
fn damaged_batches_of_cifar_are_named() {
    let place = Place::new();
    let folder = place.path("data/cifar-10-batches-bin");
    fs::create_dir_all(&folder).unwrap();
    let record = |label: u8| [vec![label], vec![7; 3072]].concat();
    for number in 1..=5 {
        fs::write(folder.join(format!("data_batch_{number}.bin")), record(number)).unwrap();
    }
    let commands = [format!("score {ARCH} --data cifar10 --batch 2"), "data check --data cifar10".into()];
    for (bytes, reason) in [
        (record(3)[..3000].to_vec(), "test_batch.bin: 3000 bytes is no multiple of 3073"),
        (record(10), "test_batch.bin: record 0 has label 10, the last class is 9"),
        (Vec::new(), "test_batch.bin hold no images"),
    ] {
        fs::write(folder.join("test_batch.bin"), bytes).unwrap();
        commands.iter().for_each(|command| place.refuses(command, 1, reason));
    }
    fs::write(folder.join("test_batch.bin"), record(9)).unwrap();
    commands.iter().for_each(|command| drop(place.succeeds(command)));
}

#[test]
fn a_folder_that_cannot_be_written_is_named() {
    let place = Place::new();
    fs::write(place.path("file"), "").unwrap();
    fs::create_dir(place.path("full")).unwrap();
    fs::write(place.path("full/letter"), "").unwrap();
    for (out, reason) in
        [("file/run", "file/run: "), ("file", "file: "), ("full", "full: is not empty and holds no run")]
    {
        place.refuses(&format!("search {TINY} --ops skip --out {out}"), 1, reason);
        place.refuses(&format!("train {ARCH} {TINY} --epochs 1 --out {out}"), 1, reason);
        place.refuses(&format!("run {TINY} --ops skip --epochs 1 --out {out}"), 1, reason);
    }
}

#[test]
fn folders_without_a_run_or_a_finished_search_are_refused() {
    let place = Place::new();
    for command in ["train", "evaluate"] {
        place.refuses(&format!("{command} images"), 1, "holds no run: there is no config.toml");
        place.refuses(&format!("{command} nowhere"), 1, "nowhere: ");
    }
    place.succeeds(&format!("search {TINY} --ops skip --out run"));
    place.refuses("evaluate run", 1, "nothing is trained yet");
    fs::remove_file(place.path("run/search.json")).unwrap();
    place.refuses("train run", 1, "its search is not finished");
}

#[test]
fn a_run_brings_its_own_images_and_network_to_its_training() {
    let place = Place::new();
    place.succeeds(&format!("search {TINY} --ops skip --out run"));
    for option in ["--widths 8,16", "--score hamming", "--repeats 2", "--ops skip", "--budget 40k", ARCH] {
        place.refuses(&format!("train run {option}"), 2, option.split(' ').next().unwrap());
    }
}

#[test]
fn damaged_records_of_a_run_are_named() {
    let place = Place::new();
    let search = format!("search {TINY} --ops skip --out run");
    place.succeeds(&search);
    let (config, result) = (place.read("run/config.toml"), place.read("run/search.json"));
    for (from, to, reason) in [
        ("timesteps = 2", "timesteps = 0", "config.toml: timesteps 0"),
        ("timesteps = 2", "timesteps = [", "config.toml: line "),
        ("timesteps", "time", "config.toml: line "),
        ("version = 1", "version = 9", "config.toml: format version 9"),
    ] {
        fs::write(place.path("run/config.toml"), config.replacen(from, to, 1)).unwrap();
        for command in [search.as_str(), "train run", "evaluate run"] {
            place.refuses(command, 1, reason);
        }
    }
    fs::write(place.path("run/config.toml"), config).unwrap();
    for (record, reason) in [
        (result[..result.len() / 2].to_string(), "search.json: damaged record"),
        (result.replace("0111 0011", "0111 0111"), "search.json: damaged record"),
        (result.replace("\"version\": 1", "\"version\": 9"), "search.json: format version 9"),
    ] {
        fs::write(place.path("run/search.json"), record).unwrap();
        place.refuses(&search, 1, reason);
        place.refuses("train run", 1, reason);
    }
}

#[test]
fn an_option_that_would_be_ignored_is_refused() {
    let place = Place::new();
    for (line, reason) in [
        ("data check --data images --data-dir elsewhere", "it is for datasets with a name"),
        ("run --data-dir elsewhere", "it is for datasets with a name"),
        ("reproduce --show-settings --seed 3", "--seed"),
        ("ablate --show-settings --data images", "--data"),
        ("report images --text --svg figures", "--svg"),
        ("run --out ''", "--out"),
    ] {
        place.refuses(line, 2, reason);
    }
}

#[test]
fn what_is_no_number_is_told_what_to_give() {
    let place = Place::new();
    for (line, reason) in [
        ("run --epochs -1", "'-1' for '--epochs <N>': give a whole number, 1 or more (see"),
        ("run --epochs 1.5", "'1.5' for '--epochs <N>': give a whole number, 1 or more (see"),
        ("run --epochs ''", "'--epochs <N>'"),
        ("search --batch many", "give a whole number, 1 or more (see"),
        ("search --confirm -1", "give a whole number, 0 or more (see"),
        ("run --crop-padding -1", "give a whole number, 0 or more (see"),
        ("search --seed -1", "give a whole number, 0 or more (see"),
        ("search --seed 99999999999999999999", "give a whole number below 2^64"),
        ("run --epochs 99999999999999999999", "give a smaller whole number (see"),
        ("run --learning-rate fast", "give a number, such as 0.1"),
    ] {
        place.refuses(line, 2, reason);
    }
}
