//! The page on reliability names only tests that there are.

use std::collections::HashSet;
use std::fs;
use std::path::Path;

fn names_of_functions(folder: &Path, names: &mut HashSet<String>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            names_of_functions(&path, names);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            let text = fs::read_to_string(&path).unwrap();
            let starts = text.split("fn ").skip(1);
            names.extend(starts.filter_map(|rest| rest.split_once('(')).map(|(name, _)| name.to_string()));
        }
    }
}

#[test]
fn every_promise_has_a_test() {
    let crates = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let mut known = HashSet::new();
    names_of_functions(&crates, &mut known);
    let page = fs::read_to_string(crates.join("../docs/reliability.md")).unwrap();
    let section = page.split("\n## ").find(|section| section.starts_with("What is promised")).unwrap();
    let promises: Vec<&str> = section.lines().filter(|line| line.starts_with("| ")).skip(2).collect();
    assert!(promises.len() > 10, "the table of promises is not where it was");
    for promise in promises {
        let named: Vec<&str> =
            promise.split('`').filter(|word| word.contains('_') && !word.contains(['.', ' '])).collect();
        assert!(!named.is_empty() || promise.contains("faults:"), "nothing holds this promise: {promise}");
        for name in named {
            assert!(known.contains(name), "there is no test {name}");
        }
    }
}
