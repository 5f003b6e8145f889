use std::collections::BTreeMap;

use super::*;
use crate::Error;
use crate::data::{Batch, Dataset, Images, Normalisation};
use crate::engine::cpu::Cpu;
use crate::engine::{BATCH, Engine, Gradients, Lesson, Mode, Network, NormOver, Optimiser, OptimiserState, evaluate};
use crate::graph::{Graph, NetworkConfig, Shape};
use crate::progress::Silent;
use crate::random::generator;
use crate::space::{Architecture, Operation, SearchSpace};
use crate::train::TrainConfig;
use crate::weights::Weights;

const IMAGE: Shape = Shape { channels: 3, height: 8, width: 8 };

fn network(cells: usize) -> NetworkConfig {
    NetworkConfig { cells, widths: [4, 4], hidden: 8, timesteps: 2, ..NetworkConfig::preset("sample").unwrap() }
}

fn space(operations: &str, cells: usize) -> SearchSpace {
    SearchSpace::new(SearchSpace::parse_operations(operations).unwrap(), cells).unwrap()
}

fn supernet(operations: &str, cells: usize) -> Supernet<'static> {
    Supernet::new(&Cpu, &space(operations, cells), &network(cells), IMAGE, 3).unwrap()
}

/// Images with a hint of two classes.
fn images(count: usize) -> Images {
    let pixel = |i: usize| (60 * (i / IMAGE.len() % 2) + (i.wrapping_mul(2_654_435_761) >> 9) % 180) as u8;
    let pixels = (0..count * IMAGE.len()).map(pixel).collect();
    Images { shape: IMAGE, frames: 1, pixels, labels: (0..count as u16).map(|i| i % 2).collect() }
}

fn dataset() -> Dataset {
    let (train, test) = (images(40), images(30));
    let normalisation = Normalisation::of(&train);
    Dataset {
        name: "sample".into(),
        classes: vec!["a".into(), "b".into()],
        train,
        test,
        normalisation,
        recorded: None,
        notes: vec![],
    }
}

fn batch() -> Batch {
    let dataset = dataset();
    dataset.train.batch(&[0, 1, 2, 3, 4, 5], &dataset.normalisation, None)
}

fn step(network: &mut dyn Network, optimiser: &Optimiser) -> Gradients {
    network.learn(&batch(), &Lesson::PLAIN, &mut generator(&[1])).unwrap();
    let gradients = network.gradients();
    network.step(optimiser, 0.01);
    gradients
}

#[test]
fn paths_have_a_way_through_each_cell_and_nothing_beside_it_and_depend_on_their_number_alone() {
    let paths = Paths::new(space("snasnet", 2), 1);
    let drawn: Vec<Architecture> = (0..200).map(|step| paths.of_step(step).unwrap()).collect();
    assert!(drawn.iter().all(|path| path.cell_without_path().is_none() && *path == path.pruned()));
    let without_the_direct_edge = drawn.iter().filter(|path| path.to_string().chars().nth(3) == Some('0')).count();
    assert!(without_the_direct_edge > 10, "{without_the_direct_edge} of 200 have no edge from the input to the output");
    assert!(drawn.iter().any(|path| path.cells()[0] != path.cells()[1]), "cells are drawn independently");
    assert_eq!(paths.of_step(77).unwrap(), drawn[77]);
    assert_ne!(Paths::new(space("snasnet", 2), 2).of_step(77).unwrap(), drawn[77]);
}

