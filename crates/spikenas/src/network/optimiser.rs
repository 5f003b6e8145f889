use std::collections::BTreeMap;

use burn::tensor::Tensor;

use super::state::{read, write};
use super::{Gradients, Network};
use crate::{Error, Result, weights};

/// Prefix of the buffers that hold a running mean or sum of gradients.
const MOMENTUM: &str = "momentum.";
/// Prefix of the buffers that hold a running mean of squared gradients.
const SQUARE: &str = "square.";

/// What an optimiser remembers between steps.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct OptimiserState {
    /// Steps made.
    pub steps: u64,
    /// `momentum.NAME` and `square.NAME` for each parameter; none before the first step.
    pub buffers: BTreeMap<String, weights::Tensor>,
}

impl OptimiserState {
    /// Whether a tensor of this name is a buffer, and of which parameter.
    pub fn parameter(name: &str) -> Option<&str> {
        name.strip_prefix(MOMENTUM).or_else(|| name.strip_prefix(SQUARE))
    }
}

#[derive(Clone, Copy)]
enum Rule {
    Sgd { momentum: f64 },
    Adam,
}

/// Moves every trainable parameter against its gradient, with weight decay added to it (`g = gradient + decay * w`).
#[derive(Clone)]
pub struct Optimiser {
    rule: Rule,
    weight_decay: f64,
    steps: u64,
    buffers: BTreeMap<String, Tensor<1>>,
}

impl Optimiser {
    /// Stochastic gradient descent with momentum, as PyTorch's: `m = momentum * m + g` (the first `m` is `g`);
    /// `w -= rate * m`.
    pub fn sgd(momentum: f64, weight_decay: f64) -> Self {
        Self { rule: Rule::Sgd { momentum }, weight_decay, steps: 0, buffers: BTreeMap::new() }
    }

    /// Adam (Kingma and Ba 2015), as PyTorch's: `m = 0.9 m + 0.1 g; s = 0.999 s + 0.001 g^2`;
    /// `w -= rate * (m / (1 - 0.9^t)) / (sqrt(s / (1 - 0.999^t)) + 1e-8)`.
    pub fn adam(weight_decay: f64) -> Self {
        Self { rule: Rule::Adam, weight_decay, steps: 0, buffers: BTreeMap::new() }
    }

    /// Makes one step.
    pub fn step(&mut self, network: &mut Network, gradients: &Gradients, learning_rate: f64) {
        self.steps += 1;
        for (name, parameter) in network.trainable_mut() {
            let weight = parameter.clone().without_autodiff();
            let decay = weight.clone() * self.weight_decay;
            let gradient = match gradients.get(name) {
                Some(gradient) => gradient.clone() + decay,
                None => decay,
            };
            let change = match self.rule {
                Rule::Sgd { momentum } => self.remember(MOMENTUM, name, |m| match m {
                    Some(m) => m * momentum + gradient,
                    None => gradient,
                }),
                Rule::Adam => self.adam_change(name, gradient),
            };
            *parameter = (weight - change * learning_rate).autodiff().require_grad();
        }
    }

    fn adam_change(&mut self, name: &str, gradient: Tensor<1>) -> Tensor<1> {
        const BETAS: [f64; 2] = [0.9, 0.999];
        const EPSILON: f64 = 1e-8;
        let steps = self.steps as f64;
        let mut mean = |prefix: &str, beta: f64, new: Tensor<1>| {
            let mean = self.remember(prefix, name, |old| match old {
                Some(old) => old * beta + new * (1.0 - beta),
                None => new * (1.0 - beta),
            });
            mean / (1.0 - beta.powf(steps))
        };
        let first = mean(MOMENTUM, BETAS[0], gradient.clone());
        let second = mean(SQUARE, BETAS[1], gradient.clone() * gradient);
        first / (second.sqrt() + EPSILON)
    }

    /// Replaces a buffer and gives the new one.
    fn remember(&mut self, prefix: &str, name: &str, new: impl FnOnce(Option<Tensor<1>>) -> Tensor<1>) -> Tensor<1> {
        let key = format!("{prefix}{name}");
        let buffer = new(self.buffers.remove(&key));
        self.buffers.insert(key, buffer.clone());
        buffer
    }

    /// What to go on from.
    pub fn state(&self, network: &Network) -> OptimiserState {
        let shapes: BTreeMap<String, Vec<usize>> = network.shapes().collect();
        let with_shape = |(key, buffer): (&String, &Tensor<1>)| {
            let shape = shapes.get(OptimiserState::parameter(key)?)?.clone();
            Some((key.clone(), weights::Tensor { shape, values: read(buffer.clone()) }))
        };
        OptimiserState { steps: self.steps, buffers: self.buffers.iter().filter_map(with_shape).collect() }
    }

