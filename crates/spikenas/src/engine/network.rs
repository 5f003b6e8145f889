use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::loss::LossKind;
use super::optimiser::{Optimiser, OptimiserState};
use crate::Result;
use crate::data::Batch;
use crate::graph::{BatchNorm, Graph};
use crate::random::Generator;
use crate::weights::Weights;

/// Over what batch norms take the statistics of a mini-batch.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum NormOver {
    /// Each timestep by itself, as SNASNet: what normalises a training differs from timestep to timestep, and what normalises a test does
    /// not.
    #[default]
    Timestep,
    /// All timesteps together (Zheng et al. 2021), so that training and test are normalised alike.
    All,
}

/// Which statistics batch norms use.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// Those of the batch, at each timestep, which also update the running ones.
    Train,
    /// Those of the batch, at each timestep; the running ones become the mean over all timesteps of this pass and of so many passes
    /// before it.
    Estimate {
        /// Passes before this one.
        passes: u64,
        /// Over what each pass takes them.
        over: NormOver,
    },
    /// The running ones.
    Evaluate,
}

impl Mode {
    /// Weight of the statistics of a timestep in the running ones, which each pass updates at `updates` timesteps.
    pub(super) fn share(self, step: usize, updates: usize) -> f64 {
        match self {
            Mode::Estimate { passes, .. } => 1.0 / (passes as f64 * updates as f64 + step as f64 + 1.0),
            Mode::Train | Mode::Evaluate => BatchNorm::MOMENTUM,
        }
    }
}

/// What a forward pass gives.
#[derive(Clone, Debug, PartialEq)]
pub struct Output {
    /// Means over timesteps and clusters, `[images, classes]`.
    pub logits: Vec<f32>,
    /// What every LIF layer fired, in the order of execution.
    pub fired: Vec<Fired>,
}

/// What one LIF layer fired.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fired {
    /// Name of the layer.
    pub layer: String,
    /// Spikes of all images at each timestep.
    pub counts: Vec<u64>,
}

/// Settings of a training step on some images.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Lesson {
    /// Probability with which an input of the classifier is dropped; one mask holds for all timesteps.
    pub dropout: f32,
    /// Part of each target that is spread evenly over all classes.
    pub label_smoothing: f64,
    /// Which logits the loss reads.
    pub loss: LossKind,
    /// Over what batch norms take their statistics.
    pub norm_over: NormOver,
    /// Sharpness of the surrogate gradient of a spike, that of ATan of the membrane h before it fires: `d spike / d h = (alpha / 2) / (1 +
    /// (pi / 2 * alpha * (h - threshold))^2)` (Fang et al. 2021).
    pub surrogate_alpha: f32,
    /// The part of the step's gradient that comes from these images, 1 where they are the whole mini-batch.
    pub share: f32,
}

impl Lesson {
    /// The whole mini-batch, nothing dropped or smoothed, the loss of the mean, statistics of each timestep, SNASNet's surrogate.
    pub const PLAIN: Self = Self {
        dropout: 0.0,
        label_smoothing: 0.0,
        loss: LossKind::Mean,
        norm_over: NormOver::Timestep,
        surrogate_alpha: 2.0,
        share: 1.0,
    };
}

/// The loss and accuracy of a training step on some images.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Shown {
    /// Mean cross entropy of the logits that the loss reads.
    pub loss: f64,
    /// Images whose class was predicted.
    pub correct: usize,
}

/// Gradients by the names of their parameters, flat. A parameter on which the loss does not depend has none.
pub type Gradients = BTreeMap<String, Vec<f32>>;

/// A network on an engine's device: forward and backward passes, and steps of an optimiser.
pub trait Network: Send + Sync {
    /// Its layers.
    fn graph(&self) -> &Graph;

    /// Reads all tensors back.
    fn weights(&self) -> Weights;

    /// Replaces trainable tensors, by their names and flat; the optimiser's state and the accumulated gradients stay.
    ///
    /// Panics if the graph has none of such a name and length.
    fn replace(&mut self, tensors: &BTreeMap<String, Vec<f32>>);

    /// A network of the same device with a graph and weights of its own and a new optimiser; both use the same memory, one after the
    /// other.
    ///
    /// Errors: weights that are not the graph's.
    fn sibling(&self, graph: &Graph, weights: Weights) -> Result<Box<dyn Network>>;

    /// All tensors, and the gradients accumulated since the last step.
    fn into_parts(self: Box<Self>) -> (Weights, Gradients);

    /// Shows images, `[images, channels, rows, columns]`, for all timesteps, without dropout.
    ///
    /// Errors: not enough memory.
    fn forward(&mut self, images: &[f32], mode: Mode) -> Result<Output>;

    /// A forward and a backward pass: adds `share` times the gradient of the loss to those accumulated
    /// since the last step. `rng` draws the dropout mask.
    ///
    /// Errors: not enough memory.
    fn learn(&mut self, batch: &Batch, lesson: &Lesson, rng: &mut Generator) -> Result<Shown>;

    /// The gradients accumulated since the last step.
    fn gradients(&self) -> Gradients;

    /// A step of the optimiser: updates every trainable parameter, and clears the gradients.
    fn step(&mut self, optimiser: &Optimiser, learning_rate: f64);

    /// The state of the optimiser.
    fn optimiser_state(&self) -> OptimiserState;

    /// Continues from what [`Network::optimiser_state`] returned.
    ///
    /// Errors: buffers that are not the network's, or not finite.
    fn set_optimiser_state(&mut self, state: &OptimiserState) -> Result<()>;
}
