use std::collections::BTreeMap;

use burn::tensor::{Device, Tensor, TensorData};

use crate::graph::{Graph, Shape};
use crate::weights::Weights;
use crate::{Error, Result};

/// A network's tensors on a device, flat, under the names of the state dict.
pub struct Tensors {
    pub device: Device,
    /// Trainable tensors.
    pub parameters: BTreeMap<String, Tensor<1>>,
    /// Running statistics.
    pub running: BTreeMap<String, Tensor<1>>,
}

impl Tensors {
    /// Errors: weights that are not the graph's, cells with edges back.
    pub fn new(graph: &Graph, weights: &Weights, device: &Device) -> Result<Self> {
        if graph.has_feedback() {
            return Err(Error::invalid(
                "cells with edges back to earlier nodes are computed on the CPU alone: use the device cpu",
            ));
        }
        weights.check(graph)?;
        let (mut trainable, mut running) = (BTreeMap::new(), BTreeMap::new());
        for parameter in graph.parameters() {
            let tensor = write(weights.values(&parameter.name), device);
            if parameter.kind.is_trainable() {
                trainable.insert(parameter.name, tensor.require_grad());
            } else {
                running.insert(parameter.name, tensor.without_autodiff());
            }
        }
        Ok(Self { device: device.clone(), parameters: trainable, running })
    }

    /// A trainable tensor. Panics if the graph has none of this name.
    pub fn trainable(&self, module: &str, tensor: &str) -> Tensor<1> {
        self.parameters[&format!("{module}.{tensor}")].clone()
    }

    /// Running mean and variance of a batch norm. Panics if the graph has none of this name.
    pub fn running_of(&self, module: &str) -> [Tensor<1>; 2] {
        ["running_mean", "running_var"].map(|tensor| self.running[&format!("{module}.{tensor}")].clone())
    }

    /// Replaces running mean and variance of a batch norm.
    pub fn set_running(&mut self, module: &str, [mean, variance]: [Tensor<1>; 2]) {
        self.running.insert(format!("{module}.running_mean"), mean);
        self.running.insert(format!("{module}.running_var"), variance);
    }

    /// Puts images or frames, channel by channel, on the device: [images, channels, height, width].
    pub fn images(&self, values: &[f32], shape: Shape) -> Tensor<4> {
        let count = values.len() / shape.len();
        let size = [count, shape.channels, shape.height, shape.width];
        write(&values[..count * shape.len()], &self.device).without_autodiff().reshape(size)
    }
}

/// The values of a tensor, waiting for the device.
pub fn read(tensor: Tensor<1>) -> Vec<f32> {
    tensor.into_data().iter::<f32>().collect()
}

/// A tensor of values, on a device.
pub fn write(values: &[f32], device: &Device) -> Tensor<1> {
    Tensor::from_data(TensorData::new(values.to_vec(), [values.len()]), device)
}
