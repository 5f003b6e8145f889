use burn::tensor::{Tensor, TensorData};
use rand::RngExt;

use super::feature::Feature;
use super::ops;
use super::tensors::Tensors;
use crate::engine::network::{Lesson, Mode, NormOver};
use crate::graph::{BatchNorm, Convolution, Graph, Layer, Lif, Linear, Node, Place};
use crate::random::Generator;

/// What one LIF layer did.
pub struct Spikes {
    /// Name of the layer.
    pub layer: String,
    /// What it fired, [timesteps, images * neurons].
    pub fired: Tensor<2>,
    /// Its membranes after the last timestep, [1, images * neurons].
    pub membranes: Tensor<2>,
}

/// What a forward pass gives.
pub struct Interpreted {
    /// Means over timesteps and clusters, [images, classes].
    pub logits: Tensor<2>,
    /// Means over clusters, [steps * images, classes].
    pub at_steps: Tensor<2>,
    /// What every LIF layer did, in the order of execution.
    pub spikes: Vec<Spikes>,
}

/// A forward pass through a graph.
pub struct Interpreter<'a> {
    pub graph: &'a Graph,
    pub tensors: &'a mut Tensors,
    pub mode: Mode,
    /// Over what batch norms take their statistics, where they take any.
    pub over: NormOver,
    /// Sharpness of the surrogate gradient of spikes.
    pub surrogate_alpha: f32,
    /// Probability with which an input of the classifier is dropped, and what draws the mask.
    pub dropout: Option<(f32, &'a mut Generator)>,
    pub spikes: Vec<Spikes>,
}

impl<'a> Interpreter<'a> {
    pub fn new(graph: &'a Graph, tensors: &'a mut Tensors, mode: Mode) -> Self {
        let over = if let Mode::Estimate { over, .. } = mode { over } else { NormOver::Timestep };
        let surrogate_alpha = Lesson::PLAIN.surrogate_alpha;
        Self { graph, tensors, mode, over, surrogate_alpha, dropout: None, spikes: Vec::new() }
    }

    /// Shows images, [images, channels, height, width], or frames, [steps * samples, channels, height, width].
    pub fn run(mut self, images: Tensor<4>) -> Interpreted {
        let readers = self.graph.readers();
        let mut values: Vec<Option<Feature>> = vec![None; readers.len()];
        let mut left: Vec<usize> = readers.iter().map(Vec::len).collect();
        let mut last = Feature { map: images, steps: self.graph.config.frames_of_sample() };
        let mut votes = last.clone();
        for (id, node) in self.graph.iter() {
            let mut inputs = Vec::new();
            for input in &node.inputs {
                left[input.index()] -= 1;
                let slot = &mut values[input.index()];
                inputs.extend(if left[input.index()] == 0 { slot.take() } else { slot.clone() });
            }
            if let (Layer::Vote { .. }, Some(input)) = (&node.layer, inputs.first()) {
                votes = input.clone();
            }
            last = self.node(node, inputs, &last);
            values[id.index()] = Some(last.clone());
        }
        let [images, classes, ..] = last.map.dims();
        let [rows, neurons, ..] = votes.map.dims();
        let at_steps = votes.map.reshape([rows, classes, neurons / classes]).mean_dim(2).reshape([rows, classes]);
        Interpreted { logits: last.map.reshape([images, classes]), at_steps, spikes: self.spikes }
    }

    /// `before`: any map of this pass, whose images and device are those of all.
    fn node(&mut self, node: &Node, inputs: Vec<Feature>, before: &Feature) -> Feature {
        let shape = node.shape;
        let mut inputs = inputs.into_iter();
        let first = inputs.next();
        match (&node.layer, first) {
            (Layer::Input, _) => before.clone(),
            (Layer::Sum, Some(first)) => inputs.fold(first, Feature::add),
            (Layer::Convolution(convolution), Some(x)) => self.convolution(convolution, x),
            (Layer::BatchNorm(norm), Some(x)) => {
                // The reference calls the stem once for an image, and every other layer at each timestep.
                let config = &self.graph.config;
                let updates = if node.place == Place::Stem { config.frames_of_sample() } else { config.timesteps };
                self.batch_norm(norm, x, updates)
            }
            (Layer::Lif(lif), Some(x)) => self.lif(lif, x),
            (Layer::AveragePool(pool), Some(x)) => Feature { map: ops::average_pool(x.map, pool), ..x },
            (Layer::Linear(linear), Some(x)) => self.linear(linear, x, !linear.has_bias),
            (&Layer::Vote { cluster }, Some(x)) => vote(x, cluster),
            // An empty sum.
            _ => {
                let size = [before.images(), shape.channels, shape.height, shape.width];
                Feature { map: Tensor::zeros(size, &before.map.device()).without_autodiff(), steps: 1 }
            }
        }
    }

