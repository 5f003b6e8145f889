//! Every part of the backward pass against finite differences of a plain network in f64.
//!
//! A spike has no derivative; its surrogate gradient is that of the network in which each spike is `s0 + A(h) - A(h0)`,
//! with the spikes `s0` and membranes `h0` of the pass itself, `A(h) = atan(pi (h - threshold)) / pi`, and resets that stay
//! as they were.

use std::collections::BTreeMap;

use spikenas::data::Batch;
use spikenas::engine::{Lesson, LossKind, Mode, Network, NormOver, engine};
use spikenas::graph::{AveragePool, BatchNorm, Convolution, Graph, Layer, Lif, Linear, NetworkConfig, Shape};
use spikenas::random::generator;
use spikenas::weights::Weights;

/// A feature map, `[steps, images, channels, rows, columns]`.
type Map = Vec<f64>;

/// Spikes and membranes of the first pass, by LIF layer.
type Reference = BTreeMap<String, Vec<(f64, f64)>>;

/// A plain network, all in f64.
struct Plain<'a> {
    graph: &'a Graph,
    weights: BTreeMap<String, Vec<f64>>,
    batch: &'a Batch,
    lesson: Lesson,
    reference: Reference,
}

impl<'a> Plain<'a> {
    fn new(graph: &'a Graph, weights: &Weights, batch: &'a Batch, lesson: Lesson) -> Self {
        let wide = |values: &[f32]| values.iter().map(|&value| f64::from(value)).collect();
        let weights = weights.tensors().iter().map(|(name, tensor)| (name.clone(), wide(&tensor.values))).collect();
        let mut plain = Self { graph, weights, batch, lesson, reference: Reference::new() };
        let (_, reference) = plain.run();
        plain.reference = reference;
        plain
    }

    /// Mean cross entropy, and the spikes and membranes of LIF layers.
    ///
    /// What comes back over an edge is taken from the round before: after as many rounds as timesteps, all of it is right.
    fn run(&self) -> (f64, Reference) {
        let mut before = Vec::new();
        for _ in 1..if self.graph.has_feedback() { self.steps() } else { 1 } {
            (before, _) = self.round(&before);
        }
        let (maps, did) = self.round(&before);
        (self.cross_entropy(&maps[maps.len() - 1]), did)
    }

    /// The maps of all nodes, given those of the round before.
    fn round(&self, before: &[Map]) -> (Vec<Map>, Reference) {
        let mut did = Reference::new();
        let mut maps: Vec<Map> = Vec::new();
        for node in self.graph.nodes() {
            let inputs: Vec<&Map> = node.inputs.iter().map(|input| &maps[input.index()]).collect();
            let from = self.graph.input_of(node).map_or(node.shape, |source| source.shape);
            maps.push(match &node.layer {
                Layer::Input => {
                    let images: Map = self.batch.images.iter().map(|&value| f64::from(value)).collect();
                    if self.graph.config.frames { images } else { images.repeat(self.steps()) }
                }
                Layer::Sum => {
                    let zeros = vec![0.0; self.steps() * self.images() * node.shape.len()];
                    inputs.iter().fold(zeros, |sum, map| sum.iter().zip(*map).map(|(a, b)| a + b).collect())
                }
                Layer::Feedback { of } => {
                    let step = self.images() * node.shape.len();
                    let mut delayed = vec![0.0; self.steps() * step];
                    if let Some(map) = before.get(of.index()) {
                        delayed[step..].copy_from_slice(&map[..(self.steps() - 1) * step]);
                    }
                    delayed
                }
                Layer::Convolution(convolution) => self.convolve(convolution, inputs[0]),
                Layer::BatchNorm(norm) => self.normalise(norm, node.shape, inputs[0]),
                Layer::Lif(lif) => self.fire(lif, inputs[0], &mut did),
                Layer::AveragePool(pool) => average(pool, from, node.shape, inputs[0]),
                Layer::Linear(linear) => self.linear(linear, inputs[0]),
                Layer::Vote { cluster } => self.vote(inputs[0], *cluster),
            });
        }
        (maps, did)
    }

    fn steps(&self) -> usize {
        self.graph.config.timesteps
    }

    fn images(&self) -> usize {
        self.batch.labels.len()
    }

    fn convolve(&self, convolution: &Convolution, input: &Map) -> Map {
        let Shape { channels, height, width } = convolution.input;
        let (side, weights) = (convolution.kernel.side(), &self.weights[&convolution.weight().name]);
        let mut out = Map::new();
        for image in input.chunks(convolution.input.len()) {
            for (output, y, x) in indices(convolution.output()) {
                let mut sum = 0.0;
                for (channel, ky, kx) in indices(Shape { channels, height: side, width: side }) {
                    let (row, column) = ((y + ky).wrapping_sub(side / 2), (x + kx).wrapping_sub(side / 2));
                    if row < height && column < width {
                        let weight = weights[((output * channels + channel) * side + ky) * side + kx];
                        sum += weight * image[(channel * height + row) * width + column];
                    }
                }
                out.push(sum);
            }
        }
        out
    }

