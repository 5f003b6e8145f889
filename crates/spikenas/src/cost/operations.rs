use serde::Serialize;

use crate::graph::{Convolution, Graph, Layer, Lif, Node};

/// Energy of adding a 32-bit weight to a membrane, in picojoules at 45 nm (Horowitz, ISSCC 2014).
pub const ADDITION_PJ: f64 = 0.9;

/// Energy of multiplying two 32-bit numbers and adding the product, in picojoules at 45 nm (Horowitz, ISSCC 2014).
pub const MULTIPLICATION_PJ: f64 = 4.6;

/// Synaptic operations of one layer in one inference: one image, all timesteps.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct LayerOperations {
    /// Module name in the reference's state dict.
    pub name: String,
    /// Additions of a weight to a sum: one per spike and connection.
    pub additions: f64,
    /// Multiplications of a weight with an input that is not a spike, each with its addition.
    pub multiplications: f64,
    /// Multiplications of the same layer if it took every input at every timestep.
    pub dense: f64,
    /// The same in a network without spikes, which runs once.
    pub dense_once: f64,
}

impl LayerOperations {
    /// Energy in picojoules.
    pub fn energy_pj(&self) -> f64 {
        self.additions * ADDITION_PJ + self.multiplications * MULTIPLICATION_PJ
    }
}

/// Synaptic operations of one inference, layer by layer.
///
/// Only the stem multiplies: it reads pixels, once for all timesteps, or those of each frame. Every other layer reads spikes and adds the weights of
/// those that fired. As in NeuroBench, only layers with weights count: no LIF updates, batch norms (folded into weights at
/// inference), average poolings and sums of feature maps. Spikes are assumed to be spread evenly over a map, which
/// matters for the connections that the border cuts.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Operations {
    /// Every layer with weights, in the order of execution.
    pub layers: Vec<LayerOperations>,
    /// Timesteps for which an image is shown.
    pub timesteps: usize,
}

impl Operations {
    /// Counts operations from the firing rate of each LIF layer, by its name; `None` where one is not known.
    pub fn new(graph: &Graph, rate: impl Fn(&str) -> Option<f64>) -> Option<Self> {
        let [timesteps, frames] = [graph.config.timesteps, graph.config.frames_of_sample()].map(|count| count as f64);
        let mut layers = Vec::new();
        for node in graph.nodes() {
            let (name, connections, pooled) = match &node.layer {
                Layer::Convolution(convolution) => (&convolution.name, connections(convolution), 1.0),
                Layer::Linear(linear) => (&linear.name, (linear.inputs * linear.outputs) as f64, averaged(graph, node)),
                _ => continue,
            };
            let dense_once = connections * pooled;
            layers.push(match lif_before(graph, node) {
                Some(lif) => {
                    let dense = dense_once * timesteps;
                    LayerOperations {
                        name: name.clone(),
                        additions: dense * rate(&lif.name)?,
                        multiplications: 0.0,
                        dense,
                        dense_once,
                    }
                }
                None => LayerOperations {
                    name: name.clone(),
                    additions: 0.0,
                    multiplications: dense_once * frames,
                    dense: dense_once * frames,
                    dense_once,
                },
            });
        }
        Some(Self { layers, timesteps: graph.config.timesteps })
    }

    /// Additions of all layers.
    pub fn additions(&self) -> f64 {
        self.layers.iter().map(|l| l.additions).sum()
    }

    /// Multiplications of all layers.
    pub fn multiplications(&self) -> f64 {
        self.layers.iter().map(|l| l.multiplications).sum()
    }

    /// Multiplications that dense layers would need at all timesteps.
    pub fn dense(&self) -> f64 {
        self.layers.iter().map(|l| l.dense).sum()
    }

    /// Multiplications of the same layers in a network without spikes, which runs once.
    pub fn dense_once(&self) -> f64 {
        self.layers.iter().map(|l| l.dense_once).sum()
    }

    /// Energy of an inference in picojoules.
    pub fn energy_pj(&self) -> f64 {
        self.layers.iter().map(LayerOperations::energy_pj).sum()
    }
}

