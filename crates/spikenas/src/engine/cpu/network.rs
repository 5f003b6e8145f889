use std::collections::BTreeMap;
use std::sync::Arc;

use rayon::prelude::*;
use spikenas_kernels::{Isa, Spikes};

use super::backward::Tape;
use super::buffers::Buffers;
use super::classifier::Classifier;
use super::executor::{Executor, Pass, Value};
use super::forward::forward;
use super::norm::RunningStatistics;
use super::parameters::LayerParameters;
use super::program::{Goal, Program};
use crate::Result;
use crate::data::Batch;
use crate::engine::loss::count_correct;
use crate::engine::network::{Fired, Gradients, Lesson, Mode, Network, NormOver, Output, Shown};
use crate::engine::optimiser::{Optimiser, OptimiserState};
use crate::graph::Graph;
use crate::random::Generator;
use crate::weights::Weights;

/// A network on the kernels.
pub(super) struct NetworkOnKernels {
    graph: Graph,
    classifier: Classifier,
    weights: Arc<Weights>,
    gradients: Gradients,
    state: OptimiserState,
    /// Memory that its passes use again.
    buffers: Buffers,
    /// Packed weights, until the weights change.
    packed: Option<LayerParameters>,
}

impl NetworkOnKernels {
    pub fn new(graph: &Graph, weights: Weights) -> Result<Self> {
        weights.check(graph)?;
        Ok(Self {
            graph: graph.clone(),
            classifier: Classifier::of(graph),
            weights: Arc::new(weights),
            gradients: Gradients::new(),
            state: OptimiserState::default(),
            buffers: Buffers::new(u64::MAX),
            packed: None,
        })
    }

    /// Memory that its passes use again.
    #[cfg(test)]
    pub fn buffers(&self) -> &Buffers {
        &self.buffers
    }

    fn parameters(&self) -> LayerParameters {
        LayerParameters::given(&self.weights, Isa::best()).sharing(&self.buffers)
    }

    /// Everything before the classifier in training mode: the last spikes, and what the backward pass needs.
    fn features(&self, images: &[f32], over: NormOver) -> Result<(Arc<Spikes>, Tape)> {
        let samples = images.len() / self.graph.sample_len();
        let mut program = Program::default();
        let order = program.add(&self.graph, Goal::Features).order;
        let parameters = self.parameters();
        let pass = Pass { keeps_sums: true, over, ..Pass::new(&self.graph.config, images, samples) };
        let mut executor = Executor::new(&program, &parameters, pass, None);
        order.iter().for_each(|&id| executor.retain(id));
        for &id in &order {
            executor.visit(id)?;
        }
        let (values, statistics) = executor.into_values();
        let spikes = match order.last().map(|&id| &values[id]) {
            Some(Some(Value::Spikes(spikes))) => spikes.clone(),
            _ => unreachable!("the last step gives spikes, and all are retained"),
        };
        let (weights, buffers, config) = (self.weights.clone(), self.buffers.clone(), self.graph.config.clone());
        let images = images.to_vec();
        Ok((spikes, Tape { program, order, values, statistics, weights, buffers, config, images, samples }))
    }

    /// Keeps the running statistics of a pass in training mode.
    fn keep_running(&mut self, running: RunningStatistics) {
        self.packed = None;
        let weights = Arc::make_mut(&mut self.weights);
        for (norm, (mean, variance)) in running {
            weights.set(&format!("{norm}.running_mean"), mean);
            weights.set(&format!("{norm}.running_var"), variance);
        }
    }
}

impl Network for NetworkOnKernels {
    fn graph(&self) -> &Graph {
        &self.graph
    }

    fn weights(&self) -> Weights {
        Weights::clone(&self.weights)
    }

    fn sibling(&self, graph: &Graph, weights: Weights) -> Result<Box<dyn Network>> {
        Ok(Box::new(Self { buffers: self.buffers.clone(), ..Self::new(graph, weights)? }))
    }

