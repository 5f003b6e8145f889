use std::collections::BTreeMap;

use super::paths::{Counts, Paths};
use super::tensors::{inherited, tensors};
use crate::Result;
use crate::data::Batch;
use crate::engine::{Gradients, Lesson, Mode, Network, Optimiser, OptimiserState, Output, Shown};
use crate::graph::{Graph, Parameter};
use crate::random::Generator;
use crate::weights::Weights;

/// All tensors of a supernet, of which each step takes those of a random path, trains them, and puts them back.
///
/// What is not on the path stays as it is: neither momentum nor decay moves it. Adam's means are corrected by the steps of their
/// own tensor.
pub(super) struct SharedNetwork {
    paths: Paths,
    /// Every tensor.
    weights: Weights,
    /// Of every tensor; its steps are those of the supernet.
    state: OptimiserState,
    /// Steps of each operation.
    counts: Counts,
    /// The network of a path, with the memory that all share.
    path: Box<dyn Network>,
    /// Whether that is the path of the next step, with the weights as they are.
    is_drawn: bool,
}

impl SharedNetwork {
    /// A supernet whose paths share the memory of a network.
    pub fn new(paths: Paths, weights: &Weights, path: Box<dyn Network>) -> Self {
        let (state, counts) = (OptimiserState::default(), Counts::default());
        Self { paths, weights: weights.clone(), state, counts, path, is_drawn: false }
    }

    /// The network of the next step's path.
    fn path(&mut self) -> Result<&mut dyn Network> {
        if !self.is_drawn {
            let Graph { config, input, .. } = self.path.graph();
            let graph = Graph::new(&self.paths.of_step(self.state.steps)?, config, *input)?;
            self.path = self.path.sibling(&graph, &inherited(&graph, &self.weights))?;
            self.is_drawn = true;
        }
        Ok(self.path.as_mut())
    }
}

impl Network for SharedNetwork {
    /// The layers of the path that was taken last.
    fn graph(&self) -> &Graph {
        self.path.graph()
    }

    fn weights(&self) -> Weights {
        self.weights.clone()
    }

    fn replace(&mut self, tensors: &BTreeMap<String, Vec<f32>>) {
        for (name, values) in tensors {
            assert_eq!(self.weights.values(name).len(), values.len(), "{name}");
            self.weights.set(name, values.clone());
        }
        self.is_drawn = false;
    }

    fn sibling(&self, graph: &Graph, weights: &Weights) -> Result<Box<dyn Network>> {
        let path = self.path.sibling(graph, &inherited(graph, weights))?;
        Ok(Box::new(Self::new(self.paths.clone(), weights, path)))
    }

    /// Shows images to the path of the next step; running statistics of it come back with that step.
    fn forward(&mut self, images: &[f32], mode: Mode) -> Result<Output> {
        self.path()?.forward(images, mode)
    }

    fn learn(&mut self, batch: &Batch, lesson: &Lesson, rng: &mut Generator) -> Result<Shown> {
        self.path()?.learn(batch, lesson, rng)
    }

    fn gradients(&self) -> Gradients {
        let mut gradients = self.path.gradients();
        let named =
            tensors(self.path.graph()).filter_map(|kept| Some((kept.name, gradients.remove(&kept.parameter.name)?)));
        named.collect()
    }

    fn step(&mut self, optimiser: &Optimiser, learning_rate: f64) {
        let (after, gradients) = (self.path.weights(), self.path.gradients());
        let steps = self.state.steps + 1;
        self.counts.add(&self.path.graph().architecture);
        for kept in tensors(self.path.graph()) {
            let Parameter { name, shape, kind } = kept.parameter;
            if !kind.is_trainable() {
                self.weights.set(&kept.name, after.values(&name).to_vec());
                continue;
            }
            self.state.steps = kept.choice.map_or(steps, |choice| self.counts.of(&choice));
            let (gradient, parameter) = (gradients.get(&name), Parameter { name: kept.name, shape, kind });
            self.weights.change(&parameter.name, |tensor| {
                optimiser.step(&mut self.state, &parameter, tensor, gradient.map(Vec::as_slice), learning_rate);
            });
        }
        self.weights.batches_tracked = after.batches_tracked;
        self.state.steps = steps;
        self.is_drawn = false;
    }

    fn optimiser_state(&self) -> OptimiserState {
        self.state.clone()
    }

    fn set_optimiser_state(&mut self, state: &OptimiserState) -> Result<()> {
        self.counts = Counts::after(state.steps, &self.paths)?;
        self.state = state.clone();
        self.is_drawn = false;
        Ok(())
    }
}
