use std::sync::Arc;

use spikenas_kernels::Spikes;

use super::executor::{Executor, Membranes, Pass};
use super::norm::RunningStatistics;
use super::parameters::LayerParameters;
use super::program::{Goal, Program};
use crate::Result;
use crate::engine::network::{Mode, NormOver};
use crate::graph::Graph;

/// The spikes of one LIF layer.
#[derive(Clone, Debug)]
pub struct LayerSpikes {
    /// Name of the layer.
    pub name: String,
    /// `[timesteps * samples, pixels, channels]`; layers that read the same map share them.
    pub spikes: Arc<Spikes>,
}

/// The results of a forward pass.
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

/// Runs a network on images `[samples, channels, height, width]`, or on frames `[timesteps, samples, channels, height, width]`, layer by layer, all timesteps of a layer at once.
///
/// `membranes` are those to start from and are updated; without, they start at 0 and are not kept. Errors: the feature
/// maps need more memory than `parameters` allow.
pub fn forward(
    graph: &Graph,
    parameters: &LayerParameters,
    images: &[f32],
    mode: Mode,
    membranes: Option<&mut Membranes>,
) -> Result<Trace> {
    let samples = images.len() / graph.sample_len();
    let mut program = Program::default();
    let route = program.add(graph, Goal::Output);
    let over = if let Mode::Estimate { over, .. } = mode { over } else { NormOver::Timestep };
    let pass = Pass { mode, over, membranes, ..Pass::new(&graph.config, images, samples) };
    let mut executor = Executor::new(&program, parameters, pass, None);
    let output = route.order.last().copied();
    let kept: Vec<_> = route.layers.iter().map(|&(_, id)| id).chain(output).collect();
    kept.iter().for_each(|&id| executor.retain(id));
    for &id in &route.order {
        executor.visit(id)?;
    }
    let spikes =
        |&(ref name, id): &(String, usize)| LayerSpikes { name: name.clone(), spikes: executor.spikes(id).clone() };
    Ok(Trace {
        samples,
        timesteps: graph.config.timesteps,
        layers: route.layers.iter().map(spikes).collect(),
        output: output.map_or(Vec::new(), |id| executor.output(id).to_vec()),
        running: std::mem::take(&mut executor.statistics.running),
    })
}
