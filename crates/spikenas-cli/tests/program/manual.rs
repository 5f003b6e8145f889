//! Help, completions and manual pages agree with the options that there are.

use crate::place::{Place, TINY};

const COMMANDS: [&str; 15] = [
    "run",
    "search",
    "score",
    "memory",
    "train",
    "evaluate",
    "predict",
    "reproduce",
    "ablate",
    "correlate",
    "report",
    "list",
    "data",
    "completions",
    "man",
];

#[test]
fn every_command_has_help_with_an_example_and_a_manual_page() {
    let place = Place::new();
    for command in COMMANDS {
        let help = place.succeeds(&format!("{command} --help"));
        assert!(help.contains(&format!("Examples:\n  spikenas {command}")), "{help}");
        let page = place.succeeds(&format!("man {command}"));
        assert!(page.contains(&format!(".TH spikenas-{command} 1")), "{page}");
    }
    assert!(place.succeeds("man data check").contains(".TH spikenas-data-check 1"));
    assert!(place.succeeds("man").contains("spikenas"));
    assert!(place.succeeds("man data fetch").contains("from"));
    place.refuses("man runn", 2, "did you mean run?");
}

#[test]
fn shells_complete_commands_and_options() {
    let place = Place::new();
    for shell in ["bash", "zsh", "fish", "elvish", "powershell"] {
        let script = place.succeeds(&format!("completions {shell}"));
        for word in ["correlate", "checkpoint-minutes", "completions"] {
            assert!(script.contains(word), "{shell}: {word}");
        }
    }
    place.refuses("completions csh", 2, "csh");
}

#[test]
fn short_options_mean_the_long_ones() {
    let place = Place::new();
    let long =
        place.json(&format!("search {TINY} --ops skip,conv3x3 --budget 2k --scope backbone --seed 3 --threads 1"));
    let short = place.json(
        "search -d images --widths 4,8 --timesteps 2 --batch 8 --ops skip,conv3x3 -b 2k --scope backbone -s 3 -j 1",
    );
    assert_eq!((&long["architecture"], &long["score"]), (&short["architecture"], &short["score"]));
    assert_eq!(short["seed"], 3);
}
