use std::sync::Arc;

use serde::{Deserialize, Serialize};
use spikenas_kernels::Isa;

use super::buffers::Buffers;
use super::executor::{Executor, Pass};
use super::funnel::funnel;
use super::graph::{Goal, Graph, Walk};
use super::kernel_matrix::Activity;
use super::{KernelKind, KernelMatrix, LayerParameters, ScoreKind};
use crate::plan::{NetworkConfig, Plan};
use crate::space::{Architecture, Edge, Operation};
use crate::{Error, Result};

/// How architectures are scored.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ScoreConfig {
    /// Which score.
    pub kind: ScoreKind,
    /// Images of a mini-batch.
    pub batch: usize,
    /// Mini-batches, each with weights of its own; their scores are averaged.
    pub repeats: usize,
    /// Seed of weights and images.
    pub seed: u64,
    /// Most bytes of feature maps to hold at a time; what is scored does not depend on it.
    #[serde(skip, default = "default_memory")]
    pub memory: u64,
}

/// 4 GiB.
fn default_memory() -> u64 {
    4 << 30
}

impl Default for ScoreConfig {
    fn default() -> Self {
        Self { kind: ScoreKind::default(), batch: 64, repeats: 1, seed: 1, memory: default_memory() }
    }
}

impl ScoreConfig {
    /// Whether every value is in range.
    pub fn check(&self) -> Result<()> {
        match (self.batch, self.repeats) {
            (0 | 1, _) => Err(Error::invalid(format!("batch {}: a score compares at least 2 images", self.batch))),
            (_, 0) => Err(Error::invalid("repeats 0: score at least once")),
            _ => Ok(()),
        }
    }
}

/// The score of one architecture.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Score {
    /// The figure of merit; minus infinity where the kernel matrix is singular or nothing comes through, never NaN.
    pub value: f64,
    /// Spikes a neuron and timestep over all LIF layers; not known where the score takes no forward pass.
    pub firing_rate: Option<f64>,
}

/// Gives architectures their scores.
pub trait ArchitectureScorer {
    /// Scores plans in an order of its own and reports the index and the score, never NaN, of each at once.
    fn score_each(&self, plans: &[Plan], report: &mut dyn FnMut(usize, Score) -> Result<()>) -> Result<()>;
}

impl ArchitectureScorer for Scorer {
    fn score_each(&self, plans: &[Plan], report: &mut dyn FnMut(usize, Score) -> Result<()>) -> Result<()> {
        Scorer::score_each(self, plans, report)
    }
}

/// Networks that share what they have in common.
const WINDOW: usize = 1024;

/// The same where scores are means over repeats: they are known only at the end of a window.
const WINDOW_OF_REPEATS: usize = 64;

/// Scores architectures by their spikes, all on the same mini-batches and with the same weights for equal parts.
pub struct Scorer {
    config: ScoreConfig,
    /// The scores that are taken, of one pass.
    kinds: Vec<ScoreKind>,
    /// The kernels that they need.
    kernels: Vec<KernelKind>,
    network: NetworkConfig,
    repeats: Vec<Repeat>,
}

/// One mini-batch with weights of its own.
struct Repeat {
    images: Vec<f32>,
    parameters: LayerParameters<'static>,
}

impl Scorer {
    /// A scorer on the given mini-batches, one a repeat, each `[batch, channels, height, width]` and normalised.
    ///
    /// Errors: settings out of range, another number of mini-batches, a score that is not made of spikes.
    pub fn new(config: ScoreConfig, network: &NetworkConfig, batches: Vec<Vec<f32>>) -> Result<Self> {
        let kinds = vec![config.kind];
        Self::of_several(config, kinds, network, batches)
    }

    /// The same for several scores, whatever the configuration's is.
    pub fn of_several(
        config: ScoreConfig,
        kinds: Vec<ScoreKind>,
        network: &NetworkConfig,
        batches: Vec<Vec<f32>>,
    ) -> Result<Self> {
        config.check()?;
        if let Some(other) = kinds.iter().find(|kind| !kind.is_of_spikes()) {
            return Err(Error::invalid(format!("`{other}` is not a score of spikes")));
        }
        let mut kernels: Vec<KernelKind> = kinds.iter().filter_map(|kind| kind.kernel()).collect();
        kernels.sort_unstable();
        kernels.dedup();
        if batches.len() != config.repeats {
            return Err(Error::invalid(format!("{} mini-batches for {} repeats", batches.len(), config.repeats)));
        }
        let (isa, buffers) = (Isa::best(), Buffers::new(config.memory));
        let repeat = |(index, images): (usize, Vec<f32>)| {
            let drawn = LayerParameters::drawn(network.initialisation, config.seed, index as u64, isa);
            Repeat { images, parameters: drawn.sharing(&buffers) }
        };
        let repeats = batches.into_iter().enumerate().map(repeat).collect();
        Ok(Self { config, kinds, kernels, network: network.clone(), repeats })
    }

