use std::sync::Arc;

use super::config::ScoreConfig;
use super::kind::ScoreKind;
use super::scorer::{Score, Scorer};
use super::spike_scorer::SpikeScorer;
use super::{membrane_entropy, structure, synflow, zico};
use crate::data::Batch;
use crate::engine::{Draws, Engine, Untrained};
use crate::graph::{Graph, NetworkConfig};
use crate::space::Architecture;
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
    let ScoreConfig { seed, repeats, memory, .. } = *config;
    if batches.len() != repeats {
        return Err(Error::invalid(format!("{} mini-batches for {repeats} repeats", batches.len())));
    }
    let initialisation = network.initialisation;
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
    fn score(&self, graph: &Graph) -> Result<f64> {
        let graph = pruned(graph)?;
        let ScoreConfig { kind, seed, .. } = self.config;
        let mut total = 0.0;
        for (repeat, batch) in self.batches.iter().enumerate() {
            total += match kind {
                ScoreKind::Depth => structure::depth(&graph),
                ScoreKind::Parameters => structure::parameters(&graph),
                ScoreKind::Synflow => synflow::synflow(&graph, &self.drawn[repeat]),
                ScoreKind::MembraneEntropy => {
                    membrane_entropy::membrane_entropy(self.untrained.as_ref(), repeat, &graph, &batch.images)?
                }
                ScoreKind::Zico => zico::zico(self.engine.as_ref(), &graph, seed, repeat as u64, batch)?,
                of_spikes => return Err(Error::invalid(format!("`{of_spikes}` is a score of spikes"))),
            };
            if !kind.is_drawn() {
                return Ok(total);
            }
        }
        Ok(total / self.batches.len() as f64)
    }
}

impl Scorer for OneByOne {
    fn score_each(&self, graphs: &[Graph], report: &mut dyn FnMut(usize, Score) -> Result<()>) -> Result<()> {
        for (index, graph) in graphs.iter().enumerate() {
            let value = self.score(graph)?;
            if value.is_nan() {
                let architecture = &graph.architecture;
                return Err(Error::NotFinite(format!("the score of `{architecture}` is not a number")));
            }
            report(index, Score { value, firing_rate: None })?;
        }
        Ok(())
    }
}

/// The graph without the parts that are on no path from a cell's input to its output.
fn pruned(graph: &Graph) -> Result<Graph> {
    let cells = graph.architecture.cells().iter().map(|cell| cell.pruned()).collect();
    Graph::new(&Architecture::new(cells)?, &graph.config, graph.input)
}
