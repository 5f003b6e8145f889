//! Integer networks: made of a trained run, tested beside it, and exported.

use std::fs;
use std::process::Command;

use crate::place::{ARCH, Place, TINY, text};

/// A run that tells its two classes apart.
fn trained() -> Place {
    let place = Place::new();
    place.succeeds(&format!("train {TINY} {ARCH} --epochs 12 --learning-rate 0.05 --no-augment --seed 1 --out run"));
    place
}

#[test]
fn an_integer_network_is_tested_beside_its_float_network_and_exported_to_c() {
    let place = trained();
    place.refuses("evaluate run --integer", 1, "has no integer network: run `spikenas quantise run`");
    place.refuses("export run --to c --out c", 1, "has no integer network");
    let made = place.json("quantise run --bits 4");
    assert_eq!((made["device"]["bits"].as_u64(), made["calibration_images"].as_u64()), (Some(4), Some(20)), "{made}");
    for range in made["ranges"].as_array().unwrap() {
        assert!(range["possible"].as_i64() <= range["room"].as_i64(), "{range}");
    }
    let test = place.json("evaluate run --integer");
    assert_eq!((test["engine"].as_str(), test["total"].as_u64()), (Some("integer"), Some(8)), "{test}");
    let float = place.json("evaluate run");
    assert_eq!(test["drift"]["float_accuracy"], float["accuracy"]);
    for (drift, layer) in test["drift"]["layers"].as_array().unwrap().iter().zip(float["layers"].as_array().unwrap()) {
        assert_eq!((&drift["name"], &drift["float"]), (&layer["name"], &layer["firing_rate"]));
    }
    let kept: serde_json::Value = serde_json::from_slice(&fs::read(place.path("run/integer.json")).unwrap()).unwrap();
    assert_eq!(kept["accuracy"], test["accuracy"]);

    let exported = place.json("export run --to c --out c --name net --golden 5");
    let memory = place.json("memory run --bits 4");
    assert_eq!(exported["device"], memory["device"]);
    assert_eq!(exported["device"], made["device"]);
    let header = fs::read_to_string(place.path("c/net.h")).unwrap();
    assert!(header.contains("#define NET_CLASS_NAMES \"dark\", \"light\""), "{header}");
    let compiled =
        Command::new("gcc").current_dir(place.path("c")).args(["-std=c99", "net.c", "net_test.c", "-o", "t"]).output();
    let compiled = compiled.unwrap();
    assert!(compiled.status.success(), "{}", text(&compiled.stderr));
    assert!(Command::new(place.path("c/t")).status().unwrap().success());
    place.refuses("export run --to c --out c", 1, "c: is there already");
}

#[test]
fn an_integer_network_goes_into_a_file_that_stands_alone() {
    let place = trained();
    place.succeeds("quantise run --bits 8 --leak shift --out eight.safetensors");
    assert!(!place.path("run/integer.safetensors").exists());
    let test = place.json("evaluate eight.safetensors --integer");
    assert_eq!((test["engine"].as_str(), test.get("drift")), (Some("integer"), None), "{test}");
    place.succeeds("quantise run/model.safetensors --data images -o again.safetensors --leak shift");
    assert_eq!(fs::read(place.path("eight.safetensors")).unwrap(), fs::read(place.path("again.safetensors")).unwrap());
    place.succeeds("export eight.safetensors --to c --out c --schedule steps");

    place.refuses("quantise run -o eight.safetensors", 1, "eight.safetensors: is there already");
    place.succeeds("quantise run -o eight.safetensors --replace");
    place.refuses("evaluate eight.safetensors", 1, "is an integer network: add --integer");
    place.refuses("evaluate run/model.safetensors --integer", 1, "is no integer network");
    place.refuses("quantise run/model.safetensors", 2, "give --out");
    place.refuses("quantise run --bits 3 -o three.safetensors", 2, "the weights of an integer network have 2, 4 or 8");
    place.refuses("quantise run --leak slow", 2, "choose from exact, shift");
    place.refuses("export run --to c --out c2 --name 2net", 2, "give a letter and then");
    let whole = fs::read(place.path("eight.safetensors")).unwrap();
    for length in [0, 7, 100, whole.len() - 1] {
        fs::write(place.path("cut.safetensors"), &whole[..length]).unwrap();
        place.refuses("evaluate cut.safetensors --integer", 1, "cut.safetensors");
    }
}

