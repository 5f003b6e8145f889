//! CIFAR's binary versions: records of labels and planes, and lists of names.

use std::path::Path;

use spikenas::data::check;
use spikenas::{Dataset, Source};

use crate::promises::accepted;
use crate::scratch;

/// Bytes of an image.
const PIXELS: usize = 3072;

pub(crate) fn valid() -> Vec<Vec<u8>> {
    let names: String = (0..100).map(|class| format!("class {class}\n")).collect();
    vec![record(&[9]), [record(&[0]), record(&[3])].concat(), record(&[19, 99]), names.into_bytes()]
}

/// As records of both datasets, and as the names of the classes.
pub(crate) fn read(input: &[u8]) -> bool {
    let records = read_as(Source::Cifar10, "cifar-10-batches-bin/data_batch_1.bin", input);
    let fine = read_as(Source::Cifar100, "cifar-100-binary/train.bin", input);
    let names = read_as(Source::Cifar100, "cifar-100-binary/fine_label_names.txt", input);
    records || fine || names
}

fn read_as(source: Source, name: &str, input: &[u8]) -> bool {
    // A folder for each place of the input, so that the others hold what belongs there.
    let folder = scratch::folder(&name.replace('/', "-"), fill);
    std::fs::write(folder.join(name), input).expect("a file in a temporary folder");
    let Some(dataset) = accepted(Dataset::open(&source, &folder)) else { return false };
    assert_eq!(dataset.train.pixels.len(), dataset.train.len() * PIXELS);
    assert!(dataset.train.labels.iter().all(|&label| usize::from(label) < dataset.classes.len()));
    accepted(check(&source, &folder)).is_some()
}

fn fill(folder: &Path) {
    let ten = folder.join("cifar-10-batches-bin");
    let hundred = folder.join("cifar-100-binary");
    let batches = (1..=5).map(|n| (ten.join(format!("data_batch_{n}.bin")), record(&[1])));
    let tests = [(ten.join("test_batch.bin"), record(&[1])), (hundred.join("test.bin"), record(&[0, 1]))];
    for folder in [&ten, &hundred] {
        std::fs::create_dir_all(folder).expect("a folder in a temporary folder");
    }
    for (path, content) in batches.chain(tests).chain([(hundred.join("train.bin"), record(&[0, 1]))]) {
        std::fs::write(path, content).expect("a file in a temporary folder");
    }
}

fn record(labels: &[u8]) -> Vec<u8> {
    [labels, &[100; PIXELS]].concat()
}
