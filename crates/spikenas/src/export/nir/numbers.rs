use crate::cost::{Leak, Target};
use crate::graph::{Content, Convolved, Graph, Stages};
use crate::quantise::{Affine, IntegerNetwork, cluster_means};
use crate::weights::Weights;
use crate::{Error, Result};

/// The numbers of a network as NIR has them, of float or integer arithmetic alike.
pub(super) struct Numbers {
    /// Without anything shared.
    pub(super) stages: Stages,
    /// Of each map that is a convolution.
    pub(super) convolutions: Vec<Option<Kernel>>,
    /// What is added to the current of each channel of a layer, beside its convolutions.
    pub(super) shifts: Vec<Vec<f64>>,
    /// Membrane at which the neurons of each layer fire.
    pub(super) thresholds: Vec<f64>,
    /// `[outputs, inputs]`: of a spike in a tile of the pooling; no bias.
    pub(super) hidden: Vec<f64>,
    pub(super) hidden_threshold: f64,
    /// `[classes, inputs]`.
    pub(super) output: Kernel,
    /// Membrane time constant in timesteps.
    pub(super) tau: f64,
}

/// Weights and biases.
pub(super) struct Kernel {
    /// `[outputs, inputs, side, side]`.
    pub(super) weights: Vec<f64>,
    /// Of each output.
    pub(super) bias: Vec<f64>,
}

impl Kernel {
    fn scaled(&mut self, factors: &[f64]) {
        let row = self.weights.len() / self.bias.len();
        for ((weights, bias), factor) in self.weights.chunks_exact_mut(row).zip(&mut self.bias).zip(factors) {
            weights.iter_mut().for_each(|weight| *weight *= factor);
            *bias *= factor;
        }
    }
}

impl Numbers {
    pub(super) fn float(graph: &Graph, weights: &Weights) -> Result<Self> {
        weights.check(graph)?;
        let stages = Stages::new(graph)?.split();
        let mut convolutions: Vec<Option<Kernel>> = stages.maps.iter().map(|_| None).collect();
        for (map, convolved) in stages.convolutions() {
            let Convolved { convolution, norm, tile, reader, .. } = convolved;
            let Affine { scale: mut scales, shift: bias } = Affine::of(norm, weights);
            scales.iter_mut().for_each(|scale| *scale /= tile.pow(2) as f64);
            let values = weights.values(&convolution.weight().name);
            let mut kernel = Kernel {
                weights: values.iter().map(|&weight| f64::from(weight)).collect(),
                bias: vec![0.0; bias.len()],
            };
            kernel.scaled(&scales);
            kernel.bias = bias;
            let before = reader.and_then(|reader| stages.layers[reader].norm.as_ref());
            before.iter().for_each(|norm| kernel.scaled(&Affine::of(norm, weights).scale));
            convolutions[map] = Some(kernel);
        }
        let shift = |layer: &crate::graph::Spiking| match &layer.norm {
            Some(norm) => Affine::of(norm, weights).shift,
            None => vec![0.0; layer.shape().channels],
        };
        let classifier = &stages.classifier;
        let tile = classifier.pool.pow(2) as f64;
        let hidden = weights.values(&classifier.hidden.weight().name).iter().map(|&w| f64::from(w) / tile).collect();
        let mean = |name: &str, inputs: usize| cluster_means(weights.values(name), inputs, classifier.cluster);
        let output = Kernel {
            weights: mean(&classifier.output.weight().name, classifier.output.inputs),
            bias: classifier.output.bias().map_or(vec![0.0; graph.outputs()], |bias| mean(&bias.name, 1)),
        };
        Ok(Self {
            shifts: stages.layers.iter().map(shift).collect(),
            thresholds: stages.layers.iter().map(|layer| f64::from(layer.threshold())).collect(),
            hidden_threshold: f64::from(classifier.lif.threshold),
            tau: f64::from(graph.config.tau),
            convolutions,
            hidden,
            output,
            stages,
        })
    }

    /// Currents are in parts of the threshold, `2^-k` each: whole numbers divided by a power of two.
    pub(super) fn integer(network: &IntegerNetwork) -> Result<Self> {
        let IntegerNetwork { stages, leak, pixels, .. } = network;
        let Leak::Exact { shift: Some(shift), fraction } = *leak else {
            return Err(Error::invalid("no simulator computes this leak: quantise the network for a simulator"));
        };
        if pixels.target != Target::Simulator {
            return Err(Error::invalid("the integer network is for devices alone: quantise it for a simulator"));
        }
        if stages.maps.iter().any(|map| matches!(map.content, Content::Averaged { .. })) {
            return Err(Error::invalid(
                "avgpool3x3 is rounded in an integer network, and no node of NIR rounds: export the float network",
            ));
        }
        // Thresholds are powers of two, with the fraction behind the point.
        let parts = |threshold: &[i32]| -> Vec<f64> {
            threshold.iter().map(|&threshold| f64::from(1_u32 << fraction) / f64::from(threshold)).collect()
        };
        let mut convolutions: Vec<Option<Kernel>> = stages.maps.iter().map(|_| None).collect();
        for (map, convolved) in stages.convolutions() {
            let values = network.convolution(map);
            let (row, reader) = (values.weights.len() / values.bias.len(), convolved.reader.unwrap_or_default());
            let stepped = values
                .weights
                .iter()
                .enumerate()
                .map(|(at, &weight)| f64::from(weight) * f64::from(values.step[at / row]));
            let mut kernel =
                Kernel { weights: stepped.collect(), bias: values.bias.iter().map(|&b| f64::from(b)).collect() };
            kernel.scaled(&parts(&network.layers[reader].threshold));
            convolutions[map] = Some(kernel);
        }
        let shifts = network.layers.iter().map(|layer| match &layer.norm {
            Some((_, bias)) => bias.iter().zip(parts(&layer.threshold)).map(|(&b, part)| f64::from(b) * part).collect(),
            None => vec![0.0; layer.threshold.len()],
        });
        // A membrane of a simulator is a multiple of (1 - 2^-shift) 2^-m, where 2^m is the largest threshold; just below the
        // threshold lies a number that is none.
        let below = |threshold: &[i32]| {
            let grid = f64::from(threshold.iter().copied().max().unwrap_or(1));
            1.0 - 0.5_f64.powi(shift as i32) - 0.25 / grid
        };
        let hidden_parts = parts(&network.hidden.threshold);
        let row = stages.classifier.hidden.inputs;
        let hidden = network.hidden.weights.iter().enumerate();
        Ok(Self {
            shifts: shifts.collect(),
            thresholds: network.layers.iter().map(|layer| below(&layer.threshold)).collect(),
            hidden: hidden.map(|(at, &weight)| f64::from(weight) * hidden_parts[at / row]).collect(),
            hidden_threshold: below(&network.hidden.threshold),
            output: Kernel {
                weights: network.output.weights.iter().map(|&weight| f64::from(weight)).collect(),
                // The bias of the scores is that of all timesteps together.
                bias: network
                    .output
                    .bias
                    .iter()
                    .map(|&b| f64::from(b) / network.graph.config.timesteps as f64)
                    .collect(),
            },
            tau: leak.growth(),
            convolutions,
            stages: stages.clone(),
        })
    }
}
