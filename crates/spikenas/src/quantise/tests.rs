use super::*;
use crate::cost::{LeakKind, Target, WeightBits};
use crate::data::Images;
use crate::engine::{Mode, engine};
use crate::graph::{Graph, NetworkConfig, Normalisation, ParameterKind, Shape};
use crate::random::{RngExt, generator};
use crate::weights::Weights;

const CELLS: [&str; 6] = [
    "0313 0031 0003 0000",
    "0333 0033 0003 0000",
    "0411 0040 0004 0000",
    "0143 0014 0004 0000",
    "0310 0000 0001 0000",
    "0023 0033 0002 0000",
];

fn graph(cells: usize, architecture: &str, timesteps: usize) -> Graph {
    let image = Shape { channels: 3, height: 8, width: 8 };
    let sample = NetworkConfig::preset("sample").unwrap();
    let config =
        NetworkConfig { cells, widths: [5, 6], last_pool: 1, hidden: 9, classes: 3, cluster: 2, timesteps, ..sample };
    Graph::new(&architecture.parse().unwrap(), &config, image).unwrap()
}

/// A graph for images, or for frames.
fn framed(graph: Graph, frames: bool) -> Graph {
    Graph::new(&graph.architecture, &NetworkConfig { frames, ..graph.config }, graph.input).unwrap()
}

/// Weights as a training may leave them: batch norms of any scale and sign.
fn trained(graph: &Graph, seed: u64) -> Weights {
    let mut weights = Weights::initialised(graph, seed, 0);
    let mut random = generator(&[seed, 1]);
    for parameter in graph.parameters() {
        let range = match parameter.kind {
            ParameterKind::Scale => -0.5..1.5,
            ParameterKind::Shift | ParameterKind::RunningMean | ParameterKind::Bias => -0.3..0.3,
            ParameterKind::RunningVariance => 0.1..0.6,
            ParameterKind::Weight => continue,
        };
        let values = (0..parameter.shape.iter().product()).map(|_| random.random_range(range.clone())).collect();
        weights.set(&parameter.name, values);
    }
    weights
}

fn images(graph: &Graph, count: usize, seed: u64) -> Images {
    let mut random = generator(&[seed, 2]);
    let pixels = (0..count * graph.sample_len()).map(|_| random.random_range(0..=255)).collect();
    Images {
        shape: graph.input,
        frames: graph.config.frames_of_sample(),
        pixels,
        labels: (0..count).map(|index| (index % 3) as u16).collect(),
    }
}

fn integer(graph: &Graph, weights: &Weights, bits: WeightBits, leak: LeakKind) -> IntegerNetwork {
    IntegerNetwork::new(graph, weights, &Normalisation::CIFAR10, bits, Some(leak), Target::Device).unwrap()
}

#[test]
fn the_engine_gives_what_the_definition_says() {
    for (number, architecture) in CELLS.iter().enumerate() {
        for cells in 1..=3 {
            let graph = framed(graph(cells, architecture, 4), (number + cells) % 2 == 1);
            let weights = trained(&graph, number as u64);
            let images = images(&graph, 2, number as u64);
            for bits in [WeightBits::Two, WeightBits::Four, WeightBits::Eight] {
                for leak in [LeakKind::Exact, LeakKind::Shift] {
                    let target = if leak == LeakKind::Exact { Target::Simulator } else { Target::Device };
                    let normalisation = Normalisation::CIFAR10;
                    let network =
                        IntegerNetwork::new(&graph, &weights, &normalisation, bits, Some(leak), target).unwrap();
                    let runner = Runner::new(&network);
                    let mut state = runner.state();
                    for index in 0..images.len() {
                        let found = runner.run(images.image(index), &mut state);
                        let expected = reference(&network, images.image(index));
                        assert_eq!(found, expected, "{architecture}, {cells} cells, {bits} bits, {leak:?}");
                    }
                }
            }
        }
    }
}

#[test]
fn spikes_of_eight_bits_are_almost_those_of_the_float_network() {
    for (number, architecture) in CELLS.iter().enumerate() {
        let graph = framed(graph(2, architecture, 5), number % 2 == 1);
        let weights = trained(&graph, number as u64);
        let images = images(&graph, 32, number as u64);
        let network = integer(&graph, &weights, WeightBits::Eight, LeakKind::Exact);
        let mut float = engine("cpu").unwrap().network(&graph, &weights).unwrap();
        let test =
            evaluate_integer(&network, Some(float.as_mut()), &images, &mut crate::Silent).unwrap().drift.unwrap();
        for layer in test.layers.iter().filter(|layer| layer.integer > 0.0) {
            assert!((layer.float - layer.integer).abs() < 0.02, "{architecture}: {layer:?}");
        }
        assert!(test.agreement > 80.0, "{architecture}: {} % agree", test.agreement);
    }
}