/// The LIF layer whose spikes, or whose spikes' averages, a layer reads; none where it reads pixels.
fn lif_before<'a>(graph: &'a Graph, node: &Node) -> Option<&'a Lif> {
    let source = graph.input_of(node)?;
    match &source.layer {
        Layer::Lif(lif) => Some(lif),
        Layer::AveragePool(_) => lif_before(graph, source),
        _ => None,
    }
}

/// Spikes behind each value that a layer reads: a spike before a pooling adds its share of a weight, so that the layer has as
/// many additions as spikes.
fn averaged(graph: &Graph, node: &Node) -> f64 {
    match graph.input_of(node).map(|source| &source.layer) {
        Some(Layer::AveragePool(pool)) => (pool.side * pool.side) as f64,
        _ => 1.0,
    }
}

/// Pairs of an input and an output of a padded convolution that a weight connects, in one timestep.
fn connections(convolution: &Convolution) -> f64 {
    let side = convolution.kernel.side();
    let reach = (side / 2) * (side / 2 + 1);
    let taps = |pixels: usize| (side * pixels - reach) as f64;
    let shape = convolution.input;
    taps(shape.height) * taps(shape.width) * (shape.channels * convolution.outputs) as f64
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::graph::{NetworkConfig, Shape};

    fn graph() -> Graph {
        let config = NetworkConfig {
            cells: 1,
            widths: [2, 3],
            last_pool: 2,
            hidden: 5,
            ..NetworkConfig::preset("sample").unwrap()
        };
        let image = Shape { channels: 3, height: 4, width: 8 };
        Graph::new(&"0001 0000 0000 0000".parse().unwrap(), &config, image).unwrap()
    }

    /// Rates of the reduction, the last activation and the classifier.
    fn operations(rates: &[f64]) -> Option<Operations> {
        let names = ["downconv1.1", "last_act.1", "classifier.2"];
        let rate = |name: &str| names.iter().position(|n| *n == name).and_then(|index| rates.get(index).copied());
        Operations::new(&graph(), rate)
    }

    fn stem() -> Convolution {
        graph()
            .nodes()
            .iter()
            .find_map(|node| match &node.layer {
                Layer::Convolution(convolution) => Some(convolution.clone()),
                _ => None,
            })
            .unwrap()
    }

    #[test]
    fn connections_are_those_that_a_plain_loop_finds() {
        let stem = stem();
        let (height, width) = (stem.input.height as isize, stem.input.width as isize);
        let mut count = 0;
        for (y, x) in (0..height).flat_map(|y| (0..width).map(move |x| (y, x))) {
            for (dy, dx) in (-1..=1).flat_map(|dy| (-1..=1).map(move |dx| (dy, dx))) {
                count += usize::from((0..height).contains(&(y + dy)) && (0..width).contains(&(x + dx)));
            }
        }
        assert_eq!(connections(&stem), (count * 3 * 2) as f64);
    }

    #[test]
    fn spikes_add_and_pixels_multiply() {
        let operations = operations(&[0.5, 0.25, 1.0]).unwrap();
        let names: Vec<&str> = operations.layers.iter().map(|l| l.name.as_str()).collect();
        assert_eq!(names, ["stem.0", "downconv1.2", "classifier.1", "classifier.3"]);
        let (stem, reduction, hidden, output) =
            (&operations.layers[0], &operations.layers[1], &operations.layers[2], &operations.layers[3]);
        assert_eq!((stem.additions, stem.multiplications), (0.0, 10.0 * 22.0 * 6.0));
        assert_eq!((reduction.additions, reduction.dense), (0.5 * 5.0 * 220.0 * 6.0, 5.0 * 220.0 * 6.0));
        // Three channels of 2x4 before the pooling, five hidden neurons.
        assert_eq!(hidden.additions, 0.25 * 5.0 * 24.0 * 5.0);
        assert_eq!(output.additions, 5.0 * 5.0 * 100.0);
        assert_eq!((stem.dense_once, reduction.dense_once), (stem.dense, reduction.dense / 5.0));
        assert_eq!(operations.dense_once(), operations.layers.iter().map(|l| l.dense_once).sum::<f64>());
        let energy = operations.additions() * 0.9 + operations.multiplications() * 4.6;
        assert!((operations.energy_pj() - energy).abs() < 1e-9);
    }

    #[test]
    fn rates_of_another_network_give_nothing() {
        assert_eq!(operations(&[0.5, 0.25]), None);
    }
}
