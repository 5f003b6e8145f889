use std::collections::BTreeMap;

use burn::tensor::Tensor;

use super::state::{read, write};
use super::{Gradients, Network};
use crate::weights;

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
    pub fn set_buffers(&mut self, network: &Network, buffers: &BTreeMap<String, weights::Tensor>) {
        let device = network.device();
        let buffers =
            buffers.iter().map(|(name, tensor)| (name.clone(), write(&tensor.values, device).without_autodiff()));
        self.buffers = buffers.collect();
    }
}
