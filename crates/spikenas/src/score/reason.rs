use super::config::ScoreConfig;
use super::kind::ScoreKind;
use super::room::memory_for_maps;
use crate::Result;
use crate::data::Batch;
use crate::engine::{Draws, Engine, Firing, LayerId, Observer};
use crate::graph::Graph;

/// Why a network's score is minus infinity, in words: a cell without a path, samples with equal codes, silent layers.
///
/// `batches`: those that it was scored on, one per repeat. Errors: those of the engine.
pub fn reason(engine: &dyn Engine, config: &ScoreConfig, graph: &Graph, batches: &[Batch]) -> Result<String> {
    if let Some(cell) = graph.architecture.cell_without_path() {
        return Ok(format!("no path from input to output in cell {cell}"));
    }
    if config.kind == ScoreKind::Zico {
        return Ok("a layer has no gradient".into());
    }
    let (ScoreConfig { seed, repeats, .. }, memory) = (config, memory_for_maps(config));
    let untrained = engine.untrained(&Draws {
        initialisation: graph.config.initialisation,
        seed: *seed,
        repeats: *repeats,
        memory,
    });
    for (repeat, batch) in batches.iter().enumerate() {
        let mut seen = Seen { distances: vec![0; config.batch * config.batch], ..Seen::default() };
        untrained.observe(repeat, &[graph], &batch.images, &mut seen)?;
        let equal = seen.samples_with_an_equal(config.batch);
        let silence = match seen.silent_layers.as_slice() {
            [] => "no layer is silent".into(),
            [first, ..] => {
                format!("{} of {} layers are silent, from {first} on", seen.silent_layers.len(), seen.layers)
            }
        };
        if config.kind.kernel().is_some() && equal > 0 {
            return Ok(format!("K is singular: {equal} of {} samples have equal codes, {silence}", config.batch));
        }
        if config.kind.kernel().is_none() && !seen.silent_layers.is_empty() {
            return Ok(format!("no path carries spikes: {silence}"));
        }
    }
    Ok(if config.kind.kernel().is_some() { "K is singular" } else { "nothing comes through" }.into())
}

/// What a network fires: its silent layers, and how far apart the samples' codes are.
#[derive(Default)]
struct Seen {
    layers: usize,
    silent: Vec<LayerId>,
    silent_layers: Vec<String>,
    /// `[samples, samples]`, over all layers and timesteps.
    distances: Vec<u64>,
}

impl Seen {
    /// Samples whose code is that of another sample in every layer.
    fn samples_with_an_equal(&self, samples: usize) -> usize {
        let rows = self.distances.chunks(samples).enumerate();
        rows.filter(|(row, distances)| distances.iter().enumerate().any(|(i, &d)| i != *row && d == 0)).count()
    }
}

impl Observer for Seen {
    fn fired(&mut self, layer: LayerId, firing: &Firing<'_>) {
        if firing.counts.iter().all(|&count| count == 0) {
            self.silent.push(layer);
        }
        for step in 0..firing.timesteps() {
            self.distances.iter_mut().zip((firing.distances)(step)).for_each(|(sum, d)| *sum += d);
        }
    }

    fn finished(&mut self, _: usize, layers: &[(String, LayerId)]) -> Result<()> {
        self.layers = layers.len();
        let silent = layers.iter().filter(|(_, layer)| self.silent.contains(layer));
        self.silent_layers = silent.map(|(name, _)| name.clone()).collect();
        Ok(())
    }
}
