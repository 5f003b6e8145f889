use super::integer_network::{IntegerConvolution, IntegerNetwork};
use super::runner::Outcome;
use crate::cost::Leak;
use crate::graph::{AveragePool, Convolution, Layer, Node, NodeId, Shape};

/// What an integer network computes, by its definition and node by node of the graph, in 64 bits: slow, and plain to read. Every
/// other form of the network gives the same.
pub fn reference(network: &IntegerNetwork, sample: &[u8]) -> Outcome {
    let graph = &network.graph;
    let layers = network.stages.layers.len();
    let mut membranes: Vec<Vec<i64>> = graph.nodes().iter().map(|node| vec![0; node.shape.len()]).collect();
    let mut fired = vec![Vec::new(); layers + 1];
    let mut totals = vec![0; network.stages.classifier.hidden.outputs];
    for timestep in 0..graph.config.timesteps {
        let image = network.image_at(sample, timestep);
        let mut spikes: Vec<Option<Vec<i64>>> = vec![None; membranes.len()];
        for (id, node) in graph.iter() {
            let Layer::Lif(lif) = &node.layer else { continue };
            let layer = network.stages.layers.iter().position(|one| one.lifs.contains(lif));
            let is_hidden = *lif == network.stages.classifier.lif;
            if layer.is_none() && !is_hidden {
                // Nothing depends on it.
                continue;
            }
            let reading = Reading { network, image, layer, spikes: &spikes };
            let map = reading.value(node.inputs[0]);
            let new = network.fire(layer, node.shape, &map, &mut membranes[id.index()]);
            if layer.is_none_or(|layer| network.stages.layers[layer].lifs[0] == *lif) {
                fired[layer.unwrap_or(layers)].push(new.iter().sum::<i64>() as u64);
            }
            if is_hidden {
                totals.iter_mut().zip(&new).for_each(|(total, spike)| *total += spike);
            }
            spikes[id.index()] = Some(new);
        }
    }
    let scores = product(&network.output.weights, &totals);
    let scores = scores.iter().zip(&network.output.bias).map(|(score, bias)| (score + i64::from(*bias)) as i32);
    Outcome { scores: scores.collect(), fired }
}

/// What one layer reads at a timestep: layers may differ in the weights of the same convolution.
struct Reading<'a> {
    network: &'a IntegerNetwork,
    image: &'a [u8],
    layer: Option<usize>,
    /// Of each LIF node so far.
    spikes: &'a [Option<Vec<i64>>],
}

