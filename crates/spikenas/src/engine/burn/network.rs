use std::collections::BTreeMap;

use burn::tensor::{Device, Tensor};

use super::interpreter::{Interpreted, Interpreter};
use super::loss::loss;
use super::optimiser;
use super::tensors::{Tensors, read, write};
use crate::Result;
use crate::data::Batch;
use crate::engine::loss::{LossKind, count_correct};
use crate::engine::network::{Fired, Gradients, Lesson, Mode, Network, Output, Shown};
use crate::engine::optimiser::{Optimiser, OptimiserState};
use crate::graph::Graph;
use crate::random::Generator;
use crate::weights::{self, Weights};

/// A network of Burn's own operations.
pub(super) struct BurnNetwork {
    graph: Graph,
    tensors: Tensors,
    batches_tracked: u64,
    gradients: BTreeMap<String, Tensor<1>>,
    /// The state of the optimiser.
    buffers: BTreeMap<String, Tensor<1>>,
    steps: u64,
}

impl BurnNetwork {
    pub fn new(graph: &Graph, weights: &Weights, device: &Device) -> Result<Self> {
        Ok(Self {
            graph: graph.clone(),
            tensors: Tensors::new(graph, weights, device)?,
            batches_tracked: weights.batches_tracked,
            gradients: BTreeMap::new(),
            buffers: BTreeMap::new(),
            steps: 0,
        })
    }

    fn shapes(&self) -> BTreeMap<String, Vec<usize>> {
        self.graph.parameters().into_iter().map(|p| (p.name, p.shape)).collect()
    }
}

impl Network for BurnNetwork {
    fn graph(&self) -> &Graph {
        &self.graph
    }

    fn weights(&self) -> Weights {
        let Tensors { parameters: trainable, running, .. } = &self.tensors;
        let tensors = self.shapes().into_iter().filter_map(|(name, shape)| {
            let values = read(trainable.get(&name).or_else(|| running.get(&name))?.clone());
            Some((name, weights::Tensor { shape, values }))
        });
        Weights::new(tensors.collect(), self.batches_tracked)
    }

    fn sibling(&self, graph: &Graph, weights: Weights) -> Result<Box<dyn Network>> {
        Ok(Box::new(Self::new(graph, &weights, &self.tensors.device)?))
    }

    fn into_parts(self: Box<Self>) -> (Weights, Gradients) {
        (self.weights(), self.gradients())
    }

    fn replace(&mut self, tensors: &BTreeMap<String, Vec<f32>>) {
        for (name, values) in tensors {
            let old = &self.tensors.parameters[name];
            assert_eq!(old.dims(), [values.len()], "{name}");
            let new = write(values, &self.tensors.device).require_grad();
            self.tensors.parameters.insert(name.clone(), new);
        }
    }

    fn forward(&mut self, images: &[f32], mode: Mode) -> Result<Output> {
        let images = self.tensors.images(images, self.graph.input);
        let Interpreted { logits, spikes, .. } = Interpreter::new(&self.graph, &mut self.tensors, mode).run(images);
        self.batches_tracked += u64::from(mode == Mode::Train);
        let fired = spikes.into_iter().map(|spikes| {
            let counts = spikes.fired.sum_dim(1).into_data().iter::<f64>().map(|count| count as u64).collect();
            Fired { layer: spikes.layer, counts }
        });
        Ok(Output { logits: logits.into_data().iter::<f32>().collect(), fired: fired.collect() })
    }

    fn learn(&mut self, batch: &Batch, lesson: &Lesson, rng: &mut Generator) -> Result<Shown> {
        let images = self.tensors.images(&batch.images, self.graph.input);
        let mut interpreter = Interpreter::new(&self.graph, &mut self.tensors, Mode::Train);
        interpreter.dropout = Some((lesson.dropout, rng));
        interpreter.over = lesson.norm_over;
        interpreter.surrogate_alpha = lesson.surrogate_alpha;
        let Interpreted { logits, at_steps, .. } = interpreter.run(images);
        self.batches_tracked += 1;
        let answers: Vec<f32> = logits.clone().into_data().iter::<f32>().collect();
        let read = if lesson.loss == LossKind::Mean { logits } else { at_steps };
        let loss = loss(read, &batch.labels, lesson.label_smoothing);
        let mut found = loss.backward();
        for (name, parameter) in &self.tensors.parameters {
            let Some(gradient) = parameter.grad_remove(&mut found) else { continue };
            // The whole is taken as it is, so that one part costs nothing.
            let gradient = if lesson.share == 1.0 { gradient } else { gradient * lesson.share };
            let total = match self.gradients.remove(name) {
                Some(total) => total + gradient,
                None => gradient,
            };
            self.gradients.insert(name.clone(), total);
        }
        let loss = loss.into_data().iter::<f64>().sum();
        Ok(Shown { loss, correct: count_correct(&answers, &batch.labels) })
    }

    fn gradients(&self) -> Gradients {
        self.gradients.iter().map(|(name, gradient)| (name.clone(), read(gradient.clone()))).collect()
    }

    fn step(&mut self, rule: &Optimiser, learning_rate: f64) {
        self.steps += 1;
        for parameter in self.graph.parameters() {
            let Some(tensor) = self.tensors.parameters.get_mut(&parameter.name) else { continue };
            let weight = tensor.clone().without_autodiff();
            let (decay, gradient) =
                (weight.clone() * rule.decay_of(parameter.kind), self.gradients.remove(&parameter.name));
            let change = optimiser::change(rule, &mut self.buffers, self.steps, &parameter, gradient, decay);
            *tensor = (weight - change * learning_rate).autodiff().require_grad();
        }
        self.gradients.clear();
    }

    fn optimiser_state(&self) -> OptimiserState {
        let shapes = self.shapes();
        let with_shape = |(key, buffer): (&String, &Tensor<1>)| {
            let shape = shapes.get(OptimiserState::parameter(key)?)?.clone();
            Some((key.clone(), weights::Tensor { shape, values: read(buffer.clone()) }))
        };
        OptimiserState { steps: self.steps, buffers: self.buffers.iter().filter_map(with_shape).collect() }
    }

    fn set_optimiser_state(&mut self, state: &OptimiserState) -> Result<()> {
        state.check(&self.graph)?;
        let tensor = |buffer: &weights::Tensor| write(&buffer.values, &self.tensors.device).without_autodiff();
        self.buffers = state.buffers.iter().map(|(key, buffer)| (key.clone(), tensor(buffer))).collect();
        self.steps = state.steps;
        Ok(())
    }
}
