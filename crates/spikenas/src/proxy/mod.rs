//! Every score behind one trait: zero-cost proxies for the accuracy of a trained network.
//!
//! Those of spikes share a forward pass ([`Scorer`]); the others look at one architecture after the other, each with its dead
//! parts cut.

mod membranes;
mod structure;
mod synflow;
mod zico;

use spikenas_kernels::Isa;

use crate::data::Batch;
use crate::plan::{NetworkConfig, Plan};
use crate::score::{ArchitectureScorer, LayerParameters, Score, ScoreConfig, ScoreKind, Scorer};
use crate::space::Architecture;
use crate::{Error, Result};

/// What gives the scores that a configuration asks for, on these mini-batches, one a repeat.
///
/// Errors: settings out of range, another number of mini-batches.
pub fn scorer(
    config: &ScoreConfig,
    network: &NetworkConfig,
    batches: Vec<Batch>,
) -> Result<Box<dyn ArchitectureScorer>> {
    if config.kind.is_of_spikes() {
        let images = batches.into_iter().map(|batch| batch.images).collect();
        return Ok(Box::new(Scorer::new(config.clone(), network, images)?));
    }
    config.check()?;
    if batches.len() != config.repeats {
        return Err(Error::invalid(format!("{} mini-batches for {} repeats", batches.len(), config.repeats)));
    }
    let drawn = |repeat: u64| LayerParameters::drawn(network.initialisation, config.seed, repeat, Isa::best());
    let repeats = batches.into_iter().enumerate().map(|(index, batch)| (batch, drawn(index as u64)));
    Ok(Box::new(OneByOne { config: config.clone(), repeats: repeats.collect() }))
}

/// Scores one architecture after the other.
struct OneByOne {
    config: ScoreConfig,
    /// Mini-batches, each with weights of its own.
    repeats: Vec<(Batch, LayerParameters<'static>)>,
}

impl OneByOne {
    fn score(&self, plan: &Plan) -> Result<f64> {
        let plan = pruned(plan)?;
        let ScoreConfig { kind, seed, .. } = self.config;
        let mut total = 0.0;
        for (repeat, (batch, parameters)) in self.repeats.iter().enumerate() {
            total += match kind {
                ScoreKind::Depth => structure::depth(&plan),
                ScoreKind::Parameters => structure::parameters(&plan),
                ScoreKind::Synflow => synflow::synflow(&plan, parameters),
                ScoreKind::MembraneEntropy => membranes::entropy(&plan, parameters, &batch.images)?,
                ScoreKind::Zico => zico::zico(&plan, seed, repeat as u64, batch)?,
                of_spikes => return Err(Error::invalid(format!("`{of_spikes}` is a score of spikes"))),
            };
            if !kind.is_drawn() {
                return Ok(total);
            }
        }
        Ok(total / self.repeats.len() as f64)
    }
}

impl ArchitectureScorer for OneByOne {
    fn score_each(&self, plans: &[Plan], report: &mut dyn FnMut(usize, Score) -> Result<()>) -> Result<()> {
        for (index, plan) in plans.iter().enumerate() {
            let value = self.score(plan)?;
            if value.is_nan() {
                let architecture = &plan.architecture;
                return Err(Error::NotFinite(format!("the score of `{architecture}` is not a number")));
            }
            report(index, Score { value, firing_rate: None })?;
        }
        Ok(())
    }
}

/// The plan with every part cut that no path from a cell's input to its output takes.
fn pruned(plan: &Plan) -> Result<Plan> {
    let cells = plan.architecture.cells().iter().map(|cell| cell.pruned()).collect();
    Plan::new(&Architecture::new(cells)?, &plan.config, plan.input)
}

#[cfg(test)]
mod tests;
