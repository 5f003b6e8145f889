use serde::{Deserialize, Serialize};

use crate::Result;
use crate::graph::Graph;

/// The score of one architecture.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Score {
    /// The figure of merit; minus infinity where the kernel matrix is singular or nothing comes through, never NaN.
    pub value: f64,
    /// Spikes per neuron and timestep over all LIF layers; not known where the score takes no forward pass.
    pub firing_rate: Option<f64>,
    /// What it reached with inherited weights, where the score is made of that.
    pub judged: Option<Judged>,
}

/// What a network reached on validation images.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Judged {
    /// Accuracy in percent.
    pub accuracy: f64,
    /// Spikes of all LIF layers and timesteps, per image.
    pub spikes: f64,
}

/// Hears of scores as they are found; closures of an index and a score are listeners. An error ends the scoring.
pub trait Listener {
    /// The score of the graph with this index.
    fn scored(&mut self, index: usize, score: Score) -> Result<()>;

    /// A part of the work is done that gives no score yet, such as one of several mini-batches.
    fn step(&mut self) -> Result<()> {
        Ok(())
    }
}

impl<F: FnMut(usize, Score) -> Result<()>> Listener for F {
    fn scored(&mut self, index: usize, score: Score) -> Result<()> {
        self(index, score)
    }
}

/// Scores architectures. A search takes any scorer: one of the project's own, or a user's.
pub trait Scorer {
    /// Scores graphs in an order of its own and tells each score, never NaN, at once.
    fn score_each(&self, graphs: &[Graph], listener: &mut dyn Listener) -> Result<()>;

    /// Whether architectures that differ only in edges on no path from input to output have equal scores, so that a search
    /// may leave such edges out.
    fn ignores_dead_edges(&self) -> bool {
        false
    }
}
