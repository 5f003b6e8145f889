use super::numbers::{Kernel, Numbers};
use crate::graph::{Content, Convolved, Graph, Shape, Source};

/// Nodes and edges of NIR.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct NirGraph {
    /// Nodes, by their names.
    pub nodes: Vec<NirNode>,
    /// From node to node; the values of all edges into a node add up.
    pub edges: Vec<[String; 2]>,
}

/// A node of NIR.
#[derive(Clone, Debug, PartialEq)]
pub struct NirNode {
    /// Its name.
    pub name: String,
    /// What it computes.
    pub operation: NirOperation,
}

/// What a node of NIR computes.
#[derive(Clone, Debug, PartialEq)]
pub enum NirOperation {
    /// The input.
    Input(Shape),
    /// The output.
    Output(Shape),
    /// A convolution.
    Convolution {
        /// Its input.
        input: Shape,
        /// `[outputs, inputs, side, side]`, in this order.
        weights: Vec<f32>,
        /// Rows and columns of the kernel.
        kernel: [usize; 2],
        /// Of each output.
        bias: Vec<f32>,
        /// Pixels from one square to the next.
        stride: usize,
        /// Zeros around the input.
        padding: usize,
    },
    /// The average of the nine pixels around each.
    Average,
    /// Leaky integrate-and-fire neurons.
    Lif {
        /// Their shape.
        shape: Shape,
        /// Membrane time constant in timesteps.
        tau: f64,
        /// Membrane at which they fire.
        threshold: f64,
    },
}

const INPUT: &str = "input";

impl NirGraph {
    pub(super) fn new(graph: &Graph, numbers: &Numbers) -> Self {
        let mut nir = Self::default();
        nir.node(INPUT.into(), NirOperation::Input(graph.input));
        for index in 0..numbers.stages.layers.len() {
            nir.layer(graph, numbers, index);
        }
        nir.classifier(graph, numbers);
        nir
    }

    /// Names of the nodes that spike, in the order of execution.
    pub fn spiking(&self) -> Vec<&str> {
        let spiking = self.nodes.iter().filter(|node| matches!(node.operation, NirOperation::Lif { .. }));
        spiking.map(|node| node.name.as_str()).collect()
    }

    fn node(&mut self, name: String, operation: NirOperation) {
        self.nodes.push(NirNode { name, operation });
    }

    fn edge(&mut self, from: &str, to: &str) {
        self.edges.push([from.into(), to.into()]);
    }

    /// A LIF layer with its own copies of what it reads.
    fn layer(&mut self, graph: &Graph, numbers: &Numbers, index: usize) {
        let layer = &numbers.stages.layers[index];
        let (name, shape) = (identifier(layer.name()), layer.shape());
        let mut shift = Some(numbers.shifts[index].clone()).filter(|shift| shift.iter().any(|&value| value != 0.0));
        self.terms(numbers, layer.map, &name, &mut shift);
        let is_fed = self.edges.iter().any(|[_, to]| *to == name);
        if shift.is_some() || !is_fed {
            self.constant(graph.input, shape, &name, shift.unwrap_or_else(|| vec![0.0; shape.channels]));
        }
        let threshold = numbers.thresholds[index];
        self.node(name, NirOperation::Lif { shape, tau: numbers.tau, threshold });
    }

    /// Adds the terms of a map to a node; the first convolution takes the shift.
    fn terms(&mut self, numbers: &Numbers, map: usize, to: &str, shift: &mut Option<Vec<f64>>) {
        let terms = numbers.stages.terms(map);
        let mut different = terms.clone();
        different.sort_unstable();
        different.dedup();
        for term in different {
            let times = terms.iter().filter(|&&other| other == term).count() as f64;
            match &numbers.stages.maps[term].content {
                Content::Convolved(convolved) => {
                    let Some(kernel) = &numbers.convolutions[term] else { continue };
                    self.convolution(numbers, convolved, kernel, times, to, shift.take());
                }
                Content::Averaged { source, .. } => {
                    // As often as it is added, since two equal edges are one.
                    for copy in 0..times as usize {
                        let name = format!("average{term}_{copy}_to_{to}");
                        self.terms(numbers, *source, &name, &mut None);
                        self.edge(&name, to);
                        self.node(name, NirOperation::Average);
                    }
                }
                Content::Sum(_) => {}
            }
        }
    }

