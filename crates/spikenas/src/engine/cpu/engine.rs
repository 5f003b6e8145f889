use super::memory::{scoring_memory, training_memory};
use super::network::NetworkOnKernels;
use super::untrained::UntrainedOnKernels;
use crate::Result;
use crate::engine::device::{Draws, Engine, Untrained};
use crate::engine::network::Network;
use crate::graph::Graph;
use crate::weights::Weights;

/// The CPU, on the project's own kernels.
#[derive(Clone, Copy, Debug, Default)]
pub struct Cpu;

impl Engine for Cpu {
    fn name(&self) -> &str {
        "cpu"
    }

    fn network(&self, graph: &Graph, weights: &Weights) -> Result<Box<dyn Network>> {
        Ok(Box::new(NetworkOnKernels::new(graph, weights.clone())?))
    }

    fn untrained(&self, draws: &Draws) -> Box<dyn Untrained> {
        Box::new(UntrainedOnKernels::new(draws))
    }

    fn training_memory(&self, graph: &Graph, images: usize) -> Option<u64> {
        Some(training_memory(graph, images))
    }

    fn scoring_memory(&self, graph: &Graph, images: usize, repeats: usize) -> Option<u64> {
        Some(scoring_memory(graph, images, repeats))
    }
}
