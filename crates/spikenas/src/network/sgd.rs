use std::collections::BTreeMap;

use burn::tensor::Tensor;

use super::state::{read, write};
use super::{Gradients, Network};
use crate::{Error, Result, weights};

/// Stochastic gradient descent with momentum and weight decay on every trainable parameter, as PyTorch's.
///
/// `g = gradient + decay * w; buffer = momentum * buffer + g` (the first `buffer` is `g`); `w -= rate * buffer`.
#[derive(Clone)]
pub struct Sgd {
    momentum: f64,
    weight_decay: f64,
    buffers: BTreeMap<String, Tensor<1>>,
}

impl Sgd {
    /// An optimiser that has not made a step yet.
    pub fn new(momentum: f64, weight_decay: f64) -> Self {
        Self { momentum, weight_decay, buffers: BTreeMap::new() }
    }

    /// Makes one step.
    pub fn step(&mut self, network: &mut Network, gradients: &Gradients, learning_rate: f64) {
        for (name, parameter) in network.trainable_mut() {
            let weight = parameter.clone().without_autodiff();
            let decay = weight.clone() * self.weight_decay;
            let gradient = match gradients.get(name) {
                Some(gradient) => gradient.clone() + decay,
                None => decay,
            };
            let buffer = match self.buffers.remove(name) {
                Some(buffer) => buffer * self.momentum + gradient,
                None => gradient,
            };
            *parameter = (weight - buffer.clone() * learning_rate).autodiff().require_grad();
            self.buffers.insert(name.clone(), buffer);
        }
    }

    /// The momentum buffers by the names of their parameters; none before the first step.
    pub fn buffers(&self, network: &Network) -> BTreeMap<String, weights::Tensor> {
        let with_shape = |(name, shape): (String, Vec<usize>)| {
            let values = read(self.buffers.get(&name)?.clone());
            Some((name, weights::Tensor { shape, values }))
        };
        network.shapes().filter_map(with_shape).collect()
    }

    /// Continues from momentum buffers that [`Sgd::buffers`] gave.
    ///
    /// Errors: buffers that are not the network's, or not finite.
    pub fn set_buffers(&mut self, network: &Network, buffers: &BTreeMap<String, weights::Tensor>) -> Result<()> {
        let shapes: BTreeMap<String, Vec<usize>> = network.shapes().collect();
        let fits = |(name, buffer): (&String, &weights::Tensor)| {
            shapes.get(name) == Some(&buffer.shape)
                && buffer.values.len() == buffer.shape.iter().product::<usize>()
                && buffer.values.iter().all(|v| v.is_finite())
        };
        if let Some((name, _)) = buffers.iter().find(|&buffer| !fits(buffer)) {
            return Err(Error::invalid(format!("momentum of `{name}` does not fit the network: train from the start")));
        }
        let tensor = |buffer: &weights::Tensor| write(&buffer.values, network.device()).without_autodiff();
        self.buffers = buffers.iter().map(|(name, buffer)| (name.clone(), tensor(buffer))).collect();
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

    fn step(sgd: &mut Sgd, network: &mut Network, gradient: f32) -> f32 {
        let count = network.weights().values(NAME).len();
        let gradient = write(&vec![gradient; count], network.device()).without_autodiff();
        sgd.step(network, &Gradients::from([(NAME.to_string(), gradient)]), 0.1);
        network.weights().values(NAME)[0]
    }

    #[test]
    fn momentum_and_decay_follow_the_formula_and_survive_a_checkpoint() {
        let (mut network, mut sgd) = (network(), Sgd::new(0.5, 0.25));
        // g = 1 + 0.25 * 2 = 1.5; buffer = 1.5; w = 2 - 0.15.
        assert!((step(&mut sgd, &mut network, 1.0) - 1.85).abs() < 1e-6);
        let mut resumed = Sgd::new(0.5, 0.25);
        resumed.set_buffers(&network, &sgd.buffers(&network)).unwrap();
        // g = -1 + 0.25 * 1.85 = -0.5375; buffer = 0.75 - 0.5375 = 0.2125; w = 1.85 - 0.02125.
        assert!((step(&mut resumed, &mut network, -1.0) - 1.82875).abs() < 1e-6);
    }

    #[test]
    fn buffers_of_another_network_are_refused_by_name() {
        let (network, mut sgd) = (network(), Sgd::new(0.9, 0.0));
        let wrong = weights::Tensor { shape: vec![1], values: vec![0.0] };
        let error = sgd.set_buffers(&network, &BTreeMap::from([(NAME.to_string(), wrong)])).unwrap_err();
        assert!(error.to_string().contains(NAME));
    }
}
