//! Reports and studies.

use std::fs;

use serde_json::Value;

use crate::place::{ARCH, Place, TINY, text};

#[test]
fn a_run_leaves_a_page_and_its_command_makes_the_same_run() {
    let place = Place::new();
    let recipe = "--epochs 2 --optimizer adamw --schedule cosine-per-step --warmup-epochs 0.5 --final-learning-rate 0 --momentum 0.8 \
                  --weight-decay 0.001 --weight-decay-of weights --loss timestep --first-timesteps 1 --first-part 0.5 \
                  --average-epochs 1 --norm-statistics running --norm-over timestep --flip alternate --crop-fill reflect --crop-part 0.25 \
                  --stem-init drawn --norm-gain 1.25 --dropout 0.125";
    place.succeeds(&format!("run {TINY} --ops skip,conv3x3 --cells 1 {recipe} --out recipe"));
    let report = place.json("report recipe");
    let again = report["runs"][0]["command"].as_str().unwrap().strip_prefix("spikenas ").unwrap();
    place.succeeds(&format!("{again} --out same"));
    assert_eq!(place.read("same/config.toml"), place.read("recipe/config.toml"));
    let options = "--seed 3 --budget 2k --scope backbone --ops skip,conv3x3 --score hamming --epochs 2 --optimizer adam --schedule step:1 \
                   --label-smoothing 0.1 --limit-train 16 --no-augment --accumulate 2";
    place.succeeds(&format!("run {TINY} {options} --out one"));
    assert!(place.read("one/report.html").starts_with("<!DOCTYPE html>"));
    let report = place.json("report one --out elsewhere.html");
    assert!(place.path("elsewhere.html").exists());
    let run = &report["runs"][0];
    let command = run["command"].as_str().unwrap();
    assert!(!command.contains('#'), "{command}");
    let again = command.strip_prefix("spikenas ").unwrap();
    place.succeeds(&format!("{again} --out two"));
    assert_eq!(place.read("two/config.toml"), place.read("one/config.toml"));
    for key in ["Footprint", "ClassificationAccuracy", "ActivationSparsity", "SynapticOperations"] {
        assert!(!run["neurobench"][key].is_null(), "{key}: {run}");
    }
    let operations = &run["neurobench"]["SynapticOperations"];
    assert!(operations["Effective_ACs"].as_f64().unwrap() < operations["Dense"].as_f64().unwrap());
}

#[test]
fn the_commands_of_a_run_with_another_schedule_make_it_again() {
    let place = Place::new();
    place.succeeds(&format!("train {ARCH} {TINY} --epochs 3 --out run"));
    place.succeeds("train run --resume --epochs 5");
    let report = place.json("report run");
    let commands = report["runs"][0]["command"].as_str().unwrap();
    assert_eq!(commands.lines().count(), 2, "{commands}");
    commands.lines().for_each(|line| drop(place.succeeds(line.strip_prefix("spikenas ").unwrap())));
    let learned = |run: &str| {
        let epochs = place.read(&format!("{run}/train.jsonl"));
        let losses = |line: &str| {
            let epoch: Value = serde_json::from_str(line).unwrap();
            [&epoch["learning_rate"], &epoch["train_loss"], &epoch["validation_loss"]].map(Clone::clone)
        };
        epochs.lines().map(losses).collect::<Vec<_>>()
    };
    assert!(learned("again").len() == 5 && learned("again") == learned("run"));
    let page = place.read("run/report.html");
    assert!(page.contains("up to epoch 3 it followed that of 3 epochs; up to epoch 5 it followed that of 5 epochs."));
    assert!(
        commands.lines().all(|line| page.contains(&line.replace('\'', "&#39;")) || page.contains(line)),
        "{commands}"
    );
}

