use super::network::Network;
use super::observer::Observer;
use crate::Result;
use crate::graph::{Graph, Initialisation};
use crate::weights::Weights;

/// Runs graphs: forward and backward passes, tests, steps of an optimiser. The same golden numbers test all engines.
pub trait Engine: Send + Sync {
    /// The name of its device.
    fn name(&self) -> &str;

    /// A network with these weights.
    ///
    /// Errors: weights that are not the graph's.
    fn network(&self, graph: &Graph, weights: &Weights) -> Result<Box<dyn Network>>;

    /// Networks whose weights are drawn, once for all that have the same layer.
    fn untrained(&self, draws: &Draws) -> Box<dyn Untrained>;

    /// The most memory in bytes that a step on this many images takes, where it is known; an estimate.
    fn training_memory(&self, _graph: &Graph, _images: usize) -> Option<u64> {
        None
    }

    /// The least memory in bytes that a pass of an untrained network takes with so many images and sets of weights, where it is
    /// known.
    fn scoring_memory(&self, _graph: &Graph, _images: usize, _repeats: usize) -> Option<u64> {
        None
    }
}

/// How the weights of untrained networks are drawn, see [`draw`](crate::weights::draw).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Draws {
    /// How the classifier's weights are drawn.
    pub initialisation: Initialisation,
    /// Seed of all weights.
    pub seed: u64,
    /// Number of sets of weights.
    pub repeats: usize,
    /// Most bytes of feature maps to hold at a time; what is observed does not depend on it.
    pub memory: u64,
}

/// Untrained networks, to be observed.
pub trait Untrained: Send + Sync {
    /// Shows images, `[images, channels, rows, columns]`, to several networks of the same settings in training mode, with the
    /// weights of one repeat. What they have in common is computed once, with the same bits as separately.
    ///
    /// Errors: not enough memory, an error of the observer.
    fn observe(&self, repeat: usize, graphs: &[&Graph], images: &[f32], observer: &mut dyn Observer) -> Result<()>;
}
