//! Recordings of event cameras: what is said of them, and what their frames make of a network.

use std::fs;

use crate::place::Place;

/// A place with recordings of 6 x 5 pixels in `waves`: a dot that goes to the right, or to the left.
fn place() -> Place {
    let place = Place::new();
    for (split, count) in [("train", 4), ("test", 2)] {
        for class in ["right", "left"] {
            let folder = place.path(&format!("waves/{split}/{class}"));
            fs::create_dir_all(&folder).unwrap();
            for number in 0..count {
                let column = |step: u8| if class == "right" { step } else { 5 - step };
                let event = |step: u8| [column(step), 4 - (number + step) % 5, step % 2 << 7, 0, 10 * step + number];
                let bytes: Vec<u8> = (0..6).flat_map(event).collect();
                fs::write(folder.join(format!("{number}.bin")), bytes).unwrap();
            }
        }
    }
    place
}

#[test]
fn a_check_tells_what_recordings_hold() {
    let place = place();
    fs::write(place.path("waves/simulated.toml"), "").unwrap();
    let words = place.succeeds("data check --data waves --frames 3 --split-by time");
    assert!(words.contains("waves: 2 classes, 8x8 pixels, 2 channels\n"), "{words}");
    assert!(words.contains("train  8 recordings, 4 to 4 per class\n"), "{words}");
    let line = "events simulated, 72 of 6x5 pixels, from 0.000 s to 0.000 s a recording; as 3 frames by time\n";
    assert!(words.contains(line), "{words}");
    let json = place.json("data check --data waves");
    assert_eq!((&json["recordings"]["events"], &json["recordings"]["longest_us"]), (&72.into(), &50.into()));
    assert_eq!(
        (&json["recordings"]["framing"]["frames"], &json["recordings"]["sensor"]["width"]),
        (&10.into(), &6.into())
    );
    // The same events, of another clock or not.
    assert_eq!(json["duplicates"]["count"], 4);
    assert!(!place.path("waves/.frames").exists(), "nothing is counted into frames");
}

#[test]
fn frames_decide_on_shape_and_timesteps_of_a_network() {
    let place = place();
    let memory =
        place.json("memory --arch '0313 0031 0003 0000' --data waves --frames 3 --downscale 2 --merge-polarities");
    assert_eq!(memory["input"], serde_json::json!({ "channels": 1, "height": 4, "width": 4 }));
    assert!(place.path("waves/.frames/folder-3-number-2-together.frames").exists());
}

#[test]
fn what_contradicts_the_frames_is_refused_with_a_line() {
    let place = place();
    let arch = "train --arch '0313 0031 0003 0000'";
    // Their frames are kept from here on, so that nothing else changes.
    for frames in [6, 10] {
        place.succeeds(&format!("memory --arch '0313 0031 0003 0000' --data waves --frames {frames}"));
    }
    place.refuses(
        &format!("{arch} --data waves --timesteps 4"),
        2,
        "timesteps 4: each of the 10 frames of a recording",
    );
    place.refuses(&format!("{arch} --data waves --timesteps 4"), 2, "give --frames");
    place.refuses("search --data waves --frames 6 --timesteps 6,4", 2, "timesteps 6,4: each of the 6 frames");
    place.refuses("data check --data images --frames 4", 2, "data images: these are images, and only recordings");
    place.refuses("search --data sample --merge-polarities", 2, "data sample: these are images");
    place.refuses("data check --data waves --frames 0", 2, "frames 0 is out of range");
    place.refuses("data check --data waves --downscale 0", 2, "downscale 0 is out of range");
    place.refuses("data check --data waves --split-by tim", 2, "did you mean time?");
    fs::write(place.path("waves/test/left/0.bin"), "cut").unwrap();
    place.refuses("data check --data waves", 1, "waves/test/left/0.bin: cut off within an event");
}

#[test]
fn datasets_of_recordings_are_listed_with_their_archives_and_say_where_to_get_them() {
    let place = place();
    let list = place.json("data list");
    let of = |name: &str| list.as_array().unwrap().iter().find(|known| known["name"] == name).unwrap().clone();
    assert_eq!(of("nmnist")["archives"][0], serde_json::json!(["Train.zip", "20959b8e626244a1b502305a9e6e2031"]));
    assert_eq!((&of("nmnist")["licence"], &of("nmnist")["found"]), (&"CC BY-SA 4.0".into(), &serde_json::Value::Null));
    place.refuses("run --data nmnist", 1, "get it with spikenas data fetch nmnist --data-dir data");
    place.refuses("data fetch dvs-gesture", 2, "get DvsGesture.tar.gz by hand from https://");
    fs::create_dir_all(place.path("data/nmnist")).unwrap();
    for name in ["Train/1/a.bin", "Test/1/a.bin"] {
        fs::create_dir_all(place.path("data/nmnist").join(name).parent().unwrap()).unwrap();
        fs::copy(place.path("waves/train/left/0.bin"), place.path("data/nmnist").join(name)).unwrap();
    }
    assert_eq!(place.json("data list")[5]["found"], serde_json::json!([1, 1]));
    let check = place.json("data check --data nmnist");
    assert_eq!((&check["complete"], &check["train"]["expected"]), (&false.into(), &60_000.into()));
}
