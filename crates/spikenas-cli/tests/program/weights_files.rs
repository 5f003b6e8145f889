//! Checkpoints and weights that are cut off, changed or of another network.

use std::fs;
use std::path::Path;

use crate::place::{ARCH, Place, TINY};

fn trained() -> Place {
    let place = Place::new();
    place.succeeds(&format!("train {ARCH} {TINY} --epochs 1 --keep-checkpoint --out run"));
    place
}

/// Replaces the first occurrence of a text by one of equal length, so that the header's length stays right.
fn patch(path: &Path, from: &str, to: &str) {
    assert_eq!(from.len(), to.len());
    let mut bytes = fs::read(path).unwrap();
    let at = bytes.windows(from.len()).position(|w| w == from.as_bytes()).unwrap();
    bytes[at..at + to.len()].copy_from_slice(to.as_bytes());
    fs::write(path, bytes).unwrap();
}

#[test]
fn weights_of_another_network_are_named() {
    let place = trained();
    let file = place.path("other.safetensors");
    fs::copy(place.path("run/model.safetensors"), &file).unwrap();
    // As early versions wrote it.
    for (from, to) in [("checksum", "somewhat"), ("classes", "clusses"), ("program", "creator")] {
        patch(&file, &format!("\\\"{from}\\\""), &format!("\\\"{to}\\\""));
    }
    let weights = fs::read(&file).unwrap();
    for (from, to, reason) in [
        ("0313 0031", "0111 0031", "does not belong to the network"),
        ("0313 0031", "0333 0031", "`cell1.cell_architecture.1.1.weight` is missing"),
        ("[4,8]", "[4,9]", "the network needs [9"),
        ("0313 0031", "0513 0031", "not one of the digits"),
        ("[4,8]", "[0,8]", "widths 0"),
        ("\"spikenas\"", "\"spikenos\"", "does not say which network it belongs to"),
        ("\\\"cells\\\"", "\\\"calls\\\"", "description of the network is damaged"),
        ("\"F32\"", "\"I32\"", "is I32, not F32"),
    ] {
        fs::write(&file, &weights).unwrap();
        patch(&file, from, to);
        place.refuses("evaluate other.safetensors --data images", 1, reason);
    }
    let end = weights.len() - 4;
    fs::write(&file, [&weights[..end], &f32::NAN.to_le_bytes()].concat()).unwrap();
    place.refuses("evaluate other.safetensors --data images", 1, "not finite");
}

#[test]
fn weights_cut_off_anywhere_are_refused() {
    let place = trained();
    let weights = fs::read(place.path("run/model.safetensors")).unwrap();
    for length in [0, 4, 8, 100, weights.len() / 2, weights.len() - 1] {
        fs::write(place.path("run/model.safetensors"), &weights[..length]).unwrap();
        place.refuses("evaluate run", 1, "model.safetensors: not a whole safetensors file");
    }
}

#[test]
fn a_damaged_checkpoint_is_not_trained_on() {
    let place = trained();
    let path = place.path("run/checkpoint/last.safetensors");
    let checkpoint = fs::read(&path).unwrap();
    for (bytes, reason) in [
        (checkpoint[..checkpoint.len() - 100].to_vec(), "not a whole safetensors file"),
        (b"garbage".repeat(50), "not a whole safetensors file"),
        (Vec::new(), "not a whole safetensors file"),
        (fs::read(place.path("run/model.safetensors")).unwrap(), "not a checkpoint"),
    ] {
        fs::write(&path, bytes).unwrap();
        for command in ["train run --resume", "train run"] {
            place.refuses(command, 1, &format!("last.safetensors: {reason}"));
        }
    }
    fs::write(&path, &checkpoint).unwrap();
    patch(&path, "\\\"epoch\\\"", "\\\"epoxh\\\"");
    place.refuses("train run --resume", 1, "damaged: its content has the checksum");
}

#[test]
fn weights_are_tested_on_images_that_fit_them() {
    let place = trained();
    place.refuses("evaluate run --data sample", 1, "its classes are dark, light, those of sample are airplane, ");
    place.succeeds("evaluate run/model.safetensors --data images");
}

#[test]
fn a_model_of_another_run_is_not_taken_for_the_run_s_own() {
    let place = Place::new();
    place.succeeds(&format!("train {ARCH} {TINY} --epochs 1 --out run"));
    for split in ["train", "test"] {
        for class in ["dark", "light"] {
            fs::create_dir_all(place.path(&format!("others/{split}/{class}"))).unwrap();
            for number in 0..4 {
                let file = format!("{split}/{class}/{number}.png");
                fs::copy(place.path(&format!("images/{file}")), place.path(&format!("others/{file}"))).unwrap();
            }
        }
    }
    let usual = "--data images --widths 4,8 --timesteps 2";
    for (options, both) in [
        (format!("--arch '0111 0031 0003 0000' {usual}"), "another network (architecture \"0111 0031 0003 0000"),
        (format!("{ARCH} {usual}").replace("timesteps 2", "timesteps 3"), "network.timesteps 3, that of the run 2"),
        (format!("{ARCH} {usual}").replace("4,8", "4,12"), "network.widths [4,12], that of the run [4,8]"),
        (format!("{ARCH} {usual}").replace("images", "others"), "learned from other images ("),
    ] {
        place.succeeds(&format!("train {options} --batch 8 --epochs 1 --out other"));
        fs::copy(place.path("other/model.safetensors"), place.path("run/model.safetensors")).unwrap();
        for command in ["evaluate run", "predict run images/test/dark"] {
            place.refuses(command, 1, both);
        }
        // As a file it is tested for what it is.
        place.succeeds("evaluate run/model.safetensors --data images");
        fs::remove_dir_all(place.path("other")).unwrap();
    }
    place.succeeds(&format!("train --arch '0111 0031 0003 0000' {TINY} --epochs 1 --out other"));
    fs::copy(place.path("other/model.safetensors"), place.path("run/model.safetensors")).unwrap();
    place.refuses("train run --resume", 1, "run/model.safetensors: is the model of another network (");
}
