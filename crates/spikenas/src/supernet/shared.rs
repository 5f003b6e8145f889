use std::collections::BTreeMap;

use super::network::SharedNetwork;
use super::paths::Paths;
use super::tensors::{check, covering, inherited, initial, tensors};
use crate::engine::{Draws, Engine, Network, Untrained};
use crate::graph::{Graph, NetworkConfig, Shape};
use crate::space::SearchSpace;
use crate::train::TrainConfig;
use crate::weights::Weights;
use crate::{Error, Result};

/// A network of all operations of a space, as an engine whose networks have every tensor, and take another path each step.
pub struct Supernet<'a> {
    engine: &'a dyn Engine,
    paths: Paths,
    /// Networks that have all of its tensors between them.
    graphs: Vec<Graph>,
}

impl<'a> Supernet<'a> {
    /// The supernet of a space whose paths an engine runs.
    ///
    /// Errors: settings out of range.
    pub fn new(
        engine: &'a dyn Engine,
        space: &SearchSpace,
        network: &NetworkConfig,
        input: Shape,
        seed: u64,
    ) -> Result<Self> {
        let graphs = covering(space, network, input)?;
        Ok(Self { engine, paths: Paths::new(space.clone(), seed), graphs })
    }

    /// One of its networks, which stands for all where only what they have in common is asked for.
    ///
    /// Errors: no operations.
    pub fn graph(&self) -> Result<&Graph> {
        self.graphs.first().ok_or_else(|| Error::invalid("a supernet needs at least one operation"))
    }

    /// Its paths.
    pub fn paths(&self) -> &Paths {
        &self.paths
    }

    /// The engine that runs its paths.
    pub fn engine(&self) -> &'a dyn Engine {
        self.engine
    }

    /// The weights that its training begins with.
    pub fn initial_weights(&self, config: &TrainConfig) -> Weights {
        initial(&self.graphs, config)
    }

    /// Trainable parameters of all its operations together.
    pub fn parameters(&self) -> u64 {
        let all = self.graphs.iter().flat_map(tensors).filter(|kept| kept.parameter.kind.is_trainable());
        let sizes: BTreeMap<String, u64> =
            all.map(|kept| (kept.name, kept.parameter.shape.iter().product::<usize>() as u64)).collect();
        sizes.values().sum()
    }

    /// Whether weights are all of its tensors, and finite. The error names the first that is not.
    pub fn check(&self, weights: &Weights) -> Result<()> {
        check(&self.graphs, weights)
    }
}

impl Engine for Supernet<'_> {
    fn name(&self) -> &str {
        self.engine.name()
    }

    /// A network of every tensor, with the timesteps of a graph.
    fn network(&self, graph: &Graph, weights: &Weights) -> Result<Box<dyn Network>> {
        self.check(weights)?;
        let path = self.engine.network(graph, &inherited(graph, weights))?;
        Ok(Box::new(SharedNetwork::new(self.paths.clone(), weights, path)))
    }

    fn untrained(&self, draws: &Draws) -> Box<dyn Untrained> {
        self.engine.untrained(draws)
    }
}