    fn into_parts(self: Box<Self>) -> (Weights, Gradients) {
        let Self { weights, gradients, packed, .. } = *self;
        // It holds the weights, too.
        drop(packed);
        (Arc::unwrap_or_clone(weights), gradients)
    }

    fn replace(&mut self, tensors: &BTreeMap<String, Vec<f32>>) {
        self.packed = None;
        let weights = Arc::make_mut(&mut self.weights);
        for (name, values) in tensors {
            assert_eq!(weights.values(name).len(), values.len(), "{name}");
            weights.set(name, values.clone());
        }
    }

    fn forward(&mut self, images: &[f32], mode: Mode) -> Result<Output> {
        let parameters = self.packed.take().unwrap_or_else(|| self.parameters());
        let trace = forward(&self.graph, &parameters, images, mode, None)?;
        let samples = trace.samples.max(1);
        let fired = trace.layers.iter().map(|layer| Fired {
            layer: layer.name.clone(),
            counts: layer.spikes.counts().chunks(samples).map(|step| step.iter().sum()).collect(),
        });
        let output = Output { logits: trace.output, fired: fired.collect() };
        match mode {
            Mode::Train | Mode::Estimate { .. } => {
                drop(parameters);
                self.keep_running(trace.running);
                Arc::make_mut(&mut self.weights).batches_tracked += u64::from(mode == Mode::Train);
            }
            Mode::Evaluate => self.packed = Some(parameters),
        }
        Ok(output)
    }

    fn learn(&mut self, batch: &Batch, lesson: &Lesson, rng: &mut Generator) -> Result<Shown> {
        let (spikes, mut tape) = self.features(&batch.images, lesson.norm_over)?;
        let trace = self.classifier.forward(&self.weights, &spikes, lesson.dropout, rng);
        drop(spikes);
        let running = std::mem::take(&mut tape.statistics.running);
        let loss = trace.loss(&batch.labels, lesson);
        let mut gradients = Gradients::new();
        let of_averages = self.classifier.backward(&self.weights, &trace, &loss.gradient, lesson, &mut gradients);
        gradients.extend(tape.backward(&of_averages, self.classifier.pool, lesson.surrogate_alpha));
        gather(&mut self.gradients, gradients, lesson.share);
        self.keep_running(running);
        Arc::make_mut(&mut self.weights).batches_tracked += 1;
        Ok(Shown { loss: loss.value, correct: count_correct(&trace.logits, &batch.labels) })
    }

    fn gradients(&self) -> Gradients {
        self.gradients.clone()
    }

    fn step(&mut self, optimiser: &Optimiser, learning_rate: f64) {
        self.packed = None;
        self.state.steps += 1;
        let weights = Arc::make_mut(&mut self.weights);
        for parameter in self.graph.parameters().into_iter().filter(|p| p.kind.is_trainable()) {
            let gradient = self.gradients.remove(&parameter.name);
            weights.change(&parameter.name, |tensor| {
                optimiser.step(&mut self.state, &parameter, tensor, gradient.as_deref(), learning_rate);
            });
        }
        self.gradients.clear();
    }

    fn optimiser_state(&self) -> OptimiserState {
        self.state.clone()
    }

    fn set_optimiser_state(&mut self, state: &OptimiserState) -> Result<()> {
        state.check(&self.graph)?;
        self.state = state.clone();
        Ok(())
    }
}

/// Adds gradients that count for a part of the step.
fn gather(sum: &mut Gradients, gradients: Gradients, share: f32) {
    for (name, mut gradient) in gradients {
        // The whole is taken as it is, so that one part costs nothing.
        if share != 1.0 {
            gradient.par_iter_mut().for_each(|value| *value *= share);
        }
        match sum.get_mut(&name) {
            Some(total) => total.iter_mut().zip(&gradient).for_each(|(total, value)| *total += value),
            None => _ = sum.insert(name, gradient),
        }
    }
}
