//! `checkpoint/last.safetensors`: weights, the optimiser's state, and how far the training is.

use spikenas::engine::OptimiserState;
use spikenas::train::{Average, Checkpoint};

use super::example;
use crate::promises::accepted;
use crate::{checksums, scratch};

pub(crate) fn valid() -> Vec<Vec<u8>> {
    let graph = example::graph();
    let mut checkpoint = example::checkpoint();
    let start = scratch::written(|path| checkpoint.save(path, &graph));
    (checkpoint.epoch, checkpoint.best_epoch, checkpoint.best_accuracy) = (2, 1, 62.5);
    let trained = graph.parameters().into_iter().filter(|p| p.kind.is_trainable());
    let buffers = trained.map(|p| (format!("momentum.{}", p.name), checkpoint.weights.tensors()[&p.name].clone()));
    checkpoint.optimiser = OptimiserState { steps: 6, buffers: buffers.collect() };
    let trained = scratch::written(|path| checkpoint.save(path, &graph));
    checkpoint.average = Some(Average { weights: checkpoint.weights.clone(), epochs: 2 });
    vec![start, trained, scratch::written(|path| checkpoint.save(path, &graph))]
}

pub(crate) fn read(input: &[u8]) -> bool {
    checksums::both(input, checksums::of_tensors, read_one)
}

fn read_one(input: &[u8]) -> bool {
    let graph = example::graph();
    let path = scratch::file("checkpoint.safetensors", input);
    let Some(checkpoint) = accepted(Checkpoint::load(&path, &graph)) else { return false };
    let first = scratch::written(|path| checkpoint.save(path, &graph));
    let path = scratch::file("again.safetensors", &first);
    let again = Checkpoint::load(&path, &graph).expect("what is written can be read");
    assert!(scratch::written(|path| again.save(path, &graph)) == first, "another file when written again");
    true
}