#[test]
fn runs_that_are_trained_but_not_tested_are_compared_by_their_own_tests() {
    let place = Place::new();
    for (name, seed) in [("oak", 1), ("elm", 2)] {
        place.succeeds(&format!("train {ARCH} {TINY} --recipe snasnet --epochs 2 --seed {seed} --out {name}"));
        // As a kill between the training and its test leaves it.
        fs::remove_file(place.path(&format!("{name}/evaluate.json"))).unwrap();
    }
    let page = || {
        place.succeeds("report oak elm --out both.html");
        place.read("both.html")
    };
    let untested = page();
    assert!(untested.contains("by its training&#39;s own test") || untested.contains("by its training's own test"));
    assert!(untested.matches(" * †</td>").count() >= 2 && untested.contains("Accuracy against memory"), "{untested}");
    assert!(!untested.contains("different images"));
    ["oak", "elm"].iter().for_each(|run| drop(place.succeeds(&format!("evaluate {run}"))));
    let tested = page();
    assert!(!tested.contains("own test") && tested.contains("the most accurate is"));
    assert!(tested.matches(" †</td>").count() >= 2, "the test images chose these epochs: {tested}");
}

#[test]
fn a_comparison_across_different_images_says_so() {
    let place = Place::new();
    place.succeeds(&format!("train {ARCH} {TINY} --epochs 1 --out oak"));
    fs::rename(place.path("images"), place.path("pictures")).unwrap();
    place.succeeds(&format!("train {ARCH} {} --epochs 1 --out elm", TINY.replace("images", "pictures")));
    assert!(!place.succeeds("report oak elm --text").contains("different images"), "they only lie elsewhere");
    fs::remove_file(place.path("pictures/train/dark/0.png")).unwrap();
    place.succeeds(&format!("train {ARCH} {} --epochs 1 --out ash", TINY.replace("images", "pictures")));
    let words = place.succeeds("report oak elm ash --text");
    let words = words.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(
        words.contains(
            "different images, so that their accuracies cannot be compared: images (oak, elm); pictures (ash)."
        ),
        "{words}"
    );
}

#[test]
fn a_report_in_text_fits_a_terminal_and_writes_nothing() {
    let place = Place::new();
    place.succeeds(&format!("search {TINY} --ops skip,conv3x3 --cells 1 --out run"));
    let before = fs::read_dir(place.path("run")).unwrap().count();
    let text = place.succeeds("report run --text");
    let words = text.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(words.contains("It is not trained yet.") && words.contains("(0)"), "{text}");
    assert!(text.lines().all(|line| line.chars().count() <= 100), "{text}");
    assert_eq!(fs::read_dir(place.path("run")).unwrap().count(), before);
}

#[test]
fn figures_are_files_too() {
    let place = Place::new();
    place.succeeds(&format!("search {TINY} --ops skip,conv3x3 --cells 1 --out run"));
    place.succeeds("report run --svg figures");
    assert!(place.read("figures/candidates.svg").starts_with("<svg"));
}

#[test]
fn a_damaged_record_is_a_warning_and_no_record_an_error() {
    let place = Place::new();
    place.succeeds(&format!("search {TINY} --ops skip --cells 1 --out run"));
    fs::write(place.path("run/search.json"), "{").unwrap();
    let output = place.run("report run");
    assert_eq!(output.status.code(), Some(0));
    assert!(text(&output.stderr).contains("warning: run/search.json: damaged"), "{}", text(&output.stderr));
    place.refuses("report images", 1, "holds no record");
    place.refuses("report nowhere", 1, "no such folder");
}

#[test]
fn the_journal_is_a_table_too() {
    let place = Place::new();
    place.succeeds(&format!("search {TINY} --ops skip,conv3x3 --cells 1 --out run"));
    let table = place.succeeds("report run --csv");
    let mut lines = table.lines();
    assert_eq!(lines.next(), Some("run,architecture,score,backbone,classifier,network,firing_rate,seconds"));
    assert_eq!(lines.clone().count(), place.read("run/journal.jsonl").lines().count() - 1);
    let found: Value = serde_json::from_str(&place.read("run/search.json")).unwrap();
    let winner = lines.find(|line| line.contains(found["architecture"].as_str().unwrap())).unwrap();
    let fields: Vec<&str> = winner.split(',').collect();
    assert_eq!((fields[0], fields[2].parse::<f64>().ok()), ("run", found["score"].as_f64()));
    assert_eq!(fields[3].parse::<u64>().ok(), found["parameters"]["backbone"].as_u64());
    assert_eq!(place.succeeds("report run --csv --out table.csv"), "");
    assert_eq!(place.read("table.csv"), table);
    place.succeeds(&format!("train {TINY} {ARCH} --epochs 1 --out trained"));
    place.refuses("report trained --csv", 1, "trained: no candidate was scored");
}

