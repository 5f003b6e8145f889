use std::sync::Arc;

use super::config::ScoreConfig;
use super::kind::ScoreKind;
use super::room::memory_for_maps;
use super::scorer::{Listener, Score, Scorer};
use super::spike_scorer::SpikeScorer;
use super::{membrane_entropy, structure, synflow, zico};
use crate::data::Batch;
use crate::engine::{Draws, Engine, Untrained};
use crate::graph::{Graph, NetworkConfig};
use crate::weights::Drawn;
use crate::{Error, Result};

/// The scorer that a configuration asks for, on these mini-batches, one per repeat.
///
/// Errors: settings out of range, another number of mini-batches.
pub fn scorer(
    engine: &Arc<dyn Engine>,
    config: &ScoreConfig,
    network: &NetworkConfig,
    batches: Vec<Batch>,
) -> Result<Box<dyn Scorer>> {
    if config.kind.is_of_spikes() {
        let images = batches.into_iter().map(|batch| batch.images).collect();
        return Ok(Box::new(SpikeScorer::new(engine.as_ref(), config.clone(), network, images)?));
    }
    config.check()?;
    let ScoreConfig { seed, repeats, .. } = *config;
    if config.kind.is_drawn() && batches.len() != repeats {
        return Err(Error::invalid(format!("{} mini-batches for {repeats} repeats", batches.len())));
    }
    let initialisation = network.initialisation;
    let memory = memory_for_maps(config);
    let untrained = engine.untrained(&Draws { initialisation, seed, repeats, memory });
    let drawn = (0..repeats).map(|repeat| Drawn::new(initialisation, seed, repeat as u64)).collect();
    Ok(Box::new(OneByOne { engine: engine.clone(), config: config.clone(), untrained, batches, drawn }))
}

/// Scores one architecture after the other, each with its dead parts cut.
struct OneByOne {
    engine: Arc<dyn Engine>,
    config: ScoreConfig,
    untrained: Box<dyn Untrained>,
    /// One per repeat.
    batches: Vec<Batch>,
    /// Weights of each repeat.
    drawn: Vec<Drawn>,
}

impl OneByOne {
    fn score(&self, graph: &Graph, listener: &mut dyn Listener) -> Result<f64> {
        let graph = pruned(graph)?;
        let ScoreConfig { kind, seed, .. } = self.config;
        match kind {
            ScoreKind::Depth => return Ok(structure::depth(&graph)),
            ScoreKind::Parameters => return Ok(structure::parameters(&graph)),
            _ => {}
        }
        let mut total = 0.0;
        for (repeat, batch) in self.batches.iter().enumerate() {
            total += match kind {
                ScoreKind::Synflow => synflow::synflow(&graph, &self.drawn[repeat]),
                ScoreKind::MembraneEntropy => {
                    membrane_entropy::membrane_entropy(self.untrained.as_ref(), repeat, &graph, &batch.images)?
                }
                ScoreKind::Zico => zico::zico(self.engine.as_ref(), &graph, seed, repeat as u64, batch)?,
                other => return Err(Error::invalid(format!("`{other}` is not a score of one network at a time"))),
            };
            listener.step()?;
        }
        Ok(total / self.batches.len() as f64)
    }
}

impl Scorer for OneByOne {
    fn score_each(&self, graphs: &[Graph], listener: &mut dyn Listener) -> Result<()> {
        for (index, graph) in graphs.iter().enumerate() {
            let value = self.score(graph, listener)?;
            if value.is_nan() {
                let architecture = &graph.architecture;
                return Err(Error::NotFinite(format!("the score of `{architecture}` is not a number")));
            }
            listener.scored(index, Score { value, firing_rate: None, ..Score::default() })?;
        }
        Ok(())
    }

    fn ignores_dead_edges(&self) -> bool {
        true
    }
}

/// The graph without the parts that are on no path from a cell's input to its output.
fn pruned(graph: &Graph) -> Result<Graph> {
    Graph::new(&graph.architecture.pruned(), &graph.config, graph.input)
}
