//! IDX files: as the training images of a folder, and as their labels.

use std::path::Path;

use spikenas::data::check;
use spikenas::{Dataset, Source};

use crate::promises::accepted;
use crate::scratch;

const NAMES: [&str; 4] =
    ["train-images-idx3-ubyte", "train-labels-idx1-ubyte", "t10k-images-idx3-ubyte", "t10k-labels-idx1-ubyte"];

pub(crate) fn valid() -> Vec<Vec<u8>> {
    vec![images(), labels()]
}

pub(crate) fn read(input: &[u8]) -> bool {
    let accepted = [0, 1].map(|place| read_as(NAMES[place], input));
    accepted.contains(&true)
}

fn read_as(name: &str, input: &[u8]) -> bool {
    let folder = scratch::folder(name, fill);
    std::fs::write(folder.join(name), input).expect("a file in a temporary folder");
    let source = Source::Folder(folder);
    let Some(dataset) = accepted(Dataset::open(&source, "".as_ref())) else { return false };
    assert_eq!(dataset.train.pixels.len(), dataset.train.len() * dataset.train.shape.len());
    assert!(dataset.train.labels.iter().all(|&label| usize::from(label) < dataset.classes.len()));
    accepted(check(&source, "".as_ref())).is_some()
}

fn fill(folder: &Path) {
    for (name, content) in NAMES.into_iter().zip([images(), labels(), images(), labels()]) {
        std::fs::write(folder.join(name), content).expect("a file in a temporary folder");
    }
}

/// Two images of 2x3.
fn images() -> Vec<u8> {
    [0x0803_u32, 2, 2, 3].into_iter().flat_map(u32::to_be_bytes).chain(0..12).collect()
}

fn labels() -> Vec<u8> {
    [0x0801_u32, 2].into_iter().flat_map(u32::to_be_bytes).chain([1, 0]).collect()
}