impl Reading<'_> {
    fn value(&self, id: NodeId) -> Vec<i64> {
        if let Some(spikes) = &self.spikes[id.index()] {
            return spikes.clone();
        }
        let (network, graph) = (self.network, &self.network.graph);
        let node = graph.node(id);
        let before = || self.value(node.inputs[0]);
        match (&node.layer, graph.input_of(node).map(|of| &of.layer)) {
            (Layer::Input, _) => network.read(self.image, node.shape),
            (Layer::Convolution(convolution), _) => self.sums(convolution, &before()),
            (Layer::BatchNorm(_), Some(Layer::Convolution(convolution))) => {
                self.with_bias(convolution, &before(), node.shape)
            }
            // A batch norm before a layer is the layer's.
            (Layer::BatchNorm(_), _) => before(),
            (Layer::AveragePool(pool), _) => self.pooled(*pool, node),
            (Layer::Sum, _) => {
                let inputs: Vec<Vec<i64>> = node.inputs.iter().map(|&input| self.value(input)).collect();
                (0..node.shape.len()).map(|place| inputs.iter().map(|input| input[place]).sum()).collect()
            }
            (Layer::Linear(_), _) => product(&network.hidden.weights, &before()),
            _ => Vec::new(),
        }
    }

    /// The convolution of a graph's node as the layer has it.
    fn of_layer(&self, convolution: &Convolution) -> Option<&IntegerConvolution> {
        let is_own = |reader: Option<usize>| reader.is_none() || reader == self.layer;
        let mut all = self.network.stages.convolutions();
        let found = all.find(|(_, one)| one.convolution == *convolution && is_own(one.reader));
        found.map(|(map, _)| self.network.convolution(map))
    }

    /// `step * sum of weight * input`, without the bias; rounded where it is of an image.
    fn sums(&self, layer: &Convolution, input: &[i64]) -> Vec<i64> {
        let Shape { channels, height, width } = layer.input;
        let mut sums = vec![0; layer.outputs * height * width];
        let Some(convolution) = self.of_layer(layer) else { return sums };
        let (side, pad) = (layer.kernel.side(), layer.kernel.side() as isize / 2);
        for (place, sum) in sums.iter_mut().enumerate() {
            let (output, row, column) = (place / (height * width), place / width % height, place % width);
            for channel in 0..channels {
                for pixel in 0..side * side {
                    let from_row = (row + pixel / side) as isize - pad;
                    let from_column = (column + pixel % side) as isize - pad;
                    let value = square(input, layer.input, channel, [from_row, from_column], 1);
                    let weight = convolution.weights[(output * channels + channel) * side * side + pixel];
                    *sum += i64::from(convolution.step[output]) * i64::from(weight) * value;
                }
            }
            if let Some(&shift) = convolution.shift.get(output) {
                let parts = 1_i64 << shift;
                *sum = (*sum + parts / 2).div_euclid(parts);
            }
        }
        sums
    }

    fn with_bias(&self, layer: &Convolution, sums: &[i64], shape: Shape) -> Vec<i64> {
        let bias = self.of_layer(layer).map(|convolution| convolution.bias.as_slice()).unwrap_or_default();
        let plane = shape.height * shape.width;
        let with = |(place, sum): (usize, &i64)| sum + i64::from(bias.get(place / plane).copied().unwrap_or(0));
        sums.iter().enumerate().map(with).collect()
    }

    fn pooled(&self, pool: AveragePool, node: &Node) -> Vec<i64> {
        let (graph, shape) = (&self.network.graph, node.shape);
        let squares = |input: &[i64], from: Shape| -> Vec<i64> {
            let at = |place: usize| {
                let (row, column) = (place / shape.width % shape.height, place % shape.width);
                let first = |at: usize| (at * pool.stride) as isize - pool.padding as isize;
                square(input, from, place / (shape.height * shape.width), [first(row), first(column)], pool.side)
            };
            (0..shape.len()).map(at).collect()
        };
        let of = graph.node(node.inputs[0]);
        match (&of.layer, graph.input_of(of).map(|before| &before.layer), pool.tile()) {
            // The tiles of a reduction are summed before the bias is added.
            (Layer::BatchNorm(_), Some(Layer::Convolution(convolution)), Some(_)) => {
                let sums = squares(&self.value(of.inputs[0]), of.shape);
                self.with_bias(convolution, &sums, shape)
            }
            // The classifier reads how many spikes a tile has.
            (Layer::Lif(_), ..) => squares(&self.value(node.inputs[0]), of.shape),
            _ => {
                let sums = squares(&self.value(node.inputs[0]), of.shape);
                sums.iter().map(|sum| (sum * 3641 + 16_384).div_euclid(32_768)).collect()
            }
        }
    }
}

fn product(weights: &[i8], input: &[i64]) -> Vec<i64> {
    let rows = weights.chunks_exact(input.len());
    rows.map(|row| row.iter().zip(input).map(|(&weight, value)| i64::from(weight) * value).sum()).collect()
}

/// Sum over a square of a channel whose pixels beyond the border are zeros.
fn square(input: &[i64], shape: Shape, channel: usize, [row, column]: [isize; 2], side: usize) -> i64 {
    let near =
        |first: isize, end: usize| (first..first + side as isize).filter(move |&at| (0..end as isize).contains(&at));
    let pixel =
        |row: isize, column: isize| input[(channel * shape.height + row as usize) * shape.width + column as usize];
    near(row, shape.height)
        .flat_map(|row| near(column, shape.width).map(move |column| (row, column)))
        .map(|(row, column)| pixel(row, column))
        .sum()
}

impl IntegerNetwork {
    fn read(&self, image: &[u8], shape: Shape) -> Vec<i64> {
        let plane = shape.height * shape.width;
        image.iter().enumerate().map(|(place, &level)| i64::from(self.pixels.value(place / plane, level))).collect()
    }

    /// A timestep of a layer of the backbone, or of the hidden layer.
    fn fire(&self, layer: Option<usize>, shape: Shape, map: &[i64], membranes: &mut [i64]) -> Vec<i64> {
        let plane = shape.height * shape.width;
        let mut spikes = vec![0; membranes.len()];
        for (place, (membrane, spike)) in membranes.iter_mut().zip(&mut spikes).enumerate() {
            let channel = place / plane;
            let (current, threshold) = match layer.map(|layer| &self.layers[layer]) {
                None => (map[place], self.hidden.threshold[channel]),
                Some(values) => {
                    let (sign, bias) =
                        values.norm.as_ref().map_or((1, 0), |(sign, bias)| (sign[channel], bias[channel]));
                    (i64::from(sign) * map[place] + i64::from(bias), values.threshold[channel])
                }
            };
            let left = match self.leak {
                Leak::Exact { shift: None, .. } => 0,
                Leak::Exact { shift: Some(shift), .. } => membrane.div_euclid(1 << shift),
                Leak::Shift { parts } => (*membrane * i64::from(parts)).div_euclid(4096),
            };
            *membrane = left + (current << self.leak.fraction());
            if *membrane >= i64::from(threshold) {
                (*membrane, *spike) = (0, 1);
            }
        }
        spikes
    }
}