#[test]
fn a_supernet_begins_with_the_weights_of_the_networks_that_it_holds() {
    let (supernet, config) = (supernet("snasnet", 2), TrainConfig::default());
    let all = supernet.initial_weights(&config);
    supernet.check(&all).unwrap();
    // Per cell and edge a 1x1 and a 3x3 convolution of 4 channels, each with scale and shift.
    let shared =
        config.initial_weights(&Graph::new(&"0111 0011 0001 0000".parse().unwrap(), &network(2), IMAGE).unwrap());
    let trained = |weights: &Weights| -> usize {
        let all = weights.tensors().iter().filter(|(name, _)| !name.contains("running"));
        all.map(|(_, tensor)| tensor.values.len()).sum()
    };
    assert_eq!(trained(&all), trained(&shared) + 2 * 6 * (16 + 144 + 2 * 8));
    assert_eq!(supernet.parameters(), trained(&all) as u64);
    for step in 0..20 {
        let graph = Graph::new(&supernet.paths().of_step(step).unwrap(), &network(2), IMAGE).unwrap();
        assert_eq!(tensors::inherited(&graph, &all), config.initial_weights(&graph));
    }
    let mut lacking = all.clone();
    lacking.take("conv3x3.cell1.cell_architecture.0.1.weight").unwrap();
    assert!(supernet.check(&lacking).unwrap_err().to_string().contains("conv3x3.cell1"));
    let one = Supernet::new(&Cpu, &space("spikenas-2o", 2), &network(2), IMAGE, 3).unwrap();
    assert!(one.check(&all).unwrap_err().to_string().contains("does not belong to the supernet"));
}

/// What a step does to the tensors of its path is what it does to that network alone, whatever step of the supernet it is; and it
/// does nothing to others.
#[test]
fn a_step_trains_the_tensors_of_its_path_and_no_others() {
    let supernet = supernet("snasnet", 1);
    for optimiser in [Optimiser::sgd(0.9, 0.1), Optimiser::adamw(0.5)] {
        let before = supernet.initial_weights(&TrainConfig::default());
        let mut shared = supernet.network(supernet.graph().unwrap(), &before).unwrap();
        let mut known: BTreeMap<String, u64> = BTreeMap::new();
        let mut first_moves = 0;
        for number in 0..12 {
            let graph = Graph::new(&supernet.paths().of_step(number).unwrap(), &network(1), IMAGE).unwrap();
            let before = shared.weights();
            let mut alone = Cpu.network(&graph, &tensors::inherited(&graph, &before)).unwrap();
            let gradients = step(alone.as_mut(), &optimiser);
            assert_eq!(step(shared.as_mut(), &optimiser).len(), gradients.len());
            let (after, alone) = (shared.weights(), alone.weights());
            assert_eq!(after.batches_tracked, number + 1);
            let on_path: BTreeMap<String, tensors::Kept> =
                tensors::tensors(&graph).map(|kept| (kept.name.clone(), kept)).collect();
            for (name, tensor) in after.tensors() {
                let Some(kept) = on_path.get(name) else {
                    assert_eq!(tensor, &before.tensors()[name], "{name} is on no path of step {number}");
                    continue;
                };
                // The first step of a tensor is the first step of its optimiser.
                let is_running = !kept.parameter.kind.is_trainable();
                if is_running || !known.contains_key(name) {
                    assert_eq!(tensor.values, alone.values(&kept.parameter.name), "{name} in step {number}");
                    first_moves += usize::from(number > 0 && !is_running);
                }
                *known.entry(name.clone()).or_default() += 1;
            }
        }
        assert!(first_moves > 5, "{first_moves} tensors had their first step after that of the supernet");
        let state = shared.optimiser_state();
        assert_eq!(state.steps, 12);
        assert!(state.buffers.keys().all(|name| known.contains_key(OptimiserState::parameter(name).unwrap())));
    }
}

#[test]
fn a_supernet_goes_on_from_its_state_to_the_same_bits() {
    let (supernet, optimiser) = (supernet("snasnet", 2), Optimiser::adamw(0.1));
    let graph = supernet.graph().unwrap();
    let mut whole = supernet.network(graph, &supernet.initial_weights(&TrainConfig::default())).unwrap();
    (0..5).for_each(|_| _ = step(whole.as_mut(), &optimiser));
    let mut resumed = supernet.network(graph, &whole.weights()).unwrap();
    resumed.set_optimiser_state(&whole.optimiser_state()).unwrap();
    for network in [&mut whole, &mut resumed] {
        (0..5).for_each(|_| _ = step(network.as_mut(), &optimiser));
    }
    assert_eq!(whole.weights(), resumed.weights());
    assert_eq!(whole.optimiser_state(), resumed.optimiser_state());
}

