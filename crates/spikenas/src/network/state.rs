use std::collections::BTreeMap;

use burn::tensor::{Device, Tensor, TensorData};

use super::device::is_cpu;
use crate::Result;
use crate::plan::Plan;
use crate::score::Buffers;
use crate::weights::{self, Weights};

/// Gradients by the names of their parameters, flat. A parameter on which the loss does not depend has none.
pub type Gradients = BTreeMap<String, Tensor<1>>;

/// A trainable network on a device.
///
/// Tensors are kept flat, under the names of the state dict; layers give them their shapes.
#[derive(Clone)]
pub struct Network {
    plan: Plan,
    device: Device,
    trainable: BTreeMap<String, Tensor<1>>,
    running: BTreeMap<String, Tensor<1>>,
    batches_tracked: u64,
    /// Memory that steps on the CPU use again.
    buffers: Buffers,
    /// Whether it is computed by Burn's own operations.
    is_composed: bool,
}

impl Network {
    /// Puts a plan's weights on a device, which [`device`](super::device) gives.
    ///
    /// Errors: weights that are not the plan's.
    pub fn new(plan: &Plan, weights: &Weights, device: &Device) -> Result<Self> {
        weights.check(plan)?;
        let (mut trainable, mut running) = (BTreeMap::new(), BTreeMap::new());
        for parameter in plan.parameters() {
            let tensor = write(weights.values(&parameter.name), device);
            if parameter.kind.is_trainable() {
                trainable.insert(parameter.name, tensor.require_grad());
            } else {
                running.insert(parameter.name, tensor.without_autodiff());
            }
        }
        let batches_tracked = weights.batches_tracked;
        let (plan, device) = (plan.clone(), device.clone());
        let buffers = Buffers::new(u64::MAX);
        let is_composed = !is_cpu(&device);
        Ok(Self { plan, device, trainable, running, batches_tracked, buffers, is_composed })
    }

    /// The same network computed by Burn's own operations on the CPU as well, as on other devices.
    pub fn composed(self) -> Self {
        Self { is_composed: true, ..self }
    }

    pub(super) fn is_composed(&self) -> bool {
        self.is_composed
    }

    /// Memory that its passes use again.
    pub(crate) fn buffers(&self) -> &Buffers {
        &self.buffers
    }

    /// What was built.
    pub fn plan(&self) -> &Plan {
        &self.plan
    }

    /// Where it runs.
    pub fn device(&self) -> &Device {
        &self.device
    }

    /// Reads all tensors back.
    pub fn weights(&self) -> Weights {
        let tensors = self.plan.parameters().into_iter().filter_map(|parameter| {
            let tensor = self.trainable.get(&parameter.name).or_else(|| self.running.get(&parameter.name))?;
            let values = read(tensor.clone());
            Some((parameter.name, weights::Tensor { shape: parameter.shape, values }))
        });
        Weights::new(tensors.collect(), self.batches_tracked)
    }

    /// Puts images on the network's device: `values` holds whole images, channel by channel. Returns [images, C, H, W].
    pub fn images(&self, values: &[f32]) -> Tensor<4> {
        let shape = self.plan.input;
        let count = values.len() / shape.len();
        write(&values[..count * shape.len()], &self.device).without_autodiff().reshape([
            count,
            shape.channels,
            shape.height,
            shape.width,
        ])
    }

    /// The gradient of a loss, a single number, with respect to every parameter.
    pub fn gradients(&self, loss: &Tensor<1>) -> Gradients {
        let mut found = loss.backward();
        let named = |(name, parameter): (&String, &Tensor<1>)| Some((name.clone(), parameter.grad_remove(&mut found)?));
        self.trainable.iter().filter_map(named).collect()
    }

    /// Names and shapes of the trainable tensors.
    pub(super) fn shapes(&self) -> impl Iterator<Item = (String, Vec<usize>)> {
        self.plan.parameters().into_iter().filter(|p| p.kind.is_trainable()).map(|p| (p.name, p.shape))
    }

    /// The trainable tensors by name.
    pub(super) fn trainable_mut(&mut self) -> impl Iterator<Item = (&String, &mut Tensor<1>)> {
        self.trainable.iter_mut()
    }

    /// A tensor of the state dict, flat. Panics if the plan has none of this name.
    pub(super) fn tensor(&self, name: &str) -> Tensor<1> {
        self.trainable.get(name).unwrap_or_else(|| &self.running[name]).clone()
    }

    /// A trainable tensor. Panics if the plan has none of this name.
    pub(super) fn parameter(&self, module: &str, tensor: &str) -> Tensor<1> {
        self.trainable[&format!("{module}.{tensor}")].clone()
    }

    /// Running mean and variance of a batch norm. Panics if the plan has none of this name.
    pub(super) fn running(&self, module: &str) -> [Tensor<1>; 2] {
        ["running_mean", "running_var"].map(|tensor| self.running[&format!("{module}.{tensor}")].clone())
    }

    /// Replaces running mean and variance of a batch norm.
    pub(super) fn set_running(&mut self, module: &str, [mean, variance]: [Tensor<1>; 2]) {
        self.running.insert(format!("{module}.running_mean"), mean);
        self.running.insert(format!("{module}.running_var"), variance);
    }

    /// Counts one forward pass in training mode.
    pub(super) fn count_batch(&mut self) {
        self.batches_tracked += 1;
    }
}

/// The values of a tensor, waiting for the device.
pub(super) fn read(tensor: Tensor<1>) -> Vec<f32> {
    tensor.into_data().iter::<f32>().collect()
}

/// A tensor of values, on a device.
pub(super) fn write(values: &[f32], device: &Device) -> Tensor<1> {
    Tensor::from_data(TensorData::new(values.to_vec(), [values.len()]), device)
}
