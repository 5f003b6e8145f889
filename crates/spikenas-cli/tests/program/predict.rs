//! What a model says of images.

use std::fs;

use image::RgbImage;

use crate::place::{ARCH, Place, TINY, text};

/// A run that tells its two classes apart.
fn trained() -> Place {
    let place = Place::new();
    place.succeeds(&format!("train {TINY} {ARCH} --epochs 12 --learning-rate 0.05 --no-augment --seed 1 --out run"));
    place
}

#[test]
fn a_prediction_tells_class_votes_and_spikes_of_each_image_as_the_test_does() {
    let place = trained();
    let test = place.json("evaluate run");
    for model in ["run", "run/model.safetensors"] {
        let told = place.json(&format!("predict {model} images/test/dark images/test/light"));
        let predictions = told["predictions"].as_array().unwrap();
        assert_eq!(predictions.len(), 8);
        let is_right = |p: &&serde_json::Value| {
            p["image"].as_str().unwrap().contains(&format!("/{}/", p["class"].as_str().unwrap()))
        };
        assert_eq!(predictions.iter().filter(is_right).count() as u64, test["correct"].as_u64().unwrap());
        let mut rates = vec![0.0; test["layers"].as_array().unwrap().len()];
        for prediction in predictions {
            let shares = prediction["votes"].as_array().unwrap().iter().map(|v| v["share"].as_f64().unwrap());
            assert!((shares.clone().sum::<f64>() - 1.0).abs() < 1e-9, "{prediction}");
            assert_eq!(prediction["share"].as_f64(), shares.clone().reduce(f64::max));
            let layers = prediction["layers"].as_array().unwrap();
            let spikes: u64 = layers.iter().map(|l| l["spikes"].as_u64().unwrap()).sum();
            assert_eq!(prediction["spikes"].as_u64().unwrap(), spikes);
            rates.iter_mut().zip(layers).for_each(|(sum, l)| *sum += l["firing_rate"].as_f64().unwrap() / 8.0);
        }
        for (mean, layer) in rates.iter().zip(test["layers"].as_array().unwrap()) {
            assert!((mean - layer["firing_rate"].as_f64().unwrap()).abs() < 1e-9, "{layer}: {mean}");
        }
    }
    let words = place.succeeds("predict run images/test/dark/0.png");
    assert!(words.starts_with("images/test/dark/0.png\nclass         ") && words.contains("cell 1, 0→1"), "{words}");
}

#[test]
fn images_that_cannot_be_taken_are_named_and_none_is_predicted() {
    let place = trained();
    RgbImage::new(9, 8).save(place.path("wide.png")).unwrap();
    fs::write(place.path("broken.png"), b"\x89PNG\r\n\x1a\n and no more").unwrap();
    fs::create_dir(place.path("empty")).unwrap();
    place.refuses("predict run images/test/dark wide.png", 1, "wide.png: 9x8, the network takes 8x8");
    place.refuses("predict run images/test/dark/0.png broken.png", 1, "broken.png");
    place.refuses("predict run broken.png wide.png images/test/dark", 1, "(and 1 more of 6 images)");
    place.refuses("predict run nowhere.png", 1, "nowhere.png");
    place.refuses("predict run empty", 1, "no png, jpg or jpeg files");
    place.refuses("predict images images/test/dark", 1, "holds no run");
    let output = place.run("predict run");
    assert_eq!(output.status.code(), Some(2), "{}", text(&output.stderr));
}
