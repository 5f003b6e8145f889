use std::collections::HashMap;

use super::config::ScoreConfig;
use super::funnel::funnel;
use super::kernel_matrix::{Activity, KernelKind, KernelMatrix};
use super::kind::ScoreKind;
use super::room::memory_for_maps;
use super::scorer::{Listener, Score, Scorer};
use crate::engine::{Draws, Engine, Firing, LayerId, Observer, Untrained};
use crate::graph::{Graph, NetworkConfig};
use crate::space::{Architecture, Edge, Operation};
use crate::{Error, Result};

/// Networks that share what they have in common.
const WINDOW: usize = 1024;

/// The same where scores are means over repeats: they are known only at the end of a window.
const WINDOW_OF_REPEATS: usize = 64;

/// What a scoring by several scores at once tells.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Told<'a> {
    /// The scores of the graph with this index, one of each kind.
    Scores(usize, &'a [Score]),
    /// One of several mini-batches went through one of the graphs.
    Step,
}

/// Scores architectures by their spikes, all on the same mini-batches and with the same weights for equal parts.
pub struct SpikeScorer {
    /// The scores that are taken, of one pass.
    kinds: Vec<ScoreKind>,
    /// The kernels that they need.
    kernels: Vec<KernelKind>,
    network: NetworkConfig,
    /// Images of a mini-batch.
    batch: usize,
    untrained: Box<dyn Untrained>,
    /// One per repeat, each with weights of its own.
    batches: Vec<Vec<f32>>,
}

impl SpikeScorer {
    /// A scorer on the given mini-batches, one per repeat, each `[batch, channels, height, width]` and normalised.
    ///
    /// Errors: settings out of range, another number of mini-batches, a score that is not made of spikes.
    pub fn new(
        engine: &dyn Engine,
        config: ScoreConfig,
        network: &NetworkConfig,
        batches: Vec<Vec<f32>>,
    ) -> Result<Self> {
        let kinds = vec![config.kind];
        Self::of_several(engine, config, kinds, network, batches)
    }

    /// The same for several scores, whatever the configuration's is.
    pub fn of_several(
        engine: &dyn Engine,
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
        let ScoreConfig { batch, repeats, seed, .. } = config;
        if batches.len() != repeats {
            return Err(Error::invalid(format!("{} mini-batches for {repeats} repeats", batches.len())));
        }
        let memory = memory_for_maps(&config);
        let draws = Draws { initialisation: network.initialisation, seed, repeats, memory };
        let untrained = engine.untrained(&draws);
        Ok(Self { kinds, kernels, network: network.clone(), batch, untrained, batches })
    }

    /// The score of one architecture, the mean over the repeats. Errors: see [`SpikeScorer::score_each_by_all`].
    pub fn score(&self, graph: &Graph) -> Result<Score> {
        let mut found = None;
        self.score_each(std::slice::from_ref(graph), &mut |_: usize, score: Score| {
            found = Some(score);
            Ok(())
        })?;
        found.ok_or_else(|| Error::invalid("nothing was scored"))
    }