    /// Goes on from what [`Optimiser::state`] gave.
    ///
    /// Errors: buffers that are not the network's, or not finite.
    pub fn set_state(&mut self, network: &Network, state: &OptimiserState) -> Result<()> {
        let shapes: BTreeMap<String, Vec<usize>> = network.shapes().collect();
        let fits = |(key, buffer): (&String, &weights::Tensor)| {
            OptimiserState::parameter(key).and_then(|name| shapes.get(name)) == Some(&buffer.shape)
                && buffer.values.len() == buffer.shape.iter().product::<usize>()
                && buffer.values.iter().all(|v| v.is_finite())
        };
        if let Some((key, _)) = state.buffers.iter().find(|&buffer| !fits(buffer)) {
            return Err(Error::invalid(format!("`{key}` does not fit the network: train from the start")));
        }
        let tensor = |buffer: &weights::Tensor| write(&buffer.values, network.device()).without_autodiff();
        self.buffers = state.buffers.iter().map(|(key, buffer)| (key.clone(), tensor(buffer))).collect();
        self.steps = state.steps;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::network::device;
    use crate::plan::{NetworkConfig, Plan, Shape};
    use crate::weights::Weights;

    const NAME: &str = "classifier.3.bias";

    fn network() -> Network {
        let config = NetworkConfig { widths: [2, 2], hidden: 3, ..NetworkConfig::preset("sample").unwrap() };
        let input = Shape { channels: 1, height: 8, width: 8 };
        let plan = Plan::new(&"0111 0011 0001 0000".parse().unwrap(), &config, input).unwrap();
        let mut weights = Weights::initialised(&plan, 1, 0);
        weights.set(NAME, vec![2.0; config.outputs()]);
        Network::new(&plan, &weights, &device("cpu").unwrap()).unwrap()
    }

    fn step(optimiser: &mut Optimiser, network: &mut Network, gradient: f32) -> f32 {
        let count = network.weights().values(NAME).len();
        let gradient = write(&vec![gradient; count], network.device()).without_autodiff();
        optimiser.step(network, &Gradients::from([(NAME.to_string(), gradient)]), 0.1);
        network.weights().values(NAME)[0]
    }

    #[test]
    fn momentum_and_decay_follow_the_formula_and_survive_a_checkpoint() {
        let (mut network, mut sgd) = (network(), Optimiser::sgd(0.5, 0.25));
        // g = 1 + 0.25 * 2 = 1.5; buffer = 1.5; w = 2 - 0.15.
        assert!((step(&mut sgd, &mut network, 1.0) - 1.85).abs() < 1e-6);
        let mut resumed = Optimiser::sgd(0.5, 0.25);
        resumed.set_state(&network, &sgd.state(&network)).unwrap();
        // g = -1 + 0.25 * 1.85 = -0.5375; buffer = 0.75 - 0.5375 = 0.2125; w = 1.85 - 0.02125.
        assert!((step(&mut resumed, &mut network, -1.0) - 1.82875).abs() < 1e-6);
    }

    #[test]
    fn adam_follows_the_formula_and_survives_a_checkpoint() {
        let (mut network, mut adam) = (network(), Optimiser::adam(0.0));
        // The first step is the learning rate, whatever the gradient.
        assert!((step(&mut adam, &mut network, 3.0) - 1.9).abs() < 1e-6);
        let mut resumed = Optimiser::adam(0.0);
        resumed.set_state(&network, &adam.state(&network)).unwrap();
        // m = 0.9 * 0.3 - 0.1 = 0.17, / 0.19; s = 0.999 * 0.009 + 0.001 = 0.009991, / 0.001999.
        let expected = 1.9 - 0.1 * (0.17 / 0.19) / (0.009_991_f64 / 0.001_999).sqrt();
        assert!((f64::from(step(&mut resumed, &mut network, -1.0)) - expected).abs() < 1e-6);
    }

    #[test]
    fn buffers_of_another_network_are_refused_by_name() {
        let (network, mut sgd) = (network(), Optimiser::sgd(0.9, 0.0));
        for key in [format!("momentum.{NAME}"), NAME.to_string()] {
            let wrong = weights::Tensor { shape: vec![1], values: vec![0.0] };
            let state = OptimiserState { steps: 1, buffers: BTreeMap::from([(key, wrong)]) };
            assert!(sgd.set_state(&network, &state).unwrap_err().to_string().contains(NAME));
        }
    }
}
