//! Fashion-MNIST as Debian's package `dataset-fashion-mnist` has it: real grey images, and simulated recordings of them.

use crate::place::{ARCH, Place, text};

/// A network and a training that take seconds.
const SMALL: &str = "--widths 4,8 --epochs 1 --batch 20";

#[test]
#[ignore = "needs Debian's package dataset-fashion-mnist"]
fn clothes_are_read_whole_learned_and_recorded() {
    let place = Place::new();
    let found = place.json("data check --data fashion-mnist");
    assert_eq!((found["train"]["images"].as_u64(), found["test"]["images"].as_u64()), (Some(60_000), Some(10_000)));
    assert_eq!((&found["complete"], found["shape"]["channels"].as_u64()), (&true.into(), Some(1)));
    assert!(found["train"]["per_class"].as_array().unwrap().iter().all(|count| count == 6000));

    place.succeeds(&format!("train --data fashion-mnist {ARCH} {SMALL} --timesteps 2 --limit-train 2000 --out still"));
    let test = place.json("evaluate still");
    assert_eq!(test["total"], 10_000);
    assert!(test["accuracy"].as_f64().unwrap() > 25.0, "no better than chance: {}", test["accuracy"]);

    // Clothes are shown as they are, unless an option asks for more, and then only that is done; the command of a page asks for the same.
    let few = "--timesteps 2 --limit-train 40";
    for (run, options, augmentation) in [
        ("plain", "", "none"),
        ("mirrored", "--mirror", "mirrored at random"),
        ("cropped", "--crop-fill reflect", "crop with reflected padding 1"),
    ] {
        let output = place.run(&format!("train --data fashion-mnist {ARCH} {SMALL} {few} {options} --out {run}"));
        assert!(text(&output.stderr).contains(&format!("augmentation: {augmentation}")), "{}", text(&output.stderr));
        let report = place.json(&format!("report {run}"));
        let again = report["runs"][0]["command"].as_str().unwrap().strip_prefix("spikenas ").unwrap();
        place.succeeds(&format!("{again} --out {run}-again"));
        assert_eq!(
            place.read(&format!("{run}-again/config.toml")),
            place.read(&format!("{run}/config.toml")),
            "{again}"
        );
    }

    place.succeeds("data events --data fashion-mnist --images 200 --out moving");
    let found = place.json("data check --data moving --frames 3");
    assert_eq!((&found["recordings"]["simulated"], found["train"]["images"].as_u64()), (&true.into(), Some(200)));
    place.succeeds(&format!("train --data moving --frames 3 {ARCH} {SMALL} --out run"));
    let test = place.json("evaluate run");
    assert_eq!(test["samples"].as_array().unwrap().len(), 10);
    assert!(test["samples"][0]["frames"].is_string() && test["over_time"]["spikes"][0].as_array().unwrap().len() == 3);
    place.succeeds("quantise run");
    place.succeeds("export run --to c --out c");
    assert!(place.read("c/spikenas.h").contains("3 frames one after the other"));
}