    /// The score of one architecture, the mean over the repeats. Errors: see [`Scorer::score_each`].
    pub fn score(&self, plan: &Plan) -> Result<Score> {
        let mut found = None;
        self.score_each(std::slice::from_ref(plan), &mut |_, score| {
            found = Some(score);
            Ok(())
        })?;
        found.ok_or_else(|| Error::invalid("nothing was scored"))
    }

    /// Scores architectures in an order in which they share most, and reports the index and score of each at once. What
    /// several have in common is computed once; every score has the same bits as if it were computed alone.
    ///
    /// Errors: a plan of another network, a score that is not a number, too little memory, an error of the report.
    pub fn score_each(&self, plans: &[Plan], report: &mut dyn FnMut(usize, Score) -> Result<()>) -> Result<()> {
        self.score_each_by_all(plans, &mut |index, scores| report(index, scores[0]))
    }

    /// The same with a score of each kind, in their order.
    pub fn score_each_by_all(
        &self,
        plans: &[Plan],
        report: &mut dyn FnMut(usize, &[Score]) -> Result<()>,
    ) -> Result<()> {
        if let Some(plan) = plans.iter().find(|plan| plan.config != self.network) {
            return Err(Error::invalid(format!("`{}` was laid out for another network", plan.architecture)));
        }
        let mut order: Vec<usize> = (0..plans.len()).collect();
        order.sort_by_cached_key(|&index| sharing_order(&plans[index].architecture));
        let window = if self.repeats.len() == 1 { WINDOW } else { WINDOW_OF_REPEATS };
        for indices in order.chunks(window) {
            self.score_window(plans, indices, report)?;
        }
        Ok(())
    }

    fn score_window(
        &self,
        plans: &[Plan],
        indices: &[usize],
        report: &mut dyn FnMut(usize, &[Score]) -> Result<()>,
    ) -> Result<()> {
        let mut graph = Graph::default();
        let walks: Vec<Walk> = indices.iter().map(|&index| graph.add(&plans[index], Goal::Spikes)).collect();
        let nothing = Score { value: 0.0, firing_rate: Some(0.0) };
        let mut totals = vec![vec![nothing; self.kinds.len()]; indices.len()];
        let count = self.repeats.len() as f64;
        for (repeat, Repeat { images, parameters }) in self.repeats.iter().enumerate() {
            let pass = Pass { kernels: Some(&self.kernels), ..Pass::new(&self.network, images, self.config.batch) };
            let mut executor = Executor::new(&graph, parameters, pass);
            walks.iter().flat_map(|walk| &walk.layers).for_each(|&(_, id)| executor.retain(id));
            for ((walk, totals), &index) in walks.iter().zip(&mut totals).zip(indices) {
                let layers = walk_layers(&mut executor, walk)?;
                for (total, &kind) in totals.iter_mut().zip(&self.kinds) {
                    let value = self.score_layers(kind, &plans[index], &layers);
                    if value.is_nan() {
                        let architecture = &plans[index].architecture;
                        return Err(Error::NotFinite(format!("the score of `{architecture}` is not a number")));
                    }
                    total.value += value / count;
                    total.firing_rate = total.firing_rate.map(|rate| rate + mean_rate(&layers) / count);
                }
                if repeat + 1 == self.repeats.len() {
                    report(index, totals)?;
                }
            }
        }
        Ok(())
    }

    fn score_layers(&self, kind: ScoreKind, plan: &Plan, layers: &[(String, Arc<Activity>)]) -> f64 {
        let (batch, steps) = (self.config.batch, self.network.timesteps);
        let activities = || layers.iter().map(|(_, activity)| activity.as_ref());
        match (kind, kind.kernel()) {
            (ScoreKind::LayerKernel, Some(kernel)) => {
                let idle = plan.idle_lifs();
                let live = layers.iter().filter(|(name, _)| !idle.contains(&name.as_str()));
                let (sum, count) = live.fold((0.0, 0.0), |(sum, count), (_, activity)| {
                    (sum + activity.log_determinant(kernel, batch), count + 1.0)
                });
                sum / f64::max(count, 1.0)
            }
            (_, Some(kernel)) => KernelMatrix::total(kernel, activities(), batch, steps).log_abs_determinant(),
            (_, None) => {
                let of = |name: &str| layers.iter().find(|(layer, _)| layer == name).map_or(0.0, |(_, a)| a.rate());
                funnel(plan, of)
            }
        }
    }
}

/// What every LIF layer of one network of a graph did; lets go what only it has.
fn walk_layers(executor: &mut Executor<'_>, walk: &Walk) -> Result<Vec<(String, Arc<Activity>)>> {
    for &id in &walk.order {
        executor.visit(id)?;
    }
    let layers = walk.layers.iter().map(|(name, id)| (name.clone(), executor.activity(*id).clone())).collect();
    walk.layers.iter().for_each(|&(_, id)| executor.release(id));
    Ok(layers)
}

/// Spikes a neuron and timestep over all layers.
fn mean_rate(layers: &[(String, Arc<Activity>)]) -> f64 {
    let sum = |of: fn(&Activity) -> u64| layers.iter().map(|(_, a)| of(a)).sum::<u64>() as f64;
    sum(|a| a.spikes) / sum(|a| a.places).max(1.0)
}

