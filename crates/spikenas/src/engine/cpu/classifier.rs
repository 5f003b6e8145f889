use rand::RngExt;
use spikenas_kernels::{
    ConvolutionMaps, Extent, GradientKernel, Isa, LifLayer, LifParameters, OfAverages, PackedKernel, PackedLinear,
    Spikes, Sum, Term, convolve_spikes, lif_scan, linear_input_gradient, linear_of_averages, linear_weight_gradient,
    spike_gradients,
};

use crate::engine::loss::{Loss, LossKind};
use crate::engine::network::{Gradients, Lesson};
use crate::graph::{Graph, Layer, Lif, Linear, Node, Shape};
use crate::random::Generator;
use crate::weights::Weights;

/// The layers behind the last LIF layer of the cells: average pooling -> linear -> LIF -> linear -> vote.
pub(super) struct Classifier {
    /// Map of the spikes that it reads.
    shape: Shape,
    /// Side of the squares over which they are averaged.
    pub pool: usize,
    hidden: Linear,
    lif: Lif,
    output: Linear,
    cluster: usize,
    timesteps: usize,
    tau: f32,
}

/// What a forward pass leaves for the backward pass.
pub(super) struct Trace {
    /// Spikes at the input that were not dropped.
    kept: Spikes,
    dropout: Option<Dropout>,
    /// The values that the LIF layer reads, `[steps * images, neurons]`.
    charges: Vec<f32>,
    /// Its spikes.
    pub fired: Spikes,
    /// Means over clusters, `[steps * images, classes]`.
    pub at_steps: Vec<f32>,
    /// Means over timesteps and clusters, `[images, classes]`.
    pub logits: Vec<f32>,
}

impl Trace {
    /// The loss of a lesson, with the gradient of the logits that it reads.
    pub fn loss(&self, labels: &[usize], lesson: &Lesson) -> Loss {
        match lesson.loss {
            LossKind::Mean => Loss::new(&self.logits, labels, lesson.label_smoothing),
            LossKind::Timestep => {
                let steps = self.at_steps.len() / self.logits.len().max(1);
                Loss::new(&self.at_steps, &labels.repeat(steps), lesson.label_smoothing)
            }
        }
    }
}

/// Inputs that are dropped, the same ones at every timestep.
struct Dropout {
    /// Whether an input is kept, `[images, averages, channels]`.
    kept: Vec<bool>,
    /// The factor that keeps the mean.
    scale: f32,
}

impl Classifier {
    /// The classifier of a graph.
    pub fn of(graph: &Graph) -> Self {
        let layers: Vec<&Node> = graph.nodes().iter().rev().take(6).collect();
        let [vote, output, lif, hidden, average, last] = layers.as_slice() else { unreachable!("graphs end so") };
        match (&vote.layer, &output.layer, &lif.layer, &hidden.layer, &average.layer) {
            (
                Layer::Vote { cluster },
                Layer::Linear(output),
                Layer::Lif(lif),
                Layer::Linear(hidden),
                Layer::AveragePool(average),
            ) => Self {
                shape: last.shape,
                pool: average.side,
                hidden: hidden.clone(),
                lif: lif.clone(),
                output: output.clone(),
                cluster: *cluster,
                timesteps: graph.config.timesteps,
                tau: graph.config.tau,
            },
            _ => unreachable!("graphs end so"),
        }
    }

    /// Averages of a channel.
    fn averages(&self) -> usize {
        (self.shape.height / self.pool) * (self.shape.width / self.pool)
    }

    fn extent(&self, samples: usize) -> Extent {
        Extent { steps: self.timesteps, samples, pixels: 1, channels: self.lif.shape.channels }
    }

    /// `spikes`: of the last LIF layer, `[steps * images, pixels, channels]`.
    pub fn forward(&self, weights: &Weights, spikes: &Spikes, dropout: f32, rng: &mut Generator) -> Trace {
        let (isa, samples) = (Isa::best(), spikes.maps() / self.timesteps);
        let dropout = (dropout > 0.0).then(|| self.draw_dropout(samples, dropout, rng));
        let kept = dropout.as_ref().map_or_else(|| spikes.clone(), |dropout| self.drop_spikes(spikes, dropout));
        let weight = weights.values(&self.hidden.weight().name);
        let kernel = PackedLinear::new(isa, self.hidden.outputs, self.shape.channels, self.averages(), weight);
        let mut charges = linear_of_averages(&kept, self.shape.height, self.shape.width, self.pool, &kernel);
        if let Some(Dropout { scale, .. }) = dropout {
            charges.iter_mut().for_each(|charge| *charge *= scale);
        }
        let mut fired = Spikes::zeros(spikes.maps(), 1, self.hidden.outputs);
        let terms = [Term { values: &charges, affine: None }];
        lif_scan(isa, &self.sum(&terms, samples), self.dynamics(), None, &mut fired);
        let (at_steps, logits) = self.vote(weights, &fired, samples);
        Trace { kept, dropout, charges, fired, at_steps, logits }
    }

