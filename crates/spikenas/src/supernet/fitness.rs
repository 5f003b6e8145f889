use super::judge::Judge;
use crate::Result;
use crate::graph::Graph;
use crate::score::{Listener, Score, Scorer};
use crate::search::SupernetConfig;

/// AutoSNN's score of a candidate: `accuracy * (spikes / mean spikes)^lambda` on validation images, with inherited weights.
pub struct Fitness<'a> {
    judge: &'a Judge<'a>,
    config: SupernetConfig,
    mean_spikes: f64,
}

impl<'a> Fitness<'a> {
    /// By so many spikes per image of random paths.
    pub fn new(judge: &'a Judge<'a>, config: &SupernetConfig, mean_spikes: f64) -> Self {
        Self { judge, config: config.clone(), mean_spikes }
    }
}

impl Scorer for Fitness<'_> {
    fn score_each(&self, graphs: &[Graph], listener: &mut dyn Listener) -> Result<()> {
        for (index, graph) in graphs.iter().enumerate() {
            let judged = self.judge.judge(graph, &mut || listener.step())?;
            let neurons: usize = graph.lifs().map(|(_, lif)| lif.shape.len()).sum();
            let value = self.config.fitness(judged.accuracy, judged.spikes, self.mean_spikes);
            let firing_rate = Some(judged.spikes / (neurons * graph.config.timesteps) as f64);
            listener.scored(index, Score { value, firing_rate, judged: Some(judged) })?;
        }
        Ok(())
    }

    fn ignores_dead_edges(&self) -> bool {
        true
    }
}
