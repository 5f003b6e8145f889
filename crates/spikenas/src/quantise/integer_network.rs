use super::pixels::Pixels;
use crate::Result;
use crate::cost::{Leak, Limits, Target, WeightBits};
use crate::graph::{Graph, Normalisation, Stages};

/// A network in whole numbers: what a device computes.
///
/// At each timestep, each map is `step * (sum of the weights of the spikes that a pixel's kernel covers) + bias`, the average of
/// another, or a sum of maps; a layer's membrane becomes `leak(membrane) + sign * map + bias` and fires at the threshold, from
/// which it is zero again.
#[derive(Clone, Debug, PartialEq)]
pub struct IntegerNetwork {
    /// The network.
    pub graph: Graph,
    /// Its stages.
    pub stages: Stages,
    /// Bits of a weight.
    pub bits: WeightBits,
    /// The leak of the membranes.
    pub leak: Leak,
    /// How far from zero its numbers may be.
    pub limits: Limits,
    /// How an image is read.
    pub pixels: Pixels,
    /// How the float network read it.
    pub normalisation: Normalisation,
    /// Of each map that is a convolution.
    pub convolutions: Vec<Option<IntegerConvolution>>,
    /// Of each LIF layer of the backbone.
    pub layers: Vec<IntegerLayer>,
    /// The hidden layer of the classifier.
    pub hidden: IntegerHidden,
    /// The outputs.
    pub output: IntegerOutput,
}

/// A convolution with its batch norm.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct IntegerConvolution {
    /// `[outputs, inputs, side, side]`.
    pub weights: Vec<i8>,
    /// Of each output, the units of its map that a weight of 1 is.
    pub step: Vec<i16>,
    /// Of each output, in units of its map.
    pub bias: Vec<i16>,
    /// Of each output of the convolution of an image, the bits by which the product of step and sum is rounded; none elsewhere.
    pub shift: Vec<u8>,
}

impl IntegerConvolution {
    /// What a sum of weights adds to the map, without the bias.
    #[inline]
    pub fn scaled(&self, output: usize, sum: i32) -> i32 {
        let product = i32::from(self.step[output]) * sum;
        match self.shift.get(output) {
            Some(&shift) => (product + ((1 << shift) >> 1)) >> shift,
            None => product,
        }
    }
}

/// A LIF layer: the currents are its map, or `sign * map + bias` where there is a batch norm between.
#[derive(Clone, Debug, PartialEq)]
pub struct IntegerLayer {
    /// Membrane at which a channel fires, with the leak's bits behind the point.
    pub threshold: Vec<i32>,
    /// Sign and bias of each channel.
    pub norm: Option<(Vec<i8>, Vec<i32>)>,
    /// What a unit of a channel's current is worth: 1 for the float network's input of the layer.
    pub unit: Vec<f64>,
}

/// The hidden layer, which reads how many spikes a tile of the pooling has.
#[derive(Clone, Debug, PartialEq)]
pub struct IntegerHidden {
    /// `[outputs, inputs]`.
    pub weights: Vec<i8>,
    /// Membrane at which a neuron fires, with the leak's bits behind the point.
    pub threshold: Vec<i32>,
    /// What a unit of a neuron's current is worth.
    pub unit: Vec<f64>,
}

/// The outputs: `weights * spikes of all timesteps + bias`, one for each class.
#[derive(Clone, Debug, PartialEq)]
pub struct IntegerOutput {
    /// `[classes, inputs]`.
    pub weights: Vec<i8>,
    /// Of each class.
    pub bias: Vec<i32>,
    /// What a unit of a score is worth: the float network's logit times its timesteps.
    pub unit: f64,
}

impl IntegerNetwork {
    /// The stages of a network for a target: for a simulator, whose layers have one threshold each, without anything shared.
    pub fn stages_for(graph: &Graph, target: Target) -> Result<Stages> {
        let stages = Stages::new(graph)?;
        Ok(match target {
            Target::Device => stages,
            Target::Simulator => stages.split(),
        })
    }

    /// What of a sample is shown at a timestep: its image, or a frame.
    pub(super) fn image_at<'a>(&self, sample: &'a [u8], timestep: usize) -> &'a [u8] {
        let (frame, length) = (if self.stages.frames { timestep } else { 0 }, self.graph.input.len());
        &sample[frame * length..][..length]
    }

    /// Logits of scores.
    pub fn logits(&self, scores: &[i32]) -> Vec<f32> {
        let worth = self.output.unit / self.graph.config.timesteps as f64;
        scores.iter().map(|&score| (f64::from(score) * worth) as f32).collect()
    }

    /// The convolution of a map. Panics where the map is none.
    pub fn convolution(&self, map: usize) -> &IntegerConvolution {
        self.convolutions[map].as_ref().expect("a map that is a convolution has its weights")
    }
}
