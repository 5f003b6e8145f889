//! `integer.safetensors`: whole numbers, what they are worth, and the description of their network.

use spikenas::cost::{LeakKind, Target, WeightBits};
use spikenas::graph::Normalisation;
use spikenas::quantise::{IntegerModel, IntegerNetwork, Runner};

use super::example;
use crate::promises::accepted;
use crate::{checksums, scratch};

pub(crate) fn valid() -> Vec<Vec<u8>> {
    let kinds = [
        (WeightBits::Eight, LeakKind::Exact, Target::Simulator),
        (WeightBits::Four, LeakKind::Shift, Target::Device),
        (WeightBits::Two, LeakKind::Exact, Target::Device),
    ];
    kinds.map(|(bits, leak, target)| scratch::written(|path| model(bits, leak, target).save(path))).into()
}

fn model(bits: WeightBits, leak: LeakKind, target: Target) -> IntegerModel {
    let (graph, start) = (example::graph(), example::checkpoint());
    let network = IntegerNetwork::new(&graph, &start.weights, &Normalisation::CIFAR10, bits, Some(leak), target);
    IntegerModel { network: network.expect("a small network"), origin: start.origin(), checksum: None }
}

pub(crate) fn read(input: &[u8]) -> bool {
    checksums::both(input, checksums::of_tensors, read_one)
}

fn read_one(input: &[u8]) -> bool {
    let Some(model) = accepted(IntegerModel::load(&scratch::file("integer.safetensors", input))) else { return false };
    let first = scratch::written(|path| model.save(path));
    let again = IntegerModel::load(&scratch::file("again.safetensors", &first)).expect("what is written can be read");
    assert!(scratch::written(|path| again.save(path)) == first, "another file when written again");
    // What was accepted is proven not to overflow: debug builds would tell.
    let runner = Runner::new(&model.network);
    let image: Vec<u8> = (0..model.network.graph.input.len()).map(|pixel| (pixel * 37) as u8).collect();
    _ = runner.run(&image, &mut runner.state());
    true
}
