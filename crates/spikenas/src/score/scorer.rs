use crate::Result;
use crate::graph::Graph;

/// The score of one architecture.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Score {
    /// The figure of merit; minus infinity where the kernel matrix is singular or nothing comes through, never NaN.
    pub value: f64,
    /// Spikes per neuron and timestep over all LIF layers; not known where the score takes no forward pass.
    pub firing_rate: Option<f64>,
}

/// Scores architectures. A search takes any scorer: one of the project's own, or a user's.
pub trait Scorer {
    /// Scores graphs in an order of its own and reports the index and the score, never NaN, of each at once. An error of the
    /// report ends the scoring.
    fn score_each(&self, graphs: &[Graph], report: &mut dyn FnMut(usize, Score) -> Result<()>) -> Result<()>;
}
