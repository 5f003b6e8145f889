//! The engine on the kernels against Burn's own operations.
#![cfg(feature = "burn")]

use spikenas::data::Batch;
use spikenas::engine::{Decayed, Draws, Firing, LayerId, Lesson, LossKind, NormOver, Observer, Optimiser, engine};
use spikenas::graph::{Graph, NetworkConfig, Shape};
use spikenas::random::generator;
use spikenas::weights::Weights;

const INPUT: Shape = Shape { channels: 3, height: 16, width: 16 };

/// Maps that are constant, empty, sums of the same part, pooled, and dead ends.
const CELLS: [&str; 4] = ["0333 0033 0003 0000", "0111 0011 0001 0000", "0413 0021 0004 0000", "0300 0000 0000 0000"];

fn graphs() -> impl Iterator<Item = Graph> {
    let graph = |frames: bool, cells: usize, cell: &str| {
        let config = NetworkConfig {
            frames,
            cells,
            widths: [5, 17],
            hidden: 16,
            last_pool: 2,
            ..NetworkConfig::preset("sample").unwrap()
        };
        Graph::new(&cell.parse().unwrap(), &config, INPUT).unwrap()
    };
    let kinds = [false, true].into_iter().flat_map(|frames| (1..=3).map(move |cells| (frames, cells)));
    kinds.flat_map(move |(frames, cells)| CELLS.map(|cell| graph(frames, cells, cell)))
}

fn batch(graph: &Graph) -> Batch {
    let images = (0..6 * graph.sample_len()).map(|i| 2.0 * ((i * i) as f32 * 0.37).sin()).collect();
    Batch { images, labels: vec![0, 1, 2, 3, 4, 5] }
}

#[test]
fn a_step_with_dropout_is_the_same_on_both() {
    let kinds = [(LossKind::Mean, NormOver::Timestep), (LossKind::Timestep, NormOver::All)];
    for (graph, (loss, over)) in graphs().zip(kinds.into_iter().cycle()) {
        let norm_over = if graph.has_feedback() { NormOver::Timestep } else { over };
        let weights = Weights::initialised(&graph, 1, 0);
        let [kernels, burn] = ["cpu", "burn"].map(|device| {
            let mut network = engine(device).unwrap().network(&graph, &weights).unwrap();
            let (dropout, label_smoothing, surrogate_alpha) = (0.5, 0.1, 1.5);
            let lesson = Lesson { dropout, label_smoothing, loss, norm_over, surrogate_alpha, share: 0.5 };
            network.learn(&batch(&graph), &lesson, &mut generator(&[1])).unwrap();
            let gradients = network.gradients();
            network.step(&Optimiser { decayed: Decayed::Weights, ..Optimiser::adamw(1e-4) }, 1e-4);
            (gradients, network.weights())
        });
        let text = &graph.architecture;
        for (name, expected) in &burn.0 {
            let largest = expected.iter().fold(0.05f32, |largest, g| largest.max(g.abs()));
            let zeros = vec![0.0; expected.len()];
            for (a, b) in kernels.0.get(name).unwrap_or(&zeros).iter().zip(expected) {
                assert!((a - b).abs() < 1e-4 * largest, "{text}, gradient of {name}: {a} {b}");
            }
        }
        for name in kernels.1.tensors().keys().filter(|name| name.contains("running")) {
            for (a, b) in kernels.1.values(name).iter().zip(burn.1.values(name)) {
                assert!((a - b).abs() < 1e-5 * (1.0 + b.abs()), "{text} {name}: {a} {b}");
            }
        }
    }
}

#[test]
fn steps_by_muon_are_the_same_on_both() {
    for graph in graphs() {
        let weights = Weights::initialised(&graph, 1, 0);
        let [kernels, burn] = ["cpu", "burn"].map(|device| {
            let mut network = engine(device).unwrap().network(&graph, &weights).unwrap();
            network.learn(&batch(&graph), &Lesson::PLAIN, &mut generator(&[1])).unwrap();
            network.step(&Optimiser::muon(0.9, 0.02), 0.02);
            network.weights()
        });
        // What is no matrix follows AdamW, whose first step makes as much of a gradient of nothing but rounding as of any other.
        for (name, expected) in burn.tensors().iter().filter(|(_, tensor)| tensor.shape.len() > 1) {
            let before = weights.values(name);
            let step: f32 = expected.values.iter().zip(before).map(|(b, w)| (b - w).abs()).sum();
            let apart: f32 = kernels.values(name).iter().zip(&expected.values).map(|(a, b)| (a - b).abs()).sum();
            // Rounding is carried to where a gradient has next to nothing.
            assert!(apart <= 0.02 * step + 1e-4, "{} {name}: {apart} of {step}", graph.architecture);
        }
    }
}

/// Everything that an observer receives, by layer.
#[derive(Default)]
struct Heard(Vec<(LayerId, Vec<u64>, Vec<u64>, f64)>, Vec<(String, LayerId)>);

impl Observer for Heard {
    fn wants_membranes(&self) -> bool {
        true
    }

    fn fired(&mut self, layer: LayerId, firing: &Firing<'_>) {
        let membranes = firing.membranes.unwrap().iter().map(|&v| f64::from(v)).sum();
        self.0.push((layer, firing.counts.to_vec(), (firing.distances)(1), membranes));
    }

    fn finished(&mut self, _: usize, layers: &[(String, LayerId)]) -> spikenas::Result<()> {
        self.1 = layers.to_vec();
        Ok(())
    }
}

#[test]
fn observers_hear_the_same_of_both() {
    for graph in graphs() {
        let [kernels, burn] = ["cpu", "burn"].map(|device| {
            let draws = Draws { initialisation: graph.config.initialisation, seed: 1, repeats: 1, memory: u64::MAX };
            let mut heard = Heard::default();
            engine(device).unwrap().untrained(&draws).observe(0, &[&graph], &batch(&graph).images, &mut heard).unwrap();
            let Heard(fired, layers) = heard;
            let of = |id| fired.iter().find(|(layer, ..)| *layer == id).cloned().unwrap();
            layers.into_iter().map(|(name, id)| (name, of(id))).collect::<Vec<_>>()
        });
        for ((name, a), (other, b)) in kernels.iter().zip(&burn) {
            assert_eq!((name, &a.1, &a.2), (other, &b.1, &b.2), "{}", graph.architecture);
            assert!((a.3 - b.3).abs() < 1e-3 * (1.0 + b.3.abs()), "{}: {name}", graph.architecture);
        }
        assert_eq!(kernels.len(), burn.len());
    }
}
