//! Records of a folder, as a report reads them: from the file to the page.

use spikenas::report::{Records, Report, page};

use super::example;
use crate::promises::{accepted, check_message};
use crate::{checksums, scratch};

pub(crate) fn searches() -> Vec<Vec<u8>> {
    vec![example::file("run", "search.json"), example::file("front", "search.json")]
}

pub(crate) fn supernets() -> Vec<Vec<u8>> {
    vec![example::file("lent", "supernet/supernet.json")]
}

pub(crate) fn epochs() -> Vec<Vec<u8>> {
    vec![example::file("run", "train.jsonl")]
}

pub(crate) fn evaluations() -> Vec<Vec<u8>> {
    vec![example::file("run", "evaluate.json")]
}

pub(crate) fn studies() -> Vec<Vec<u8>> {
    vec![example::file("study", "study.json")]
}

pub(crate) fn seeds() -> Vec<Vec<u8>> {
    vec![example::file("seeds", "seeds.json")]
}

pub(crate) fn fronts() -> Vec<Vec<u8>> {
    vec![example::file("front", "front.json")]
}

pub(crate) fn correlations() -> Vec<Vec<u8>> {
    vec![example::file("correlation", "correlate.json")]
}

pub(crate) fn read_search(input: &[u8]) -> bool {
    checksums::both(input, checksums::of_text, |input| report("run", "search.json", input))
}

pub(crate) fn read_supernet(input: &[u8]) -> bool {
    checksums::both(input, checksums::of_text, |input| report("lent", "supernet/supernet.json", input))
}

pub(crate) fn read_epochs(input: &[u8]) -> bool {
    checksums::both(input, checksums::of_text, |input| report("run", "train.jsonl", input))
}

pub(crate) fn read_evaluation(input: &[u8]) -> bool {
    checksums::both(input, checksums::of_text, |input| report("run", "evaluate.json", input))
}

pub(crate) fn read_study(input: &[u8]) -> bool {
    checksums::both(input, checksums::of_text, |input| report("study", "study.json", input))
}

pub(crate) fn read_seeds(input: &[u8]) -> bool {
    checksums::both(input, checksums::of_text, |input| report("seeds", "seeds.json", input))
}

pub(crate) fn read_front(input: &[u8]) -> bool {
    checksums::both(input, checksums::of_text, |input| report("front", "front.json", input))
}

pub(crate) fn read_correlation(input: &[u8]) -> bool {
    checksums::both(input, checksums::of_text, |input| report("correlation", "correlate.json", input))
}

/// Reports a folder in which one record is replaced; whether it was read without a fault.
fn report(kind: &str, name: &str, input: &[u8]) -> bool {
    let folder = scratch::folder(kind, |folder| example::copy(kind, folder));
    std::fs::write(folder.join(name), input).expect("a file in a temporary folder");
    let Some(records) = accepted(Records::read(&folder)) else { return false };
    records.faults().iter().for_each(|fault| check_message(fault));
    let Some(report) = accepted(Report::new(std::slice::from_ref(&records))) else { return false };
    assert!(page(&report).trim_end().ends_with("</html>"));
    records.faults().is_empty()
}