#[test]
fn the_memory_of_a_training_is_that_of_its_images() {
    let place = Place::new();
    let network = place.json(&format!("memory {ARCH} --data images --widths 4,8"))["parameters"]["network"].clone();
    place.succeeds(&format!("train {TINY} {ARCH} --epochs 1 --out run"));
    place.succeeds("evaluate run");
    let run = place.json("report run")["runs"][0].clone();
    // Running means and variances of the batch norms are numbers beside the parameters.
    let footprint = run["neurobench"]["Footprint"].as_u64().unwrap();
    let parameters = 4 * network.as_u64().unwrap();
    assert!((parameters..parameters * 3 / 2).contains(&footprint), "{footprint} bytes, {parameters} of parameters");
    assert!(place.read("run/report.html").contains("<h2>Memory</h2>"));
    // Without the model, nothing tells the shape any more, and nothing is assumed.
    fs::remove_file(place.path("run/model.safetensors")).unwrap();
    let page = place.succeeds("report run --text");
    assert!(page.replace('\n', " ").contains("the shape of an image is not in these records"), "{page}");
    assert_eq!(place.json("report run")["runs"][0]["neurobench"], Value::Null);
}

#[test]
fn a_page_credits_a_run_with_tests_of_its_own_images_and_of_its_present_model_alone() {
    let place = Place::new();
    place.succeeds(&format!("train {TINY} {ARCH} --epochs 2 --learning-rate 0.05 --no-augment --out run"));
    let own = place.json("evaluate run")["accuracy"].as_f64().unwrap();
    let headline = |place: &Place| place.succeeds("report run --text").split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(headline(&place).contains(&format!("test accuracy of {own:.2} % (8 images)")), "{}", headline(&place));
    // The same classes, other images.
    for class in ["dark", "light"] {
        let (from, to) = (format!("images/test/{class}/0.png"), format!("others/{{}}/{class}"));
        for split in ["train", "test"] {
            let folder = place.path(&to.replace("{}", split));
            fs::create_dir_all(&folder).unwrap();
            fs::copy(place.path(&from), folder.join("0.png")).unwrap();
        }
    }
    place.succeeds("evaluate run --data others");
    assert!(headline(&place).contains(&format!("test accuracy of {own:.2} % (8 images)")), "{}", headline(&place));
    assert!(headline(&place).contains("Tests on other images"), "{}", headline(&place));
    // A record of other weights is no figure of the model.
    let record = place.read("run/evaluate.json");
    let mut test: Value = serde_json::from_str(&record).unwrap();
    test["accuracy"] = 12.5.into();
    test["model"]["epoch"] = 99.into();
    fs::write(place.path("run/evaluate.json"), test.to_string()).unwrap();
    let words = headline(&place);
    assert!(words.contains("it is a test of epoch 99, the model is now of epoch"), "{words}");
    assert!(!words.contains("accuracy of 12.50"), "{words}");
}

#[test]
fn a_page_tells_classes_and_mistakes_by_name() {
    let place = Place::new();
    fs::rename(place.path("images/train/dark"), place.path("images/train/<b>dark")).unwrap();
    fs::rename(place.path("images/test/dark"), place.path("images/test/<b>dark")).unwrap();
    // One learning step at a rate of next to nothing: half of the images are mistaken.
    place.succeeds(&format!(
        "train {TINY} {ARCH} --epochs 1 --learning-rate 1e-9 --norm-over timestep --no-augment --out run"
    ));
    let test = place.json("evaluate run");
    let mistakes = test["mistakes"].as_array().unwrap();
    assert_eq!(mistakes.len() as u64, test["total"].as_u64().unwrap() - test["correct"].as_u64().unwrap());
    assert_eq!(test["classes"][0]["name"], "<b>dark");
    for mistake in mistakes {
        let (index, class) =
            (mistake["index"].as_u64().unwrap(), ["<b>dark", "light"][mistake["class"].as_u64().unwrap() as usize]);
        assert_eq!(mistake["file"], format!("test/{class}/{}.png", index % 4));
    }
    place.succeeds("report run");
    let page = place.read("run/report.html");
    assert_eq!(page.matches("data:image/png;base64,").count(), mistakes.len() + 2, "a sample of each class");
    assert!(page.contains("&lt;b&gt;dark") && !page.contains("<b>dark"));
    assert!(page.contains("is that of chance"), "{test}");
}