/// Sorts architectures so that those that have most in common stand together: cell by cell, and in a cell the edges that
/// decide about its inner nodes first.
fn sharing_order(architecture: &Architecture) -> Vec<Operation> {
    const EDGES: [Edge; 6] = [Edge::E01, Edge::E02, Edge::E12, Edge::E23, Edge::E03, Edge::E13];
    architecture.cells().iter().flat_map(|cell| EDGES.map(|edge| cell.operation(edge))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::Shape;
    use crate::space::{Cell, SearchSpace};

    const IMAGE: Shape = Shape { channels: 3, height: 16, width: 16 };

    fn network(cells: usize) -> NetworkConfig {
        let preset = NetworkConfig::preset("sample").unwrap();
        NetworkConfig { cells, widths: [8, 16], hidden: 16, last_pool: 2, ..preset }
    }

    fn scorer(network: &NetworkConfig, config: ScoreConfig) -> Scorer {
        let config = ScoreConfig { batch: 4, kind: ScoreKind::Sahd, ..config };
        let images = |repeat: usize| (0..4 * IMAGE.len()).map(|i| ((i * i + repeat) as f32 * 0.37).sin()).collect();
        let batches = (0..config.repeats).map(images).collect();
        Scorer::new(config, network, batches).unwrap()
    }

    fn plans(network: &NetworkConfig, architectures: impl IntoIterator<Item = Architecture>) -> Vec<Plan> {
        architectures.into_iter().map(|a| Plan::new(&a, network, IMAGE).unwrap()).collect()
    }

    fn score_all(scorer: &Scorer, plans: &[Plan]) -> Vec<Score> {
        let mut scores = vec![None; plans.len()];
        scorer
            .score_each(plans, &mut |index, score| {
                assert_eq!(scores[index].replace(score), None, "reported twice");
                Ok(())
            })
            .unwrap();
        scores.into_iter().map(|score| score.expect("every plan is reported")).collect()
    }

    /// Architectures of equal cells, and of one cell that varies behind others.
    fn candidates(cells: usize) -> Vec<Architecture> {
        let space = SearchSpace::new(SearchSpace::named("snasnet").unwrap(), cells).unwrap();
        let some: Vec<Cell> = space.iter_cells().step_by(397).collect();
        let start: Architecture = vec!["0341 0021 0003 0000"; cells].join("/").parse().unwrap();
        let alike = some.iter().map(|&cell| Architecture::repeated(cell, cells).unwrap());
        alike.chain(some.iter().map(|&cell| start.with_cell(cells - 1, cell))).collect()
    }

    #[test]
    fn scores_have_the_same_bits_whatever_they_share() {
        for (cells, repeats) in [(1, 1), (3, 1), (2, 2)] {
            let (network, config) = (network(cells), ScoreConfig { repeats, ..ScoreConfig::default() });
            let plans = plans(&network, candidates(cells));
            let together = score_all(&scorer(&network, config.clone()), &plans);
            assert!(together.iter().filter(|score| score.value.is_finite()).count() > plans.len() / 2);
            for (plan, score) in plans.iter().zip(&together) {
                let alone = scorer(&network, config.clone()).score(plan).unwrap();
                assert_eq!(*score, alone, "{}", plan.architecture);
            }
        }
    }

    #[test]
    fn little_memory_costs_time_but_no_bit() {
        let network = network(3);
        let plans = plans(&network, candidates(3));
        let enough = score_all(&scorer(&network, ScoreConfig::default()), &plans);
        // Six maps of the first cell: not much more than one network needs, less than what several have in common.
        let map = 5 * 4 * 8 * 256 * size_of::<f32>() as u64;
        let tight = scorer(&network, ScoreConfig { memory: 6 * map, ..ScoreConfig::default() });
        assert_eq!(score_all(&tight, &plans), enough);
        let error = scorer(&network, ScoreConfig { memory: map, ..ScoreConfig::default() });
        let error = error.score_each(&plans, &mut |_, _| Ok(())).unwrap_err().to_string();
        assert!(error.contains("--memory"), "{error}");
    }

    #[test]
    fn an_error_of_the_report_ends_the_scoring() {
        let network = network(1);
        let plans = plans(&network, candidates(1));
        let mut reports = 0;
        let stopped = scorer(&network, ScoreConfig::default()).score_each(&plans, &mut |_, _| {
            reports += 1;
            if reports == 3 { Err(Error::Interrupted("enough".into())) } else { Ok(()) }
        });
        assert!(matches!(stopped, Err(Error::Interrupted(_))));
        assert_eq!(reports, 3);
    }

    #[test]
    fn a_plan_of_another_network_is_refused() {
        let network = network(2);
        let other = NetworkConfig { timesteps: 3, ..network.clone() };
        let plan = Plan::new(&"0111 0011 0001 0000".parse().unwrap(), &other, IMAGE).unwrap();
        assert!(
            scorer(&network, ScoreConfig::default()).score(&plan).unwrap_err().to_string().contains("another network")
        );
    }
}