    fn normalise(&self, norm: &BatchNorm, shape: Shape, input: &Map) -> Map {
        let [scale, shift, ..] = norm.parameters().map(|parameter| parameter.name);
        let pixels = shape.height * shape.width;
        let mut out = input.clone();
        let length = match self.lesson.norm_over {
            NormOver::Timestep => self.images() * shape.len(),
            NormOver::All => input.len(),
        };
        for (input, out) in input.chunks(length).zip(out.chunks_mut(length)) {
            for channel in 0..shape.channels {
                let of_channel = |index: &usize| index / pixels % shape.channels == channel;
                let values: Vec<f64> = (0..input.len()).filter(of_channel).map(|index| input[index]).collect();
                let mean = values.iter().sum::<f64>() / values.len() as f64;
                let variance = values.iter().map(|v| (v - mean).powi(2)).sum::<f64>() / values.len() as f64;
                let factor = self.weights[&scale][channel] / (variance + BatchNorm::EPSILON).sqrt();
                for index in (0..input.len()).filter(of_channel) {
                    out[index] = (input[index] - mean) * factor + self.weights[&shift][channel];
                }
            }
        }
        out
    }

    fn fire(&self, lif: &Lif, input: &Map, did: &mut Reference) -> Map {
        let neurons = self.images() * lif.shape.len();
        let sharpness = std::f64::consts::FRAC_PI_2 * f64::from(self.lesson.surrogate_alpha);
        let soft = |h: f64| (sharpness * (h - f64::from(lif.threshold))).atan() / std::f64::consts::PI;
        let (mut membranes, mut out, mut states) = (vec![0.0; neurons], Map::new(), Vec::new());
        for (index, &x) in input.iter().enumerate() {
            let h = membranes[index % neurons] + (x - membranes[index % neurons]) / f64::from(self.graph.config.tau);
            let first = self.reference.get(&lif.name).map(|states| states[index]);
            let (spike, h0) = first.unwrap_or((f64::from(u8::from(h >= f64::from(lif.threshold))), h));
            membranes[index % neurons] = (1.0 - spike) * h;
            out.push(spike + soft(h) - soft(h0));
            states.push((spike, h));
        }
        did.insert(lif.name.clone(), states);
        out
    }

    fn linear(&self, linear: &Linear, input: &Map) -> Map {
        let weights = &self.weights[&linear.weight().name];
        let bias = linear.bias().map(|bias| &self.weights[&bias.name]);
        let row = |values: &[f64], output: usize| {
            let products = values.iter().zip(&weights[output * linear.inputs..]).map(|(v, w)| v * w);
            products.sum::<f64>() + bias.map_or(0.0, |bias| bias[output])
        };
        let rows = input.chunks(linear.inputs);
        rows.flat_map(|values| (0..linear.outputs).map(move |output| row(values, output))).collect()
    }

    /// Means over clusters, and over timesteps where the loss is of these: `[images, classes]` or `[steps, images, classes]`.
    fn vote(&self, input: &Map, cluster: usize) -> Map {
        let votes: Map = input.chunks(cluster).map(|votes| votes.iter().sum::<f64>() / cluster as f64).collect();
        let (steps, step) = (self.steps(), votes.len() / self.steps());
        match self.lesson.loss {
            LossKind::Mean => {
                (0..step).map(|index| (0..steps).map(|t| votes[t * step + index]).sum::<f64>() / steps as f64).collect()
            }
            LossKind::Timestep => votes,
        }
    }

    fn cross_entropy(&self, logits: &Map) -> f64 {
        let rows = logits.chunks(self.graph.config.classes);
        let (count, labels) = (rows.len(), self.batch.labels.iter().cycle());
        let loss = |(row, &label): (&[f64], &usize)| row.iter().map(|l| l.exp()).sum::<f64>().ln() - row[label];
        rows.zip(labels).map(loss).sum::<f64>() / count as f64
    }
}

fn indices(shape: Shape) -> impl Iterator<Item = (usize, usize, usize)> {
    let Shape { height, width, .. } = shape;
    (0..shape.len()).map(move |index| (index / (height * width), index / width % height, index % width))
}

