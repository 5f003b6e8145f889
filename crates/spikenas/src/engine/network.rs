use std::collections::BTreeMap;

use super::optimiser::{Optimiser, OptimiserState};
use crate::Result;
use crate::data::Batch;
use crate::graph::Graph;
use crate::random::Generator;
use crate::weights::Weights;

/// Which statistics batch norms use.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// Those of the batch, at each timestep, which also move the running ones.
    Train,
    /// The running ones.
    Evaluate,
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

/// How some images are learned from.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Lesson {
    /// Probability with which an input of the classifier is dropped; one mask holds for all timesteps.
    pub dropout: f32,
    /// Part of each target that is spread evenly over all classes.
    pub label_smoothing: f64,
    /// The part of the step's gradient that these images make, 1 where they are all.
    pub share: f32,
}

/// What some images taught.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Shown {
    /// Mean cross entropy.
    pub loss: f64,
    /// Right answers.
    pub correct: usize,
}

/// Gradients by the names of their parameters, flat. A parameter on which the loss does not depend has none.
pub type Gradients = BTreeMap<String, Vec<f32>>;

/// A network on an engine's device: shown images, taught, and moved.
pub trait Network: Send + Sync {
    /// What was built.
    fn graph(&self) -> &Graph;

    /// Reads all tensors back.
    fn weights(&self) -> Weights;

    /// Shows images, `[images, channels, rows, columns]`, for all timesteps, without dropout.
    ///
    /// Errors: not enough memory.
    fn forward(&mut self, images: &[f32], mode: Mode) -> Result<Output>;

    /// A forward and a backward pass: adds `share` times the gradient of the mean cross entropy to those gathered since the last
    /// step. `rng` draws the dropout mask.
    ///
    /// Errors: not enough memory.
    fn learn(&mut self, batch: &Batch, lesson: &Lesson, rng: &mut Generator) -> Result<Shown>;

    /// The gradients gathered since the last step.
    fn gradients(&self) -> Gradients;

    /// Moves every trainable parameter against its gradient, and forgets the gradients.
    fn step(&mut self, optimiser: &Optimiser, learning_rate: f64);

    /// What the optimiser remembers.
    fn optimiser_state(&self) -> OptimiserState;

    /// Goes on from what [`Network::optimiser_state`] gave.
    ///
    /// Errors: buffers that are not the network's, or not finite.
    fn set_optimiser_state(&mut self, state: &OptimiserState) -> Result<()>;
}
