//! Names of classes: what must be so, and what is worth a note.

use std::path::Path;

use crate::{Error, Result};

/// The most classes: a label has 16 bits.
const MOST: usize = 65_536;

/// Whether both splits of a folder have the same classes, and enough of them.
pub(super) fn check(folder: &Path, train: &[String], test: &[String]) -> Result<()> {
    let lacks = |split: &str, class: &String, other: &str| {
        let reason = format!("no such folder, but {other}/{class} is there: both splits need the same classes");
        Err(Error::file(folder.join(split).join(class), reason))
    };
    // Both come in the order of their names.
    if let Some(class) = train.iter().find(|class| test.binary_search(class).is_err()) {
        return lacks("test", class, "train");
    }
    if let Some(class) = test.iter().find(|class| train.binary_search(class).is_err()) {
        return lacks("train", class, "test");
    }
    match train {
        [only] => Err(Error::file(folder, format!("one class ({only}) is nothing to tell apart: add another"))),
        _ if train.len() > MOST => Err(Error::file(folder, format!("{} classes: {MOST} are the most", train.len()))),
        _ => Ok(()),
    }
}

/// What may be a surprise: names that differ in case only, and numbers that do not come in their order.
pub(super) fn notes(classes: &[String]) -> Vec<String> {
    let mut notes = Vec::new();
    let mut folded: Vec<(String, &String)> = classes.iter().map(|name| (name.to_lowercase(), name)).collect();
    folded.sort();
    if let Some(alike) = folded.windows(2).find(|pair| pair[0].0 == pair[1].0) {
        notes.push(format!("the classes {} and {} differ in case only: are they two?", alike[0].1, alike[1].1));
    }
    let numbers: Option<Vec<u64>> = classes.iter().map(|name| name.parse().ok()).collect();
    if let Some(place) = numbers.and_then(|numbers| numbers.windows(2).position(|pair| pair[0] > pair[1])) {
        let [before, after] = [&classes[place], &classes[place + 1]];
        notes.push(format!("classes come in the order of their names, not of their numbers: {before} before {after}"));
    }
    notes
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(text: &str) -> Vec<String> {
        text.split(' ').map(String::from).collect()
    }

    #[test]
    fn numbers_out_of_order_and_names_that_differ_in_case_are_noted_and_nothing_else() {
        assert_eq!(notes(&names("0 1 2 9")), [""; 0]);
        assert_eq!(notes(&names("A B ab")), [""; 0]);
        assert_eq!(notes(&names("1 10 2 x")), [""; 0]);
        assert!(notes(&names("0 1 10 2"))[0].ends_with("not of their numbers: 10 before 2"));
        assert!(notes(&names("A B a"))[0].starts_with("the classes A and a differ in case only"));
    }

    #[test]
    fn one_class_and_classes_of_one_split_are_refused() {
        let failure = |train, test| check("D".as_ref(), &names(train), &names(test)).unwrap_err().to_string();
        assert_eq!(failure("only", "only"), "D: one class (only) is nothing to tell apart: add another");
        assert!(failure("a b", "a").starts_with("D/test/b: no such folder, but train/b is there"));
        assert!(failure("a b", "a b c").starts_with("D/train/c: no such folder, but test/c is there"));
        assert!(check("D".as_ref(), &names("a b"), &names("a b")).is_ok());
    }
}