/// Settings of a study that takes a second.
pub fn settings(place: &Place) {
    let smoke = place.succeeds("reproduce --scale smoke --show-settings");
    let changes = [
        ("widths = [\n    8,\n    16,\n]", "widths = [4, 8]"),
        ("last_pool = 4", "last_pool = 2"),
        ("hidden = 64", "hidden = 16"),
        ("timesteps = 5", "timesteps = 2"),
        ("cifar10 = \"5200\"", "cifar10 = \"1600\""),
        ("batch = 32", "batch = 8"),
        ("drawn = 200", "drawn = 20"),
        ("epochs = 2", "epochs = 1"),
        ("limit_train = 1000", "limit_train = 16"),
    ];
    let tiny = changes.iter().fold(smoke, |text, (from, to)| {
        assert!(text.contains(from), "{from}: {text}");
        text.replace(from, to)
    });
    fs::write(place.path("tiny.toml"), tiny).unwrap();
}

/// Results of a study without their times.
fn timeless(mut study: Value) -> Value {
    for result in study["results"].as_array_mut().unwrap() {
        result["search_seconds"] = Value::Null;
        result["train_seconds"] = Value::Null;
        result["search"]["seconds"] = Value::Null;
        // Results from before a kill are not computed again.
        result["search"]["passes"] = Value::Null;
    }
    study
}

const REPRODUCE: &str = "reproduce --data images --scale tiny.toml --scenario 2c5o,1C2O,2C2O_M,3C2O_M";

#[test]
fn a_killed_reproduction_goes_on_where_it_was() {
    let place = Place::new();
    settings(&place);
    let whole = timeless(place.json(&format!("{REPRODUCE} --out whole")));
    let names: Vec<&str> =
        whole["results"].as_array().unwrap().iter().map(|r| r["scenario"]["name"].as_str().unwrap()).collect();
    assert_eq!(names, ["SNASNet_2C5O", "SpikeNAS_1C2O", "SpikeNAS_2C2O_M", "SpikeNAS_3C2O_M"]);
    assert_eq!(whole["results"][0]["extrapolated_from"], 20);
    assert!(whole["results"][2]["search"]["parameters"]["backbone"].as_u64().unwrap() <= 1600);
    assert!(place.read("whole/report.html").contains("SpikeNAS_2C2O_M"));
    for (file, lines) in
        [("SNASNet_2C5O/journal.jsonl", 5), ("SpikeNAS_1C2O/config.toml", 1), ("SpikeNAS_1C2O/journal.jsonl", 30)]
    {
        let mut child = place.start_until(&format!("{REPRODUCE} --out killed"), &format!("killed/{file}"), lines);
        child.kill().unwrap();
        child.wait().unwrap();
    }
    assert_eq!(timeless(place.json(&format!("{REPRODUCE} --out killed"))), whole);
}

#[test]
fn a_network_that_two_scenarios_find_is_trained_once() {
    let place = Place::new();
    settings(&place);
    let wide = place.read("tiny.toml").replace("\"1600\"", "\"1M\"");
    fs::write(place.path("tiny.toml"), wide).unwrap();
    let reproduce = "reproduce --data images --scale tiny.toml --scenario";
    let both = place.json(&format!("{reproduce} 1C2O,1C2O_M --out both"));
    let [free, bound] = [&both["results"][0], &both["results"][1]];
    assert_eq!((&free["trained_as"], &bound["trained_as"]), (&Value::Null, &"SpikeNAS_1C2O".into()));
    assert_eq!(free["accuracy"], bound["accuracy"]);
    assert!(place.read("both/report.html").contains("SpikeNAS_1C2O_M found the network of SpikeNAS_1C2O"));
    // The training that is taken over equals one of its own.
    place.succeeds(&format!("{reproduce} 1C2O_M --out alone"));
    for file in ["model.safetensors", "evaluate.json"] {
        let of = |study: &str| fs::read(place.path(&format!("{study}/SpikeNAS_1C2O_M/{file}"))).unwrap();
        assert!(of("both") == of("alone"), "{file}");
    }
}