    /// Scores architectures in an order in which they share most, and reports the index of each with a score of each kind, in
    /// their order, at once. What several have in common is computed once; every score has the same bits as if it were
    /// computed alone.
    ///
    /// Errors: a graph of another network, a score that is not a number, too little memory, an error of the report.
    pub fn score_each_by_all(&self, graphs: &[Graph], report: &mut dyn FnMut(Told<'_>) -> Result<()>) -> Result<()> {
        if let Some(graph) = graphs.iter().find(|graph| graph.config != self.network) {
            return Err(Error::invalid(format!("`{}` was laid out for another network", graph.architecture)));
        }
        let mut order: Vec<usize> = (0..graphs.len()).collect();
        order.sort_by_cached_key(|&index| sharing_order(&graphs[index].architecture));
        let window = if self.batches.len() == 1 { WINDOW } else { WINDOW_OF_REPEATS };
        order.chunks(window).try_for_each(|indices| self.score_window(graphs, indices, report))
    }

    fn score_window(
        &self,
        graphs: &[Graph],
        indices: &[usize],
        report: &mut dyn FnMut(Told<'_>) -> Result<()>,
    ) -> Result<()> {
        let window: Vec<&Graph> = indices.iter().map(|&index| &graphs[index]).collect();
        let nothing = Score { value: 0.0, firing_rate: Some(0.0), ..Score::default() };
        let mut totals = vec![vec![nothing; self.kinds.len()]; indices.len()];
        for (repeat, images) in self.batches.iter().enumerate() {
            let is_last = repeat + 1 == self.batches.len();
            let mut watch = Watch {
                scorer: self,
                window: &window,
                activities: HashMap::new(),
                finished: &mut |network: usize, scores: &[Score]| {
                    add(&mut totals[network], scores, self.batches.len() as f64);
                    report(if is_last { Told::Scores(indices[network], &totals[network]) } else { Told::Step })
                },
            };
            self.untrained.observe(repeat, &window, images, &mut watch)?;
        }
        Ok(())
    }

    /// One score of a network, from the spikes and membranes of its layers.
    fn score_layers(&self, kind: ScoreKind, graph: &Graph, layers: &[(&str, &Activity)]) -> f64 {
        let activities = || layers.iter().map(|(_, activity)| *activity);
        match (kind, kind.kernel()) {
            (ScoreKind::LayerKernel, Some(kernel)) => {
                let is_idle = |name: &str| graph.lifs().any(|(node, lif)| lif.name == name && graph.is_idle(node));
                let live = layers.iter().filter(|(name, _)| !is_idle(name));
                let (sum, count) = live.fold((0.0, 0.0), |(sum, count), (_, activity)| {
                    (sum + activity.log_determinant(kernel, self.batch), count + 1.0)
                });
                sum / f64::max(count, 1.0)
            }
            (_, Some(kernel)) => {
                let timesteps = self.network.timesteps;
                KernelMatrix::total(kernel, activities(), self.batch, timesteps).log_abs_determinant()
            }
            (_, None) => {
                let of = |name: &str| layers.iter().find(|(layer, _)| *layer == name).map_or(0.0, |(_, a)| a.rate());
                funnel(graph, of)
            }
        }
    }
}

impl Scorer for SpikeScorer {
    fn score_each(&self, graphs: &[Graph], listener: &mut dyn Listener) -> Result<()> {
        self.score_each_by_all(graphs, &mut |told| match told {
            Told::Scores(index, scores) => listener.scored(index, scores[0]),
            Told::Step => listener.step(),
        })
    }

    fn ignores_dead_edges(&self) -> bool {
        !self.kinds.iter().any(|kind| kind.is_of_the_paper())
    }
}

/// Adds a repeat's scores to the means over all repeats.
fn add(totals: &mut [Score], scores: &[Score], repeats: f64) {
    for (total, score) in totals.iter_mut().zip(scores) {
        total.value += score.value / repeats;
        total.firing_rate = total.firing_rate.zip(score.firing_rate).map(|(total, rate)| total + rate / repeats);
    }
}

/// Computes scores from the spikes of a window's networks.
struct Watch<'a> {
    scorer: &'a SpikeScorer,
    window: &'a [&'a Graph],
    activities: HashMap<LayerId, Activity>,
    /// Takes the scores of each network.
    finished: &'a mut dyn FnMut(usize, &[Score]) -> Result<()>,
}

impl Observer for Watch<'_> {
    fn fired(&mut self, layer: LayerId, firing: &Firing<'_>) {
        self.activities.insert(layer, Activity::new(&self.scorer.kernels, firing));
    }

    fn finished(&mut self, network: usize, layers: &[(String, LayerId)]) -> Result<()> {
        let graph = self.window[network];
        let layers: Vec<(&str, &Activity)> =
            layers.iter().map(|(name, layer)| (name.as_str(), &self.activities[layer])).collect();
        let firing_rate = Some(Activity::mean_rate(layers.iter().map(|(_, activity)| *activity)));
        let mut scores = Vec::new();
        for &kind in &self.scorer.kinds {
            let value = self.scorer.score_layers(kind, graph, &layers);
            if value.is_nan() {
                return Err(Error::NotFinite(format!("the score of `{}` is not a number", graph.architecture)));
            }
            scores.push(Score { value, firing_rate, ..Score::default() });
        }
        (self.finished)(network, &scores)
    }

    fn forget(&mut self, layer: LayerId) {
        self.activities.remove(&layer);
    }
}