    fn convolution(
        &mut self,
        numbers: &Numbers,
        convolved: &Convolved,
        kernel: &Kernel,
        times: f64,
        to: &str,
        shift: Option<Vec<f64>>,
    ) {
        let Convolved { convolution, source, tile, .. } = convolved;
        let (side, tile) = (convolution.kernel.side(), *tile);
        let weights = tiled(&kernel.weights, side, tile);
        let bias =
            kernel.bias.iter().enumerate().map(|(at, bias)| times * bias + shift.as_ref().map_or(0.0, |s| s[at]));
        let name = format!("{}_to_{to}", identifier(&convolution.name));
        let from = match source {
            Source::Image => INPUT.into(),
            Source::Layer(layer) => identifier(numbers.stages.layers[*layer].name()),
        };
        self.edge(&from, &name);
        self.edge(&name, to);
        let operation = NirOperation::Convolution {
            input: convolution.input,
            weights: weights.iter().map(|weight| (times * weight) as f32).collect(),
            kernel: [side + tile - 1; 2],
            bias: bias.map(|bias| bias as f32).collect(),
            stride: tile,
            padding: side / 2,
        };
        self.node(name, operation);
    }

    /// A current that is the same for every image: a convolution of the input whose weights are zeros.
    fn constant(&mut self, input: Shape, shape: Shape, to: &str, shift: Vec<f64>) {
        let name = format!("shift_to_{to}");
        self.edge(INPUT, &name);
        self.edge(&name, to);
        let operation = NirOperation::Convolution {
            input,
            weights: vec![0.0; shape.channels * input.channels],
            kernel: [1; 2],
            bias: shift.iter().map(|&value| value as f32).collect(),
            stride: input.height / shape.height,
            padding: 0,
        };
        self.node(name, operation);
    }

    /// The pooling with the hidden layer is one convolution over all that is left of the image, the outputs another.
    fn classifier(&mut self, graph: &Graph, numbers: &Numbers) {
        let classifier = &numbers.stages.classifier;
        let last = &numbers.stages.layers[classifier.source];
        let (input, outputs) = (last.shape(), classifier.hidden.outputs);
        let [hidden, spiking, output] =
            [&classifier.hidden.name, &classifier.lif.name, &classifier.output.name].map(|name| identifier(name));
        let columns = input.width / classifier.pool;
        let tiles = input.height / classifier.pool * columns;
        let mut weights = Vec::with_capacity(outputs * input.len());
        for row in numbers.hidden.chunks_exact(classifier.hidden.inputs) {
            for channel in 0..input.channels {
                for place in 0..input.height * input.width {
                    let (y, x) = (place / input.width / classifier.pool, place % input.width / classifier.pool);
                    weights.push(row[channel * tiles + y * columns + x] as f32);
                }
            }
        }
        let whole = NirOperation::Convolution {
            input,
            weights,
            kernel: [input.height, input.width],
            bias: vec![0.0; outputs],
            stride: 1,
            padding: 0,
        };
        let neurons = Shape { channels: outputs, height: 1, width: 1 };
        let votes = NirOperation::Convolution {
            input: neurons,
            weights: numbers.output.weights.iter().map(|&weight| weight as f32).collect(),
            kernel: [1; 2],
            bias: numbers.output.bias.iter().map(|&bias| bias as f32).collect(),
            stride: 1,
            padding: 0,
        };
        let lif = NirOperation::Lif { shape: neurons, tau: numbers.tau, threshold: numbers.hidden_threshold };
        let classes = Shape { channels: graph.outputs(), height: 1, width: 1 };
        let before = identifier(last.name());
        for [from, to] in
            [[&before, &hidden], [&hidden, &spiking], [&spiking, &output], [&output, &"output".to_string()]]
        {
            self.edge(from, to);
        }
        let nodes =
            [(hidden, whole), (spiking, lif), (output, votes), ("output".into(), NirOperation::Output(classes))];
        nodes.into_iter().for_each(|(name, operation)| self.node(name, operation));
    }
}

/// A layer's name as that of a node.
fn identifier(layer: &str) -> String {
    layer.replace('.', "_")
}

/// The kernel whose convolution with the stride of a tile is the sum over tiles of another's.
fn tiled(weights: &[f64], side: usize, tile: usize) -> Vec<f64> {
    let wide = side + tile - 1;
    let mut all = Vec::with_capacity(weights.len() / (side * side) * wide * wide);
    for kernel in weights.chunks_exact(side * side) {
        let mut sum = vec![0.0; wide * wide];
        for (row, column) in (0..tile).flat_map(|row| (0..tile).map(move |column| (row, column))) {
            for (at, weight) in kernel.iter().enumerate() {
                sum[(row + at / side) * wide + column + at % side] += weight;
            }
        }
        all.extend(sum);
    }
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tiled_kernel_has_each_weight_as_often_as_a_tile_has_pixels() {
        let one: Vec<f64> = (1..=9).map(f64::from).collect();
        assert_eq!(tiled(&one, 3, 1), one);
        let wide = tiled(&one, 3, 2);
        assert_eq!(wide.len(), 16);
        assert_eq!(
            (wide[0], wide[5], wide[15], wide.iter().sum::<f64>()),
            (1.0, 1.0 + 2.0 + 4.0 + 5.0, 9.0, 4.0 * 45.0)
        );
    }
}