#[test]
fn a_network_is_tuned_with_rounded_weights_and_goes_on_where_it_was_interrupted() {
    let place = trained();
    let tuned = place.json("quantise run --bits 2 --epochs 3 --replace");
    let epochs = fs::read_to_string(place.path("run/tuned-2bit/train.jsonl")).unwrap();
    assert_eq!(epochs.lines().count(), 3);
    assert!(fs::read_to_string(place.path("run/tuned-2bit/config.toml")).unwrap().contains("weight_bits = 2"));
    assert_eq!(
        place.json("quantise run --bits 2 --epochs 3 --replace"),
        tuned,
        "it is finished, and made again from the same"
    );
    // The model of the tuned run is rounded: made into integers, it fires as it does in float.
    place.succeeds("quantise run/tuned-2bit --bits 2");
    let test = place.json("evaluate run/tuned-2bit --integer");
    for layer in test["drift"]["layers"].as_array().unwrap() {
        let [float, integer] = ["float", "integer"].map(|which| layer[which].as_f64().unwrap());
        assert!((float - integer).abs() < 0.05, "{layer}");
    }
    place.refuses("quantise run/model.safetensors -e 2 -o x.safetensors", 2, "give a run");
}

#[test]
fn a_run_for_a_device_fits_its_flash_and_its_ram_and_is_tested_in_whole_numbers() {
    let place = Place::new();
    let options = "--data images --finalists 0 --epochs 2 --seed 1";
    let found = place.json(&format!("run {options} --flash 6KiB --ram 4KiB --bits 4 --out fit"));
    let device = &found["search"]["device"];
    let [flash, ram] = ["flash", "ram"].map(|memory| device[memory]["bytes"].as_u64().unwrap());
    assert!((4 << 10..=6 << 10).contains(&flash) && ram <= 4 << 10, "{device}");
    assert_eq!(place.json("memory fit --bits 4")["device"], *device);
    assert_eq!(
        (found["integer"]["engine"].as_str(), found["evaluate"]["engine"].as_str()),
        (Some("integer"), Some("float"))
    );
    assert!(fs::read_to_string(place.path("fit/config.toml")).unwrap().contains("weight_bits = 4"));
    assert_eq!(place.json("evaluate fit --integer")["accuracy"], found["integer"]["accuracy"]);
    let several =
        place.json(&format!("run {options} --flash 6KiB --ram 4KiB --bits 4 --seeds 2 --recipe fast --out both"));
    assert_eq!(several["results"][0]["integer_accuracy"], found["integer"]["accuracy"]);
    assert!(several["integer_accuracy"]["mean"].as_f64().is_some(), "{several}");

    let report = fs::read_to_string(place.path("fit/report.html")).unwrap();
    assert!(report.contains("--flash 6144 --ram 4096 --bits 4"), "the page tells the command");
    assert!(report.contains("what is too much") && report.contains("STM32F407"), "the chips that it fits");
    // What was tuned by hand stays when the run is repeated.
    place.succeeds("quantise fit --bits 4 --epochs 1 --replace");
    let tuned = fs::read(place.path("fit/integer.safetensors")).unwrap();
    place.succeeds(&format!("run {options} --flash 6KiB --ram 4KiB --bits 4 --out fit"));
    assert_eq!(fs::read(place.path("fit/integer.safetensors")).unwrap(), tuned);
    place.refuses("search --data images --ram 200", 1, "200 bytes of RAM, weights of 8 bits: the smallest needs");
    place.refuses("search --data images --flash 200 --widths 4,8", 1, "200 bytes of flash");
    place.refuses("search --data images --flash 64k", 2, "give bytes");
    place.refuses("search --data images --flash 64KiB --bits 5", 2, "have 2, 4 or 8");
}