fn average(pool: &AveragePool, from: Shape, to: Shape, input: &Map) -> Map {
    let mut out = Map::new();
    for image in input.chunks(from.len()) {
        for (channel, y, x) in indices(to) {
            let mut sum = 0.0;
            for (_, dy, dx) in indices(Shape { channels: 1, height: pool.side, width: pool.side }) {
                let row = (y * pool.stride + dy).wrapping_sub(pool.padding);
                let column = (x * pool.stride + dx).wrapping_sub(pool.padding);
                if row < from.height && column < from.width {
                    sum += image[(channel * from.height + row) * from.width + column];
                }
            }
            out.push(sum / (pool.side * pool.side) as f64);
        }
    }
    out
}

/// Cells with convolutions of both sides, skips, averages, constant maps, sums of one part twice, dead ends, and edges back of each
/// kind.
const CELLS: [&str; 7] = [
    "0333 0023 0003 0000",
    "0413 0021 0004 0000",
    "0303 0000 0000 0000",
    "0111 0031 0002 0000",
    "0330 0020 0201 1200",
    "0303 0041 3002 0430",
    "0301 0010 0003 3010",
];

#[test]
fn gradients_are_those_of_finite_differences_in_f64() {
    let losses = [LossKind::Mean, LossKind::Timestep, LossKind::Timestep, LossKind::Mean];
    let cases = CELLS.into_iter().zip(losses.into_iter().cycle()).enumerate();
    let kinds =
        [(false, NormOver::Timestep), (true, NormOver::Timestep), (false, NormOver::All), (true, NormOver::All)];
    for ((frames, norm_over), (index, (text, loss))) in
        kinds.into_iter().flat_map(|kind| cases.clone().map(move |case| (kind, case)))
    {
        let cells = 1 + index % 2;
        let config = NetworkConfig {
            cells,
            widths: [2, 3],
            last_pool: 2,
            hidden: 6,
            classes: 3,
            cluster: 2,
            timesteps: 3,
            frames,
            ..NetworkConfig::preset("sample").unwrap()
        };
        let input = Shape { channels: 2, height: 4, width: 4 };
        let graph = Graph::new(&text.parse().unwrap(), &config, input).unwrap();
        if graph.has_feedback() && norm_over == NormOver::All {
            continue;
        }
        // Of these weights no layer hardly fires, whose gradients no step would be small enough for.
        let weights = Weights::initialised(&graph, if frames { 5 } else { 3 }, 0);
        let images = (0..4 * graph.sample_len()).map(|i| 1.9 * ((i * i) as f32 * 0.37).sin()).collect();
        let batch = Batch { images, labels: vec![0, 2, 1, 2] };
        let mut network = engine("cpu").unwrap().network(&graph, &weights).unwrap();
        let surrogate_alpha = [2.0, 0.8, 3.0][index % 3];
        let lesson = Lesson { loss, norm_over, surrogate_alpha, ..Lesson::PLAIN };
        let mut plain = Plain::new(&graph, &weights, &batch, lesson);
        assert_spikes_agree(network.as_mut(), &plain, text);
        network.learn(&batch, &lesson, &mut generator(&[])).unwrap();
        let gradients = network.gradients();
        // What is zero in exact arithmetic is rounding of the others in f32.
        let largest = gradients.values().flatten().fold(0.0f32, |largest, gradient| largest.max(gradient.abs()));
        for parameter in graph.parameters().into_iter().filter(|p| p.kind.is_trainable()) {
            for index in 0..parameter.shape.iter().product() {
                let mut at = |change: f64| {
                    plain.weights.get_mut(&parameter.name).unwrap()[index] += change;
                    let (loss, _) = plain.run();
                    plain.weights.get_mut(&parameter.name).unwrap()[index] -= change;
                    loss
                };
                // Batch norms of layers that hardly fire curve the loss within larger steps.
                let expected = (at(1e-7) - at(-1e-7)) / 2e-7;
                let got = gradients.get(&parameter.name).map_or(0.0, |gradient| f64::from(gradient[index]));
                let close = (got - expected).abs() < 1e-4 * f64::from(largest) + 1e-3 * expected.abs();
                assert!(close, "{text} {}[{index}]: {got}, not {expected}", parameter.name);
            }
        }
    }
}

/// The same spikes, so that both compute the same function.
fn assert_spikes_agree(network: &mut dyn Network, plain: &Plain<'_>, text: &str) {
    let output =
        network.forward(&plain.batch.images, Mode::Estimate { passes: 0, over: plain.lesson.norm_over }).unwrap();
    for fired in output.fired {
        let states = &plain.reference[&fired.layer];
        let by_step = states.chunks(states.len() / plain.steps());
        let expected: Vec<u64> = by_step.map(|step| step.iter().map(|(spike, _)| *spike as u64).sum()).collect();
        assert_eq!(fired.counts, expected, "{text} {}", fired.layer);
    }
}