#[test]
fn a_study_says_what_it_will_take_and_refuses_what_it_cannot_do() {
    let place = Place::new();
    settings(&place);
    let output = place.run("ablate --data images --scale tiny.toml --scenario without_skip --out study");
    let stderr = text(&output.stderr);
    assert!(output.status.success() && stderr.contains("take about"), "{stderr}");
    place.refuses(
        "ablate --data images --scale tiny.toml --scenario without_skip --seed 5 --out study",
        1,
        "seed 1 -> 5",
    );
    place.refuses("reproduce --scenario 4C1O", 2, "SpikeNAS_3C2O_M");
    place.refuses("reproduce --scale enormous", 2, "smoke, cpu, paper");
    place.refuses("ablate --study scenarios", 2, "operations, iterations");
    place.refuses("reproduce --data cifar10 --data-dir none", 1, "none");
}

/// A table of trained cells: id and the columns of SpikeNAS-Bench, accuracies by depth.
pub fn table(place: &Place) {
    let mut text = String::from("id,op01,op02,op12,op03,op13,op23,test_acc\n");
    for (row, (cell, truth)) in [
        ("0,0,0,0,0,0", "10.0"),
        ("0,0,0,1,0,0", "81.0"),
        ("0,0,0,2,0,0", "86.0"),
        ("0,0,0,4,0,0", "85.5"),
        ("2,0,0,0,4,0", "88.0"),
        ("4,0,0,0,2,0", "86.9"),
        ("2,0,3,0,0,4", "88.4"),
        ("4,0,3,0,0,2", "86.8"),
    ]
    .into_iter()
    .enumerate()
    {
        text += &format!("{row},{cell},{truth}\n");
    }
    fs::write(place.path("table.csv"), text).unwrap();
}

pub const CORRELATE: &str = "correlate --table table.csv --data images --widths 4,8 --batch 8 --seeds 2";

#[test]
fn correlate_ranks_every_score_beside_the_trivial_ranks() {
    let place = Place::new();
    table(&place);
    let found = place.json(&format!("{CORRELATE} --out ranks"));
    assert_eq!((&found["cells"], &found["living"], &found["seeds"]), (&8.into(), &7.into(), &2.into()));
    let scores = found["scores"].as_array().unwrap();
    let named = |name: &str| scores.iter().find(|s| s["score"] == name).unwrap();
    assert_eq!(scores.len(), 14);
    assert_eq!(scores.iter().filter(|s| s["default"] == true).count(), 1);
    for score in scores {
        for key in ["tau_b", "tau_random_ties", "spearman"] {
            assert!(score[key]["all"].is_f64() && score[key]["living"].is_f64(), "{key}: {score}");
        }
        assert!(score["tau_within_depth"].is_f64() && score["best_by_budget"]["3"].is_f64(), "{score}");
    }
    assert!(named("rank: depth")["tau_b"]["all"].as_f64().unwrap() > 0.7);
    assert!(place.read("ranks/report.html").contains("funnel"));
    // Everything is known: nothing is scored again, and the figures are the same.
    let journal = place.read("ranks/scores.jsonl");
    assert_eq!(place.json(&format!("{CORRELATE} --out ranks")), found);
    assert_eq!(place.read("ranks/scores.jsonl"), journal);
}

#[test]
fn correlate_refuses_what_it_cannot_rank() {
    let place = Place::new();
    table(&place);
    place.refuses(&format!("{CORRELATE} --columns accuracy"), 1, "no column `accuracy`");
    place.refuses("correlate --table none.csv --data images", 1, "none.csv");
    place.refuses(&format!("{CORRELATE} --score sahd,luck"), 2, "luck");
    fs::write(place.path("table.csv"), "op01,op02\n").unwrap();
    place.refuses(CORRELATE, 1, "table.csv");
}