#[test]
fn weights_in_the_middle_of_a_step_are_all_there() {
    let supernet = supernet("snasnet", 1);
    let mut shared =
        supernet.network(supernet.graph().unwrap(), &supernet.initial_weights(&TrainConfig::default())).unwrap();
    shared.learn(&batch(), &Lesson::PLAIN, &mut generator(&[1])).unwrap();
    supernet.check(&shared.weights()).unwrap();
    let (weights, gradients) = (shared.weights(), shared.gradients());
    assert!(!gradients.is_empty() && gradients.keys().all(|name| weights.tensors().contains_key(name)));
    assert_eq!(shared.into_parts(), (weights, gradients));
}

#[test]
fn a_supernet_that_diverged_says_what_helps() {
    let supernet = supernet("spikenas-2o", 1);
    let mut shared =
        supernet.network(supernet.graph().unwrap(), &supernet.initial_weights(&TrainConfig::default())).unwrap();
    shared.learn(&batch(), &Lesson::PLAIN, &mut generator(&[1])).unwrap();
    shared.step(&Optimiser::sgd(0.0, 0.0), f64::INFINITY);
    let error = shared.learn(&batch(), &Lesson::PLAIN, &mut generator(&[1])).unwrap_err();
    assert!(matches!(&error, Error::NotFinite(text) if text.contains("lower the learning rate")), "{error}");
}

#[test]
fn a_judge_tests_inherited_weights_with_statistics_of_their_own() {
    let (supernet, images, config) =
        (supernet("snasnet", 1), dataset(), TrainConfig { batch: 8, ..TrainConfig::default() });
    let weights = supernet.initial_weights(&config);
    let judge = Judge::new(&supernet, weights.clone(), &config, &images, 1000).unwrap();
    assert_eq!(judge.images(), 30);
    let graph = Graph::new(&"0313 0021 0003 0000".parse().unwrap(), &network(1), IMAGE).unwrap();
    let judged = judge.judge(&graph, &mut || Ok(())).unwrap();

    let mut network = Cpu.network(&graph, &tensors::inherited(&graph, &weights)).unwrap();
    let order =
        crate::data::shuffled(40, &mut generator(&[config.seed, crate::random::name_key("supernet statistics")]));
    for (pass, chunk) in order.chunks(8).enumerate() {
        let batch = images.train.batch(chunk, &images.normalisation, None);
        network.forward(&batch.images, Mode::Estimate { passes: pass as u64, over: NormOver::Timestep }).unwrap();
    }
    let test = evaluate(network.as_mut(), &images.test, &images.normalisation, BATCH, &mut Silent).unwrap();
    assert_eq!(judged.accuracy, test.accuracy);
    let spikes: f64 = test.layers.iter().map(|layer| layer.firing_rate * (layer.neurons * 2) as f64).sum();
    assert!((judged.spikes - spikes).abs() < 1e-6 * spikes && spikes > 0.0, "{}, not {spikes}", judged.spikes);

    let few = Judge::new(&supernet, weights, &config, &images, 10).unwrap();
    assert_eq!(few.images(), 10);
    let stopped = few.judge(&graph, &mut || Err(Error::Interrupted("now".into())));
    assert!(matches!(stopped, Err(Error::Interrupted(_))));
    let sample = few.sample(supernet.paths(), &mut Silent).unwrap();
    assert_eq!(sample.len(), 16);
    assert_eq!(sample, few.sample(supernet.paths(), &mut Silent).unwrap());
}

#[test]
fn spaces_without_a_convolution_and_with_edges_back_have_supernets() {
    let none = supernet("skip,avgpool3x3", 1);
    assert!(
        none.initial_weights(&TrainConfig::default()).tensors().keys().all(|name| !name.contains("cell_architecture"))
    );
    let backward = space("skip,conv3x3", 1).of_kind(crate::space::CellKind::Backward);
    let supernet = Supernet::new(&Cpu, &backward, &network(1), IMAGE, 3).unwrap();
    let weights = supernet.initial_weights(&TrainConfig::default());
    assert!(weights.tensors().keys().any(|name| name.starts_with("conv3x3.cell1.cell_architecture_back.")));
    let mut shared = supernet.network(supernet.graph().unwrap(), &weights).unwrap();
    (0..6).for_each(|_| _ = step(shared.as_mut(), &Optimiser::adamw(0.1)));
    assert_ne!(shared.weights(), weights);
    supernet.check(&shared.weights()).unwrap();
    assert!(backward.operations().contains(&Operation::Skip));
}