    fn sum<'a>(&self, terms: &'a [Term<'a>], samples: usize) -> Sum<'a> {
        Sum { terms, affine: None, extent: self.extent(samples) }
    }

    fn dynamics(&self) -> LifParameters {
        LifParameters { tau: self.tau, threshold: self.lif.threshold }
    }

    /// The masks of all images, drawn in the order of the state dict's inputs: channel by channel.
    fn draw_dropout(&self, samples: usize, probability: f32, rng: &mut Generator) -> Dropout {
        let (channels, averages) = (self.shape.channels, self.averages());
        let mut kept = vec![true; samples * averages * channels];
        for image in kept.chunks_exact_mut(averages * channels) {
            for (channel, average) in (0..channels).flat_map(|c| (0..averages).map(move |a| (c, a))) {
                image[average * channels + channel] = rng.random::<f32>() >= probability;
            }
        }
        Dropout { kept, scale: 1.0 / (1.0 - probability) }
    }

    /// The spikes of the averages that are not dropped.
    fn drop_spikes(&self, spikes: &Spikes, dropout: &Dropout) -> Spikes {
        let (channels, width) = (self.shape.channels, self.shape.width);
        let masks: Vec<Vec<u64>> = dropout.kept.chunks_exact(channels).map(pack).collect();
        let (samples, averages) = (masks.len() / self.averages(), self.averages());
        let (per_pixel, mut words) = (spikes.words_per_pixel(), spikes.words().to_vec());
        for (index, words) in words.chunks_exact_mut(per_pixel).enumerate() {
            let (map, pixel) = (index / spikes.pixels(), index % spikes.pixels());
            let average = pixel / width / self.pool * (width / self.pool) + pixel % width / self.pool;
            words.iter_mut().zip(&masks[map % samples * averages + average]).for_each(|(word, mask)| *word &= mask);
        }
        Spikes::in_words(words, spikes.maps(), spikes.pixels(), channels)
    }

    /// Adds the bias and averages each cluster into a class: at every timestep, and the mean over timesteps.
    fn vote(&self, weights: &Weights, fired: &Spikes, samples: usize) -> (Vec<f32>, Vec<f32>) {
        let Linear { inputs, outputs, .. } = self.output;
        let kernel = PackedKernel::new(Isa::best(), outputs, inputs, 1, weights.values(&self.output.weight().name));
        let mut sums = vec![0.0; fired.maps() * outputs];
        convolve_spikes(fired, ConvolutionMaps::new(samples, 1, 1), &kernel, &mut sums, None);
        let bias = self.output.bias().map(|bias| weights.values(&bias.name));
        let mut votes: Vec<f32> = sums.chunks_exact(self.cluster).map(|neurons| neurons.iter().sum()).collect();
        let classes = outputs / self.cluster;
        let of_class = |class: usize, sum: f32| {
            let neurons = class * self.cluster..(class + 1) * self.cluster;
            let bias = bias.map_or(0.0, |bias| bias[neurons].iter().sum::<f32>());
            (sum + bias) / self.cluster as f32
        };
        let mean = |index: usize| {
            let sum: f32 = votes[index..].iter().step_by(samples * classes).sum();
            of_class(index % classes, sum / self.timesteps as f32)
        };
        let logits = (0..samples * classes).map(mean).collect();
        votes.iter_mut().enumerate().for_each(|(index, vote)| *vote = of_class(index % classes, *vote));
        (votes, logits)
    }

    /// A backward pass from the gradient of the logits that a lesson's loss reads: keeps those of the weights, and returns that of the
    /// averages at the input, `[steps * images, averages, channels]`.
    pub fn backward(
        &self,
        weights: &Weights,
        trace: &Trace,
        of_logits: &[f32],
        lesson: &Lesson,
        gradients: &mut Gradients,
    ) -> Vec<f32> {
        let (isa, samples) = (Isa::best(), trace.kept.maps() / self.timesteps);
        let of_spikes = match lesson.loss {
            LossKind::Mean => self.output_backward(weights, &trace.fired, of_logits, gradients),
            LossKind::Timestep => self.output_backward_at_steps(weights, &trace.fired, of_logits, gradients),
        };
        let (input, of_spikes) =
            ([Term { values: &trace.charges, affine: None }], [Term { values: &of_spikes, affine: None }]);
        let layer = LifLayer {
            input: self.sum(&input, samples),
            parameters: self.dynamics(),
            surrogate_alpha: lesson.surrogate_alpha,
            spikes: &trace.fired,
            height: 1,
            width: 1,
        };
        let mut of_charges = vec![0.0; trace.charges.len()];
        let of_averages = OfAverages { gradient: self.sum(&of_spikes, samples), side: 1 };
        spike_gradients(isa, &layer, &[], Some(of_averages), None, &mut of_charges);
        let scale = trace.dropout.as_ref().map_or(1.0, |dropout| dropout.scale);
        of_charges.iter_mut().for_each(|gradient| *gradient *= scale);
        let Shape { height, width, .. } = self.shape;
        let of_weight = linear_weight_gradient(isa, &trace.kept, height, width, self.pool, &of_charges);
        gradients.insert(self.hidden.weight().name, of_weight);
        let mut of_inputs = linear_input_gradient(isa, &of_charges, &self.gradient_kernel(weights));
        if let Some(Dropout { kept, .. }) = &trace.dropout {
            for step in of_inputs.chunks_exact_mut(kept.len()) {
                step.iter_mut().zip(kept).filter(|(_, kept)| !**kept).for_each(|(gradient, _)| *gradient = 0.0);
            }
        }
        of_inputs
    }

    /// The hidden layer's weights with the averages before the channels, `[outputs, averages, channels]`, for its inputs' gradient.
    fn gradient_kernel(&self, weights: &Weights) -> GradientKernel {
        let (weight, averages) = (weights.values(&self.hidden.weight().name), self.averages());
        let Linear { inputs, outputs, .. } = self.hidden;
        let mut turned = vec![0.0; weight.len()];
        for (turned, weight) in turned.chunks_exact_mut(inputs).zip(weight.chunks_exact(inputs)) {
            for (channel, weight) in weight.chunks_exact(averages).enumerate() {
                turned.iter_mut().skip(channel).step_by(self.shape.channels).zip(weight).for_each(|(to, w)| *to = *w);
            }
        }
        GradientKernel::new(outputs, inputs, 1, &turned)
    }

    /// Gradients of the output layer; returns that of the spikes that it reads, `[steps * images, neurons]`.
    fn output_backward(
        &self,
        weights: &Weights,
        fired: &Spikes,
        of_logits: &[f32],
        gradients: &mut Gradients,
    ) -> Vec<f32> {
        let Linear { inputs, outputs, .. } = self.output;
        let samples = fired.maps() / self.timesteps;
        let weight = weights.values(&self.output.weight().name);
        let (mut of_weight, mut of_bias) = (vec![0.0; weight.len()], vec![0.0; outputs]);
        let mut of_image = vec![0.0; samples * inputs];
        for (image, (of_image, of_logits)) in
            of_image.chunks_exact_mut(inputs).zip(of_logits.chunks_exact(outputs / self.cluster)).enumerate()
        {
            let mean: Vec<f32> = (0..inputs).map(|neuron| self.mean_spikes(fired, samples, image, neuron)).collect();
            for (neuron, row) in weight.chunks_exact(inputs).enumerate() {
                let of_vote = of_logits[neuron / self.cluster] / self.cluster as f32;
                of_bias[neuron] += of_vote;
                let of_row = &mut of_weight[neuron * inputs..][..inputs];
                of_row.iter_mut().zip(&mean).for_each(|(sum, mean)| *sum += of_vote * mean);
                of_image.iter_mut().zip(row).for_each(|(sum, weight)| *sum += of_vote * weight);
            }
        }
        gradients.insert(self.output.weight().name, of_weight);
        self.output.bias().map(|bias| gradients.insert(bias.name, of_bias));
        of_image.iter_mut().for_each(|gradient| *gradient /= self.timesteps as f32);
        of_image.repeat(self.timesteps)
    }

    /// The same, from the gradient of the logits of every timestep, `[steps * images, classes]`. The neurons of a cluster share
    /// theirs, so that everything is computed once for a class.
    fn output_backward_at_steps(
        &self,
        weights: &Weights,
        fired: &Spikes,
        of_logits: &[f32],
        gradients: &mut Gradients,
    ) -> Vec<f32> {
        let Linear { inputs, outputs, .. } = self.output;
        let (isa, cluster, classes) = (Isa::best(), self.cluster, outputs / self.cluster);
        let of_votes: Vec<f32> = of_logits.iter().map(|gradient| gradient / cluster as f32).collect();
        let of_class = linear_weight_gradient(isa, fired, 1, 1, 1, &of_votes);
        let of_weight = of_class.chunks_exact(inputs).flat_map(|row| row.repeat(cluster)).collect();
        gradients.insert(self.output.weight().name, of_weight);
        if let Some(bias) = self.output.bias() {
            let sum = |neuron: usize| of_votes.iter().skip(neuron / cluster).step_by(classes).sum();
            gradients.insert(bias.name, (0..outputs).map(sum).collect());
        }
        let mut sums = vec![0.0; classes * inputs];
        for (neuron, row) in weights.values(&self.output.weight().name).chunks_exact(inputs).enumerate() {
            let of_class = &mut sums[neuron / cluster * inputs..][..inputs];
            of_class.iter_mut().zip(row).for_each(|(sum, weight)| *sum += weight);
        }
        linear_input_gradient(isa, &of_votes, &GradientKernel::new(classes, inputs, 1, &sums))
    }

    /// Firing rate of a neuron for an image.
    fn mean_spikes(&self, fired: &Spikes, samples: usize, image: usize, neuron: usize) -> f32 {
        let count = (0..self.timesteps).filter(|step| fired.get(step * samples + image, 0, neuron)).count();
        count as f32 / self.timesteps as f32
    }
}

/// Bits of a mask, 64 per word.
fn pack(kept: &[bool]) -> Vec<u64> {
    let word = |bits: &[bool]| bits.iter().rev().fold(0, |word, &bit| word << 1 | u64::from(bit));
    kept.chunks(64).map(word).collect()
}
