use std::collections::BTreeMap;
use std::path::Path;

use super::description::NetworkDescription;
use super::draw::draw;
use super::file::TensorFile;
use super::origin::Origin;
use super::tensor::Tensor;
use crate::graph::{Graph, ParameterKind};
use crate::{Error, Result};

/// Every tensor of a network's state dict.
#[derive(Clone, Debug, PartialEq)]
pub struct Weights {
    tensors: BTreeMap<String, Tensor>,
    /// Forward passes in training mode so far.
    pub batches_tracked: u64,
}

impl Weights {
    /// Draws the weights of an untrained network.
    ///
    /// Convolutions from SNASNet's Kaiming-uniform distribution, `U(-b, b)` with `b = sqrt(6 / (5 fan_in))`; batch
    /// norms 1 and 0; linear layers normal, see [`Initialisation`](crate::graph::Initialisation); biases 0. See
    /// [`draw`] for the generators.
    pub fn initialised(graph: &Graph, seed: u64, repeat: u64) -> Self {
        let initialisation = graph.config.initialisation;
        let tensors = graph.parameters().into_iter().map(|parameter| {
            let values = draw(&parameter, initialisation, seed, repeat);
            (parameter.name, Tensor { shape: parameter.shape, values })
        });
        Self { tensors: tensors.collect(), batches_tracked: 0 }
    }

    /// Weights from tensors by name.
    pub fn new(tensors: BTreeMap<String, Tensor>, batches_tracked: u64) -> Self {
        Self { tensors, batches_tracked }
    }

    /// The values of a tensor. Panics if it is not there: call it only on weights that [`Weights::check`] accepts.
    pub fn values(&self, name: &str) -> &[f32] {
        &self.tensors[name].values
    }

    /// All tensors by name.
    pub fn tensors(&self) -> &BTreeMap<String, Tensor> {
        &self.tensors
    }

    /// Replaces the values of a tensor; lengths must agree.
    pub fn set(&mut self, name: &str, values: Vec<f32>) {
        if let Some(tensor) = self.tensors.get_mut(name) {
            debug_assert_eq!(tensor.values.len(), values.len(), "{name}");
            tensor.values = values;
        }
    }

    /// Takes a tensor out, if it is there.
    pub(crate) fn take(&mut self, name: &str) -> Option<Tensor> {
        self.tensors.remove(name)
    }

    /// Puts a tensor in, in the place of another of that name.
    pub(crate) fn put(&mut self, name: String, tensor: Tensor) {
        self.tensors.insert(name, tensor);
    }

    /// Changes a tensor in place, if it is there.
    pub(crate) fn change(&mut self, name: &str, change: impl FnOnce(&mut Tensor)) {
        self.tensors.get_mut(name).map(change).unwrap_or_default();
    }

    /// Whether these are the weights of a graph: every tensor there, with its shape, finite, no variance below zero, and no other
    /// tensor.
    pub fn check(&self, graph: &Graph) -> Result<()> {
        let parameters = graph.parameters();
        for parameter in &parameters {
            let Some(tensor) = self.tensors.get(&parameter.name) else {
                return Err(Error::invalid(format!("tensor `{}` is missing", parameter.name)));
            };
            if tensor.shape != parameter.shape {
                return Err(Error::invalid(format!(
                    "tensor `{}` has shape {:?}, the network needs {:?}",
                    parameter.name, tensor.shape, parameter.shape
                )));
            }
            if tensor.values.iter().any(|v| !v.is_finite()) {
                return Err(Error::invalid(format!("tensor `{}` holds a value that is not finite", parameter.name)));
            }
            if parameter.kind == ParameterKind::RunningVariance && tensor.values.iter().any(|&v| v < 0.0) {
                return Err(Error::invalid(format!("tensor `{}` holds a variance below zero", parameter.name)));
            }
        }
        match self.tensors.keys().find(|name| parameters.iter().all(|p| &p.name != *name)) {
            Some(name) => Err(Error::invalid(format!("tensor `{name}` does not belong to the network"))),
            None => Ok(()),
        }
    }

    /// Writes a safetensors file in one step, with the graph's description and the weights' origin in its metadata, and a checksum
    /// over all.
    pub fn save(&self, path: &Path, graph: &Graph, origin: Option<&Origin>) -> Result<()> {
        self.to_file(graph, origin).write(path)
    }

    pub(crate) fn from_file(file: TensorFile) -> Self {
        let stem = file.counters.iter().find(|(name, _)| name.starts_with("stem"));
        let batches_tracked = stem.map_or(0, |(_, &count)| u64::try_from(count).unwrap_or(0));
        Self { tensors: file.tensors, batches_tracked }
    }

    /// The tensors with the counter that PyTorch keeps beside every batch norm, and the description of graph and weights.
    pub(crate) fn to_file(&self, graph: &Graph, origin: Option<&Origin>) -> TensorFile {
        let counter = |name: &String| {
            let module = name.strip_suffix("running_mean")?;
            let steps = if name.starts_with("stem") { 1 } else { graph.config.timesteps as u64 };
            let batches = i64::try_from(self.batches_tracked.saturating_mul(steps)).unwrap_or(i64::MAX);
            Some((format!("{module}num_batches_tracked"), batches))
        };
        let mut about = NetworkDescription::of(graph).about();
        about.extend(origin.map(Origin::about).unwrap_or_default());
        let counters = self.tensors.keys().filter_map(counter).collect();
        TensorFile { tensors: self.tensors.clone(), counters, about, ..TensorFile::default() }
    }
}
