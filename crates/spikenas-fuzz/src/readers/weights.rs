//! `model.safetensors`: tensors and the description of their network.

use spikenas::workflow::run::{LoadedModel, load_model};

use super::example;
use crate::promises::accepted;
use crate::{checksums, scratch};

pub(crate) fn valid() -> Vec<Vec<u8>> {
    let graph = example::graph();
    let start = example::checkpoint();
    [None, start.origin()]
        .map(|origin| scratch::written(|path| start.weights.save(path, &graph, origin.as_ref())))
        .into()
}

pub(crate) fn read(input: &[u8]) -> bool {
    checksums::both(input, checksums::of_tensors, read_one)
}

fn read_one(input: &[u8]) -> bool {
    let Some(loaded) = accepted(load_model(&scratch::file("model.safetensors", input))) else { return false };
    let write = |LoadedModel { model, graph, .. }: &LoadedModel| {
        scratch::written(|path| model.weights.save(path, graph, model.origin.as_ref()))
    };
    let first = write(&loaded);
    let again = load_model(&scratch::file("again.safetensors", &first)).expect("what is written can be read");
    assert!(write(&again) == first, "another file when written again");
    true
}