    fn convolution(&self, convolution: &Convolution, x: Feature) -> Feature {
        let side = convolution.kernel.side();
        let size = [convolution.outputs, convolution.input.channels, side, side];
        Feature { map: ops::convolution(x.map, self.parameter(&convolution.name, "weight").reshape(size)), ..x }
    }

    /// Normalises each timestep by its own statistics or by those of all in training, which update the running ones `updates` times, and
    /// by the running ones otherwise.
    fn batch_norm(&mut self, norm: &BatchNorm, x: Feature, updates: usize) -> Feature {
        let affine = ["weight", "bias"].map(|tensor| self.parameter(&norm.name, tensor));
        let running = self.tensors.running_of(&norm.name);
        if self.mode == Mode::Evaluate {
            return Feature { map: ops::normalise(x.map, running, affine), ..x };
        }
        let parts = if self.over == NormOver::All { 1 } else { x.steps };
        let (map, statistics) = ops::batch_norm(x.map, parts, affine);
        self.tensors.set_running(&norm.name, statistics.update(running, self.mode, updates));
        Feature { map, ..x }
    }

    /// Spikes at every timestep, kept to be counted.
    fn lif(&mut self, lif: &Lif, x: Feature) -> Feature {
        let (steps, tau) = (self.graph.config.timesteps, self.graph.config.tau);
        let [_, channels, height, width] = x.map.dims();
        let (spikes, membranes) = ops::lif(x.by_step(), steps, tau, lif.threshold, self.surrogate_alpha);
        let [fired, membranes] = [spikes.clone(), membranes].map(Tensor::without_autodiff);
        self.spikes.push(Spikes { layer: lif.name.clone(), fired, membranes });
        Feature { map: spikes.reshape([x.images() * steps, channels, height, width]), steps }
    }

    fn linear(&mut self, linear: &Linear, x: Feature, drops: bool) -> Feature {
        let (steps, images) = (x.steps, x.images());
        let mut x = x.by_step();
        if drops && let Some(mask) = self.dropout_mask(images * linear.inputs, &x) {
            x = x * mask;
        }
        let weight = self.parameter(&linear.name, "weight").reshape([linear.outputs, linear.inputs]);
        let mut x = x.reshape([steps * images, linear.inputs]).matmul(weight.transpose());
        if linear.has_bias {
            x = x + self.parameter(&linear.name, "bias").reshape([1, linear.outputs]);
        }
        Feature { map: x.reshape([steps * images, linear.outputs, 1, 1]), steps }
    }

    /// [1, length]: 0 with the probability of dropout, else a factor that keeps the mean; none if nothing is dropped.
    fn dropout_mask(&mut self, length: usize, x: &Tensor<2>) -> Option<Tensor<2>> {
        let (dropout, rng) = self.dropout.as_mut().filter(|(dropout, _)| *dropout > 0.0)?;
        let kept = 1.0 / (1.0 - *dropout);
        let mask: Vec<f32> = (0..length).map(|_| if rng.random::<f32>() < *dropout { 0.0 } else { kept }).collect();
        Some(Tensor::from_data(TensorData::new(mask, [1, length]), &x.device()))
    }

    /// A parameter; outside training, one that records nothing.
    fn parameter(&self, module: &str, tensor: &str) -> Tensor<1> {
        let parameter = self.tensors.trainable(module, tensor);
        match self.mode {
            Mode::Train => parameter,
            Mode::Estimate { .. } | Mode::Evaluate => parameter.without_autodiff(),
        }
    }
}

/// The mean of each cluster, and over the timesteps: [images, classes, 1, 1].
fn vote(x: Feature, cluster: usize) -> Feature {
    let (images, outputs) = (x.images(), x.map.dims()[1]);
    let classes = outputs / cluster;
    let votes = x.map.reshape([x.steps, images, classes, cluster]).mean_dim(0).mean_dim(3);
    Feature { map: votes.reshape([images, classes, 1, 1]), steps: 1 }
}
