use spikenas_kernels::Isa;

use super::buffers::Buffers;
use super::executor::{Executor, Pass};
use super::parameters::LayerParameters;
use super::program::{Goal, Program, Route};
use crate::Result;
use crate::engine::device::{Draws, Untrained};
use crate::engine::observer::Observer;
use crate::graph::Graph;

/// Untrained networks on the kernels: weights are drawn when they are first asked for, and kept.
pub(super) struct UntrainedOnKernels {
    /// One per repeat; all use the same memory.
    repeats: Vec<LayerParameters>,
}

impl UntrainedOnKernels {
    pub fn new(draws: &Draws) -> Self {
        let (isa, buffers) = (Isa::best(), Buffers::new(draws.memory));
        let repeat = |index: usize| {
            LayerParameters::drawn(draws.initialisation, draws.seed, index as u64, isa).sharing(&buffers)
        };
        Self { repeats: (0..draws.repeats).map(repeat).collect() }
    }
}

impl Untrained for UntrainedOnKernels {
    fn observe(&self, repeat: usize, graphs: &[&Graph], images: &[f32], observer: &mut dyn Observer) -> Result<()> {
        let Some(first) = graphs.first() else { return Ok(()) };
        let mut program = Program::default();
        let routes: Vec<Route> = graphs.iter().map(|graph| program.add(graph, Goal::Spikes)).collect();
        let samples = images.len() / first.sample_len();
        let pass = Pass::new(&first.config, images, samples);
        let mut executor = Executor::new(&program, &self.repeats[repeat], pass, Some(observer));
        routes.iter().flat_map(|route| &route.layers).for_each(|&(_, id)| executor.retain(id));
        for (index, route) in routes.iter().enumerate() {
            for &id in &route.order {
                executor.visit(id)?;
            }
            executor.finished(index, &route.layers)?;
            route.layers.iter().for_each(|&(_, id)| executor.release(id));
        }
        Ok(())
    }
}
