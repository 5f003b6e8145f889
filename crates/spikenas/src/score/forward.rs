use std::collections::BTreeMap;
use std::sync::Arc;

use spikenas_kernels::Spikes;

use super::batch_norm::RunningStatistics;
use super::executor::{Executor, Pass};
use super::graph::{Goal, Graph};
use super::parameters::LayerParameters;
use crate::Result;
use crate::plan::Plan;

/// Which statistics batch norms use.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// Those of the batch, as while scoring and training.
    Train,
    /// The running ones.
    Evaluate,
}

/// Membranes that a pass leaves behind, by LIF layer; empty before the first. Layers that read the same node share them.
pub type Membranes = BTreeMap<String, Vec<f32>>;

/// The spikes of one LIF layer.
#[derive(Clone, Debug)]
pub struct LayerSpikes {
    /// Name of the layer.
    pub name: String,
    /// `[timesteps * samples, pixels, channels]`; layers that read the same node share them.
    pub spikes: Arc<Spikes>,
}

/// What a forward pass leaves.
#[derive(Clone, Debug)]
pub struct Trace {
    /// Samples of the batch.
    pub samples: usize,
    /// Timesteps.
    pub timesteps: usize,
    /// Spikes of every LIF layer, in the order of execution.
    pub layers: Vec<LayerSpikes>,
    /// Mean output over the timesteps, `[samples, classes]`.
    pub output: Vec<f32>,
    /// Running statistics after the pass; empty in evaluation mode.
    pub running: RunningStatistics,
}

/// Runs a network on images `[samples, channels, height, width]`, layer by layer, all timesteps of a layer at once.
///
/// With `membranes`, they start and are left there; without, they start at 0 and are not kept. Errors: the feature maps
/// need more memory than `parameters` allow.
pub fn forward(
    plan: &Plan,
    parameters: &LayerParameters<'_>,
    images: &[f32],
    mode: Mode,
    membranes: Option<&mut Membranes>,
) -> Result<Trace> {
    let samples = images.len() / plan.input.len();
    let mut graph = Graph::default();
    let walk = graph.add(plan, Goal::Output);
    let pass = Pass { mode, membranes, ..Pass::new(&plan.config, images, samples) };
    let mut executor = Executor::new(&graph, parameters, pass);
    let output = walk.order.last().copied();
    let kept: Vec<_> = walk.layers.iter().map(|&(_, id)| id).chain(output).collect();
    kept.iter().for_each(|&id| executor.retain(id));
    for &id in &walk.order {
        executor.visit(id)?;
    }
    let spikes =
        |&(ref name, id): &(String, usize)| LayerSpikes { name: name.clone(), spikes: executor.spikes(id).clone() };
    Ok(Trace {
        samples,
        timesteps: plan.config.timesteps,
        layers: walk.layers.iter().map(spikes).collect(),
        output: output.map_or(Vec::new(), |id| executor.output(id).to_vec()),
        running: std::mem::take(&mut executor.statistics.running),
    })
}