#[test]
fn logits_are_those_of_the_float_network() {
    let graph = graph(2, "0313 0031 0003 0000", 5);
    let weights = trained(&graph, 7);
    let images = images(&graph, 16, 7);
    let network = integer(&graph, &weights, WeightBits::Eight, LeakKind::Exact);
    let mut float = engine("cpu").unwrap().network(&graph, &weights).unwrap();
    let batch = images.batch(&(0..16).collect::<Vec<_>>(), &Normalisation::CIFAR10, None);
    let output = float.forward(&batch.images, Mode::Evaluate).unwrap();
    let runner = Runner::new(&network);
    let mut state = runner.state();
    let mut off = 0.0;
    for (index, logits) in output.logits.chunks(3).enumerate() {
        let found = network.logits(&runner.run(images.image(index), &mut state).scores);
        off += found.iter().zip(logits).map(|(a, b)| f64::from(a - b).abs()).sum::<f64>() / 48.0;
    }
    let size = output.logits.iter().map(|logit| f64::from(logit.abs())).sum::<f64>() / 48.0;
    assert!(off < 0.1 * size, "logits of {size} are off by {off}");
}

#[test]
fn no_map_can_overflow_whatever_fires() {
    let graph = graph(3, "0333 0043 0003 0000", 5);
    for leak in [LeakKind::Exact, LeakKind::Shift] {
        let network = integer(&graph, &trained(&graph, 3), WeightBits::Eight, leak);
        let limit = i64::from(network.limits.map);
        let mut reached = 0;
        for map in 0..network.stages.maps.len() {
            for channel in 0..network.stages.maps[map].shape.channels {
                let of =
                    |map: usize, convolved: &_| network.convolution(map).bounds(channel, convolved, &network.pixels);
                let [least, most] = bounds::bounds(&network.stages, map, &of);
                assert!(-limit <= least && most <= limit, "{least} to {most}");
                reached = reached.max(most.max(-least));
            }
        }
        // The unit is no coarser than it must be.
        assert!(reached > limit * 9 / 10, "{reached} of {limit}");
    }
}

#[test]
fn a_channel_whose_scale_is_zero_fires_by_its_shift_alone() {
    let graph = graph(1, "0313 0031 0003 0000", 5);
    let mut weights = trained(&graph, 5);
    let shift = [0.9, 1.1, -3.0, 0.0, 40.0, 0.5];
    weights.set("last_act.0.weight", vec![0.0, 1e-12, 0.0, -1e-12, 0.0, 0.0]);
    weights.set("last_act.0.bias", shift.to_vec());
    let network = integer(&graph, &weights, WeightBits::Eight, LeakKind::Exact);
    let mut float = engine("cpu").unwrap().network(&graph, &weights).unwrap();
    let test = evaluate_integer(&network, Some(float.as_mut()), &images(&graph, 4, 1), &mut crate::Silent)
        .unwrap()
        .drift
        .unwrap();
    let last = test.layers.iter().find(|layer| layer.name == "last_act.1").unwrap();
    assert_eq!(last.float, last.integer);
    assert!(last.float > 0.1);
}

#[test]
fn a_file_holds_the_network_and_a_damaged_one_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("integer.safetensors");
    let graph = graph(2, "0413 0031 0003 0000", 5);
    for bits in [WeightBits::Two, WeightBits::Four, WeightBits::Eight] {
        for leak in [LeakKind::Exact, LeakKind::Shift] {
            let network = integer(&graph, &trained(&graph, 11), bits, leak);
            let model = IntegerModel { network, origin: None, checksum: None };
            model.save(&path).unwrap();
            let loaded = IntegerModel::load(&path).unwrap();
            assert_eq!(loaded.network, model.network);
        }
    }
    let change = |change: &dyn Fn(&mut IntegerNetwork)| {
        let mut network = integer(&graph, &trained(&graph, 11), WeightBits::Four, LeakKind::Exact);
        change(&mut network);
        IntegerModel { network, origin: None, checksum: None }.save(&path).unwrap();
        IntegerModel::load(&path).unwrap_err().to_string()
    };
    let overflow = change(&|network| network.convolutions[0].as_mut().unwrap().step[0] = 30_000);
    assert!(overflow.contains("a map could come to"), "{overflow}");
    let negative = change(&|network| network.hidden.threshold[0] = 0);
    assert!(negative.contains("a threshold of 0"), "{negative}");
    let wide = change(&|network| network.layers.last_mut().unwrap().norm.as_mut().unwrap().1[0] = i32::MAX);
    assert!(wide.contains("its membranes go to"), "{wide}");
    let weights = trained(&graph, 11);
    weights.save(&path, &graph, None).unwrap();
    assert!(IntegerModel::load(&path).unwrap_err().to_string().contains("is no integer network"));
}

#[test]
fn currents_that_were_seen_are_possible_and_possible_ones_have_room() {
    let graph = graph(2, "0333 0043 0003 0000", 5);
    let network = integer(&graph, &trained(&graph, 13), WeightBits::Eight, LeakKind::Exact);
    let found = ranges(&network, &images(&graph, 8, 13));
    assert_eq!(found.len(), network.layers.len() + 1);
    for range in found {
        assert!(0 < range.seen && range.seen <= range.possible && range.possible <= range.room, "{range:?}");
    }
}