#[test]
fn networks_are_exported_to_nir_with_what_importers_need_to_know() {
    let place = trained();
    place.succeeds("export run --to nir --out float.nir --golden 3");
    let refused = "quantise the network --for simulator";
    place.succeeds("quantise run --leak shift --out shift.safetensors");
    place.refuses("export shift.safetensors --to nir --integer --out x.nir", 1, refused);
    place.succeeds("quantise run");
    place.refuses("export run --to nir --integer --out x.nir", 1, "quantise it --for simulator");
    place.succeeds("quantise run --for simulator --replace");
    place.succeeds("export run --to nir --integer --out integer.nir --golden 3");
    for (name, arithmetic) in [("float.nir", "float"), ("integer.nir", "integer: ")] {
        let file = hdf5_pure::File::open(place.path(name)).unwrap();
        let about = file.dataset("node/metadata/spikenas").unwrap().read_string().unwrap();
        let about: serde_json::Value = serde_json::from_str(&about[0]).unwrap();
        assert!(about["arithmetic"].as_str().unwrap().starts_with(arithmetic), "{about}");
        assert_eq!(about["classes"], serde_json::json!(["dark", "light"]));
        let layers = about["layers"].as_array().unwrap().len() as u64;
        let spikes = file.dataset("node/metadata/golden_spikes").unwrap();
        assert_eq!(spikes.shape().unwrap(), [3, layers, about["timesteps"].as_u64().unwrap()]);
        let edges = file.dataset("node/edges").unwrap().read_string().unwrap();
        let of =
            |end: usize| edges.iter().skip(end).step_by(2).cloned().collect::<std::collections::BTreeSet<String>>();
        let (from, to) = (of(0), of(1));
        assert!(from.contains("input") && to.contains("output"), "{edges:?}");
        for layer in about["layers"].as_array().unwrap() {
            let layer = layer.as_str().unwrap();
            assert!(from.contains(layer) && to.contains(layer), "{layer}: {edges:?}");
            let threshold = file.dataset(&format!("node/nodes/{layer}/v_threshold")).unwrap().read_f64().unwrap();
            assert!(threshold.iter().all(|&one| one == threshold[0]), "one threshold for all neurons of {layer}");
        }
    }
    place.succeeds("export run --to safetensors --out float.safetensors");
    place.succeeds("export run --to safetensors --integer --out integer.safetensors");
    assert_eq!(place.json("evaluate float.safetensors")["accuracy"], place.json("evaluate run")["accuracy"]);
    assert_eq!(
        place.json("evaluate integer.safetensors --integer")["accuracy"],
        place.json("evaluate run --integer")["accuracy"]
    );
    // What its copies take is told, too.
    let shared = place.json("quantise run --out shared.safetensors");
    let split = place.json("quantise run --for simulator --out split.safetensors");
    let flash = |made: &serde_json::Value| made["device"]["flash"]["bytes"].as_u64().unwrap();
    assert!(flash(&split) > flash(&shared), "{split}");
    place.refuses("export run --to nir --out float.nir", 1, "is there already");
    place.refuses("export run --to nir --out x.nir --name net", 2, "--name and --schedule are for --to c");
    place.refuses("export run --to onnx --out x", 2, "onnx");
}

#[test]
fn chips_are_listed_shown_and_compared_with_a_network() {
    let place = trained();
    let known = place.json("chip list");
    assert!(known["chips"].as_array().unwrap().iter().any(|chip| chip["chip"] == "loihi1"), "{known}");
    let words = place.succeeds("chip show loihi1");
    assert!(words.contains("Davies et al.") && words.contains("side of a kernel           unknown"), "{words}");
    let fits = place.json("chip check run --chip stm32f746");
    assert_eq!((fits["fits"].as_bool(), fits["limits"][0]["has"].as_u64()), (Some(true), Some(1 << 20)), "{fits}");
    assert_eq!(fits["limits"][0]["needs"], place.json("memory run --bits 8")["device"]["flash"]["bytes"]);
    let speck = place.json("chip check run --chip speck2f");
    let leak = speck["limits"].as_array().unwrap().iter().find(|limit| limit["what"] == "leak").unwrap();
    assert_eq!(
        (leak["needs"].as_str(), leak["has"].as_str(), leak["fits"].as_bool()),
        (Some("multiplicative"), Some("linear"), Some(false))
    );
    assert_eq!(speck["fits"].as_bool(), Some(false));
    assert!(place.succeeds("chip check run --chip loihi1").contains("nJ of synaptic operations"), "it was tested");

    let figure = |name: &str, value: u64| format!("{name} = {{ value = {value}, source = \"sheet\" }}\n");
    let head = "name = \"Mine\"\nkind = \"microcontroller\"\n";
    fs::write(place.path("own.toml"), format!("{head}{}{}", figure("flash", 6144), figure("ram", 4096))).unwrap();
    assert_eq!(place.json("chip check run --chip own.toml")["chip"], "Mine");
    let found = place.json("search --data images --chip own.toml --finalists 0");
    assert!(found["device"]["flash"]["bytes"].as_u64().unwrap() <= 6144, "{found}");
    fs::write(place.path("absurd.toml"), format!("{head}{}{}", figure("flash", 0), figure("ram", 4096))).unwrap();
    place.refuses("chip check run --chip absurd.toml", 1, "flash 0: no chip has that");
    fs::write(place.path("short.toml"), format!("{head}{}", figure("ram", 4096))).unwrap();
    place.refuses("chip show short.toml", 1, "flash");
    place.refuses("chip show loihi", 2, "did you mean loihi1");
    place.refuses("chip show none.toml", 1, "none.toml");

    // A chip with cores is kept to while cells are searched; what no network can be is told first.
    let found = place.json("search --data images --chip loihi1 --finalists 0 --out on-loihi");
    assert!(found["parameters"]["network"].as_u64().is_some(), "{found}");
    assert_eq!(place.json("chip check on-loihi --chip loihi1")["fits"].as_bool(), Some(true));
    place.refuses("search --data images --chip speck2f", 2, "leak: multiplicative is needed, it has linear");
    let loihi = include_str!("../../../spikenas/profiles/loihi1.toml");
    fs::write(place.path("small.toml"), loihi.replace("value = 128,", "value = 1,")).unwrap();
    place.refuses("search --data images --chip small.toml", 1, "1 cores on small.toml");
}
