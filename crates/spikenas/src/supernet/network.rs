use std::collections::BTreeMap;

use super::paths::{Counts, Paths};
use super::tensors::{Kept, inherited, tensors};
use crate::data::Batch;
use crate::engine::{Gradients, Lesson, Mode, Network, Optimiser, OptimiserState, Output, Shown};
use crate::graph::{Graph, Parameter};
use crate::random::Generator;
use crate::weights::{Tensor, Weights};
use crate::{Error, Result};

/// All tensors of a supernet, of which each step takes those of a random path, trains them, and puts them back.
///
/// What is not on the path stays as it is: neither momentum nor decay moves it. Adam's means are corrected by the steps of their
/// own tensor.
pub(super) struct SharedNetwork {
    paths: Paths,
    /// Every tensor but those of the path.
    weights: Weights,
    /// Of every tensor; its steps are those of the supernet.
    state: OptimiserState,
    /// Steps of each operation.
    counts: Counts,
    /// A network whose memory all paths use.
    home: Box<dyn Network>,
    /// That of the next step, once images are shown to it. Its tensors are here and not there: a copy would take a tenth of a step.
    path: Option<Box<dyn Network>>,
}

impl SharedNetwork {
    /// A supernet whose paths use the memory of a network.
    pub fn new(paths: Paths, weights: &Weights, home: Box<dyn Network>) -> Self {
        let (state, counts) = (OptimiserState::default(), Counts::default());
        Self { paths, weights: weights.clone(), state, counts, home, path: None }
    }

    /// The network of the next step.
    fn path(&mut self) -> Result<&mut Box<dyn Network>> {
        let path = match self.path.take() {
            Some(path) => path,
            None => {
                let Graph { config, input, .. } = self.home.graph();
                let graph = Graph::new(&self.paths.of_step(self.state.steps)?, config, *input)?;
                let taken = take(&graph, &mut self.weights);
                // All shapes are right: only a value that is not finite is refused.
                let diverged = |e| Error::NotFinite(format!("the supernet diverged ({e}): lower the learning rate"));
                self.home.sibling(&graph, taken).map_err(diverged)?
            }
        };
        Ok(self.path.insert(path))
    }

    /// Puts the tensors of the path back as they are; its gradients are lost.
    fn end_path(&mut self) {
        let Some(path) = self.path.take() else { return };
        let graph = path.graph().clone();
        let (mut weights, _) = path.into_parts();
        put_back(&graph, &mut weights, &mut self.weights, |_, _| {});
    }
}

/// Takes the tensors of a path out of a supernet.
fn take(graph: &Graph, supernet: &mut Weights) -> Weights {
    let taken = tensors(graph).filter_map(|kept| Some((kept.parameter.name, supernet.take(&kept.name)?)));
    Weights::new(taken.collect(), supernet.batches_tracked)
}

/// Puts the tensors of a path back into a supernet, each after a change.
fn put_back(graph: &Graph, path: &mut Weights, supernet: &mut Weights, mut change: impl FnMut(&Kept, &mut Tensor)) {
    for kept in tensors(graph) {
        if let Some(mut tensor) = path.take(&kept.parameter.name) {
            change(&kept, &mut tensor);
            supernet.put(kept.name, tensor);
        }
    }
    supernet.batches_tracked = path.batches_tracked;
}

impl Network for SharedNetwork {
    /// The layers of the next step's path, once images are shown to it.
    fn graph(&self) -> &Graph {
        self.path.as_ref().unwrap_or(&self.home).graph()
    }

    fn weights(&self) -> Weights {
        let mut weights = self.weights.clone();
        if let Some(path) = &self.path {
            put_back(path.graph(), &mut path.weights(), &mut weights, |_, _| {});
        }
        weights
    }

    fn replace(&mut self, tensors: &BTreeMap<String, Vec<f32>>) {
        self.end_path();
        for (name, values) in tensors {
            assert_eq!(self.weights.values(name).len(), values.len(), "{name}");
            self.weights.set(name, values.clone());
        }
    }

    fn sibling(&self, graph: &Graph, weights: Weights) -> Result<Box<dyn Network>> {
        let home = self.home.sibling(graph, inherited(graph, &weights))?;
        Ok(Box::new(Self::new(self.paths.clone(), &weights, home)))
    }

    fn into_parts(mut self: Box<Self>) -> (Weights, Gradients) {
        let gradients = self.gradients();
        self.end_path();
        (self.weights, gradients)
    }

    /// Shows images to the path of the next step.
    fn forward(&mut self, images: &[f32], mode: Mode) -> Result<Output> {
        self.path()?.forward(images, mode)
    }

    fn learn(&mut self, batch: &Batch, lesson: &Lesson, rng: &mut Generator) -> Result<Shown> {
        self.path()?.learn(batch, lesson, rng)
    }

    fn gradients(&self) -> Gradients {
        let Some(path) = &self.path else { return Gradients::new() };
        let mut gradients = path.gradients();
        let named = tensors(path.graph()).filter_map(|kept| Some((kept.name, gradients.remove(&kept.parameter.name)?)));
        named.collect()
    }

    fn step(&mut self, optimiser: &Optimiser, learning_rate: f64) {
        let steps = self.state.steps + 1;
        if let Some(path) = self.path.take() {
            let graph = path.graph().clone();
            let (mut weights, gradients) = path.into_parts();
            self.counts.add(&graph.architecture);
            let Self { state, counts, .. } = self;
            put_back(&graph, &mut weights, &mut self.weights, |kept, tensor| {
                let Kept { parameter: Parameter { name, shape, kind }, name: shared, choice } = kept;
                if kind.is_trainable() {
                    state.steps = choice.map_or(steps, |choice| counts.of(&choice));
                    let parameter = Parameter { name: shared.clone(), shape: shape.clone(), kind: *kind };
                    let gradient = gradients.get(name).map(Vec::as_slice);
                    optimiser.step(state, &parameter, tensor, gradient, learning_rate);
                }
            });
        }
        self.state.steps = steps;
    }

    fn optimiser_state(&self) -> OptimiserState {
        self.state.clone()
    }

    fn set_optimiser_state(&mut self, state: &OptimiserState) -> Result<()> {
        self.end_path();
        self.counts = Counts::after(state.steps, &self.paths)?;
        self.state = state.clone();
        Ok(())
    }
}