/// Sorts architectures so that those with most in common stand together: cell by cell, and in a cell the edges that
/// decide about its inner nodes first.
fn sharing_order(architecture: &Architecture) -> Vec<Operation> {
    const EDGES: [Edge; 6] = [Edge::E01, Edge::E02, Edge::E12, Edge::E23, Edge::E03, Edge::E13];
    architecture.cells().iter().flat_map(|cell| EDGES.map(|edge| cell.operation(edge))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::cpu::Cpu;
    use crate::graph::Shape;
    use crate::space::{Cell, SearchSpace};

    const IMAGE: Shape = Shape { channels: 3, height: 16, width: 16 };

    fn network(cells: usize) -> NetworkConfig {
        let preset = NetworkConfig::preset("sample").unwrap();
        NetworkConfig { cells, widths: [8, 16], hidden: 16, last_pool: 2, ..preset }
    }

    fn scorer(network: &NetworkConfig, config: ScoreConfig) -> SpikeScorer {
        let config = ScoreConfig { batch: 4, kind: ScoreKind::Sahd, ..config };
        let images = |repeat: usize| (0..4 * IMAGE.len()).map(|i| ((i * i + repeat) as f32 * 0.37).sin()).collect();
        let batches = (0..config.repeats).map(images).collect();
        SpikeScorer::new(&Cpu, config, network, batches).unwrap()
    }

    fn funnel() -> ScoreConfig {
        ScoreConfig { kind: ScoreKind::Funnel, ..ScoreConfig::default() }
    }

    fn graphs(network: &NetworkConfig, architectures: impl IntoIterator<Item = Architecture>) -> Vec<Graph> {
        architectures.into_iter().map(|a| Graph::new(&a, network, IMAGE).unwrap()).collect()
    }

    fn score_all(scorer: &SpikeScorer, graphs: &[Graph]) -> Vec<Score> {
        let mut scores = vec![None; graphs.len()];
        scorer
            .score_each(graphs, &mut |index: usize, score: Score| {
                assert_eq!(scores[index].replace(score), None, "reported twice");
                Ok(())
            })
            .unwrap();
        scores.into_iter().map(|score| score.expect("every graph is reported")).collect()
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
            let (network, config) = (network(cells), ScoreConfig { repeats, ..funnel() });
            let graphs = graphs(&network, candidates(cells));
            let together = score_all(&scorer(&network, config.clone()), &graphs);
            assert!(together.iter().filter(|score| score.value.is_finite()).count() > graphs.len() / 2);
            for (graph, score) in graphs.iter().zip(&together) {
                let alone = scorer(&network, config.clone()).score(graph).unwrap();
                assert_eq!(*score, alone, "{}", graph.architecture);
            }
        }
    }

    #[test]
    fn little_memory_costs_time_but_no_bit() {
        let network = network(3);
        let graphs = graphs(&network, candidates(3));
        let enough = score_all(&scorer(&network, funnel()), &graphs);
        // Six maps of the first cell: not much more than one network needs, less than what several have in common.
        let map = 5 * 4 * 8 * 256 * size_of::<f32>() as u64;
        let tight = scorer(&network, ScoreConfig { memory: 6 * map, ..funnel() });
        assert_eq!(score_all(&tight, &graphs), enough);
        let error = scorer(&network, ScoreConfig { memory: map, ..funnel() });
        let error = error.score_each(&graphs, &mut |_: usize, _: Score| Ok(())).unwrap_err().to_string();
        assert!(error.contains("raise the memory"), "{error}");
    }

    #[test]
    fn an_error_of_the_report_ends_the_scoring() {
        let network = network(1);
        let graphs = graphs(&network, candidates(1));
        let mut reports = 0;
        let stopped = scorer(&network, funnel()).score_each(&graphs, &mut |_: usize, _: Score| {
            reports += 1;
            if reports == 3 { Err(Error::Interrupted("enough".into())) } else { Ok(()) }
        });
        assert!(matches!(stopped, Err(Error::Interrupted(_))));
        assert_eq!(reports, 3);
    }

    #[test]
    fn a_listener_hears_of_every_mini_batch_and_may_stop_between_them() {
        struct Stopping {
            steps: usize,
            most: usize,
        }
        impl Listener for Stopping {
            fn scored(&mut self, _: usize, _: Score) -> Result<()> {
                Ok(())
            }

            fn step(&mut self) -> Result<()> {
                self.steps += 1;
                if self.steps > self.most { Err(Error::Interrupted("enough".into())) } else { Ok(()) }
            }
        }
        let network = network(1);
        let graphs = graphs(&network, candidates(1));
        let scorer = scorer(&network, ScoreConfig { repeats: 3, ..funnel() });
        let mut patient = Stopping { steps: 0, most: usize::MAX };
        scorer.score_each(&graphs, &mut patient).unwrap();
        assert_eq!(patient.steps, 2 * graphs.len());
        let mut hasty = Stopping { steps: 0, most: 1 };
        assert!(matches!(scorer.score_each(&graphs, &mut hasty), Err(Error::Interrupted(_))));
    }

    #[test]
    fn a_graph_of_another_network_is_refused() {
        let network = network(2);
        let other = NetworkConfig { timesteps: 3, ..network.clone() };
        let graph = Graph::new(&"0111 0011 0001 0000".parse().unwrap(), &other, IMAGE).unwrap();
        assert!(scorer(&network, funnel()).score(&graph).unwrap_err().to_string().contains("another network"));
    }
}
