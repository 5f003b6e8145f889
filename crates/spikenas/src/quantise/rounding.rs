//! Training with the rounding of an integer network in every forward pass.

use std::collections::BTreeMap;

use super::grid::round_weights;
use crate::Result;
use crate::cost::WeightBits;
use crate::data::Batch;
use crate::engine::{
    Draws, Engine, Gradients, Lesson, Mode, Network, Optimiser, OptimiserState, Output, Shown, Untrained,
};
use crate::graph::{Graph, ParameterKind};
use crate::random::Generator;
use crate::weights::Weights;

/// An engine whose networks round their weights in forward and backward passes, see [`round_weights`]; the optimiser updates what
/// was rounded, by the gradient of the rounded ones (straight through, Bengio et al. 2013).
pub struct Rounding<'a> {
    engine: &'a dyn Engine,
    bits: WeightBits,
}

impl<'a> Rounding<'a> {
    /// Rounds to so many bits.
    pub fn new(engine: &'a dyn Engine, bits: WeightBits) -> Self {
        Self { engine, bits }
    }
}

impl Engine for Rounding<'_> {
    fn name(&self) -> &str {
        self.engine.name()
    }

    fn network(&self, graph: &Graph, weights: &Weights) -> Result<Box<dyn Network>> {
        let network = self.engine.network(graph, &round_weights(graph, weights, self.bits))?;
        Ok(Box::new(Rounded { network, exact: exact(graph, weights), bits: self.bits }))
    }

    fn untrained(&self, draws: &Draws) -> Box<dyn Untrained> {
        self.engine.untrained(draws)
    }

    fn training_memory(&self, graph: &Graph, images: usize) -> Option<u64> {
        self.engine.training_memory(graph, images)
    }

    fn scoring_memory(&self, graph: &Graph, images: usize, repeats: usize) -> Option<u64> {
        self.engine.scoring_memory(graph, images, repeats)
    }
}

/// A network whose weights are rounded.
struct Rounded {
    /// With the rounded weights.
    network: Box<dyn Network>,
    /// What was rounded, by name.
    exact: BTreeMap<String, Vec<f32>>,
    bits: WeightBits,
}

/// The weights of convolutions and linear layers.
fn exact(graph: &Graph, weights: &Weights) -> BTreeMap<String, Vec<f32>> {
    let rounded = graph.parameters().into_iter().filter(|parameter| parameter.kind == ParameterKind::Weight);
    rounded.map(|parameter| (parameter.name.clone(), weights.values(&parameter.name).to_vec())).collect()
}

impl Rounded {
    /// Puts the rounded weights in the place of the exact ones.
    fn round(&mut self) {
        let rounded = round_weights(self.network.graph(), &self.network.weights(), self.bits);
        self.network.replace(&exact(self.network.graph(), &rounded));
    }
}

impl Network for Rounded {
    fn graph(&self) -> &Graph {
        self.network.graph()
    }

    fn weights(&self) -> Weights {
        let mut weights = self.network.weights();
        self.exact.iter().for_each(|(name, values)| weights.set(name, values.clone()));
        weights
    }

    fn replace(&mut self, tensors: &BTreeMap<String, Vec<f32>>) {
        self.network.replace(tensors);
        self.exact = exact(self.network.graph(), &self.network.weights());
        self.round();
    }

    fn sibling(&self, graph: &Graph, weights: Weights) -> Result<Box<dyn Network>> {
        let network = self.network.sibling(graph, round_weights(graph, &weights, self.bits))?;
        Ok(Box::new(Self { network, exact: exact(graph, &weights), bits: self.bits }))
    }

    fn into_parts(self: Box<Self>) -> (Weights, Gradients) {
        let Self { network, exact, .. } = *self;
        let (mut weights, gradients) = network.into_parts();
        exact.into_iter().for_each(|(name, values)| weights.set(&name, values));
        (weights, gradients)
    }

    fn forward(&mut self, images: &[f32], mode: Mode) -> Result<Output> {
        self.network.forward(images, mode)
    }

    fn learn(&mut self, batch: &Batch, lesson: &Lesson, rng: &mut Generator) -> Result<Shown> {
        self.network.learn(batch, lesson, rng)
    }

    fn gradients(&self) -> Gradients {
        self.network.gradients()
    }

    fn step(&mut self, optimiser: &Optimiser, learning_rate: f64) {
        self.network.replace(&self.exact);
        self.network.step(optimiser, learning_rate);
        self.exact = exact(self.network.graph(), &self.network.weights());
        self.round();
    }

    fn optimiser_state(&self) -> OptimiserState {
        self.network.optimiser_state()
    }

    fn set_optimiser_state(&mut self, state: &OptimiserState) -> Result<()> {
        self.network.set_optimiser_state(state)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::engine;
    use crate::graph::{NetworkConfig, Shape};
    use crate::random::{RngExt, generator};

    #[test]
    fn the_gradient_of_rounded_weights_updates_exact_ones() {
        let image = Shape { channels: 3, height: 8, width: 8 };
        let config =
            NetworkConfig { widths: [4, 4], hidden: 8, last_pool: 2, ..NetworkConfig::preset("sample").unwrap() };
        let graph = Graph::new(&"0313 0021 0003 0000".parse().unwrap(), &config, image).unwrap();
        let (weights, bits) = (Weights::initialised(&graph, 3, 0), WeightBits::Two);
        let cpu = engine("cpu").unwrap();
        let mut rounded = Rounding::new(cpu.as_ref(), bits).network(&graph, &weights).unwrap();
        let mut plain = cpu.network(&graph, &round_weights(&graph, &weights, bits)).unwrap();
        assert_eq!(rounded.weights(), weights);

        let mut random = generator(&[1]);
        let images = (0..4 * image.len()).map(|_| random.random_range(-2.0..2.0)).collect();
        let batch = Batch { images, labels: vec![0, 1, 2, 3] };
        let optimiser = Optimiser::sgd(0.0, 0.0);
        for network in [&mut rounded, &mut plain] {
            network.learn(&batch, &Lesson::PLAIN, &mut generator(&[2])).unwrap();
        }
        assert_eq!(rounded.gradients(), plain.gradients());
        let gradients = rounded.gradients();
        rounded.step(&optimiser, 0.5);
        for (name, gradient) in &gradients {
            let (before, after) = (weights.values(name), rounded.weights());
            let expected: Vec<f32> =
                before.iter().zip(gradient).map(|(weight, gradient)| weight - 0.5 * gradient).collect();
            assert_eq!(after.values(name), expected, "{name}");
        }
        let mut stepped = cpu.network(&graph, &round_weights(&graph, &rounded.weights(), bits)).unwrap();
        let shown = |network: &mut Box<dyn Network>| network.forward(&batch.images, Mode::Evaluate).unwrap();
        assert_eq!(shown(&mut rounded), shown(&mut stepped));
    }
}
