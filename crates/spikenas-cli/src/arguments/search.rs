//! Everything that a search needs.

use std::path::{Path, PathBuf};

use clap::Args;
use spikenas::Result;
use spikenas::cost::Budget;
use spikenas::data::Dataset;
use spikenas::search::{Method, Objective};
use spikenas::workflow::options::{MethodOptions, SearchOptions};
use spikenas::workflow::run::RunConfig;

use super::budget::BudgetArguments;
use super::device::DeviceArguments;
use super::general::CommonArguments;
use super::images::{DataArguments, short_name};
use super::network::NetworkArguments;
use super::score::ScoreArguments;
use super::space::SpaceArguments;

/// How candidates are chosen.
#[derive(Args, Clone)]
#[command(next_help_heading = "Search")]
pub struct MethodArguments {
    /// spikenas (Algorithm 1 of the paper), random (SNASNet's), exhaustive, evolution (ageing, by tournaments), local (from
    /// neighbour to neighbour) or supernet (AutoSNN's: one network of all operations is trained, and candidates that inherit its
    /// weights evolve by accuracy and spikes) [default: spikenas, and evolution for backward cells]
    #[arg(long, value_name = "NAME")]
    pub method: Option<Method>,
    /// Candidates that the methods random, evolution, local and supernet draw, equal ones as often as they come [default: 5000 with
    /// random, 200 with supernet, 1000 with the others]
    #[arg(long, value_name = "N")]
    pub iterations: Option<usize>,
    /// Score the ten leading candidates N times more, with other weights and images, and take the smallest of those not
    /// significantly different from the best; 0 takes the highest score, as the paper does [default: 4; 0 with supernet]
    #[arg(long, value_name = "N")]
    pub confirm: Option<usize>,
    /// With the method supernet: passes over the training images, one random path a step [default: 10]
    #[arg(long, value_name = "N")]
    pub supernet_epochs: Option<usize>,
    /// With the method supernet: validation images on which a candidate is judged, every class alike [default: 1000, or all]
    #[arg(long, value_name = "N")]
    pub supernet_images: Option<usize>,
    /// With the method supernet: the exponent of spikes, below 0, in the fitness accuracy * (spikes / mean spikes)^lambda (Na et al.
    /// 2022) [default: -0.08]
    #[arg(long, value_name = "X", allow_negative_numbers = true)]
    pub lambda: Option<f64>,
    /// With --budget and neither --widths nor --preset: choices of widths, cells, last pooling and hidden layer, each with its best cells,
    /// that short trainings compare on images held out (successive halving, Jamieson and Talwalkar 2016); 0 takes the first
    /// choice untrained [default: 8]
    #[arg(long, value_name = "N")]
    pub finalists: Option<usize>,
    /// Keep the candidates that no other beats in all of these, joined by commas: score, parameters, operations (of an inference if
    /// every neuron fired)
    #[arg(long, value_name = "NAMES", value_delimiter = ',')]
    pub objectives: Vec<Objective>,
}

impl MethodArguments {
    /// What is said of the method.
    fn options(&self) -> MethodOptions {
        let Self { method, iterations, confirm, supernet_epochs, supernet_images, lambda, finalists, objectives } =
            self.clone();
        MethodOptions { method, iterations, confirm, supernet_epochs, supernet_images, lambda, finalists, objectives }
    }
}

/// Everything that a search needs.
#[derive(Args, Clone)]
pub struct SearchArguments {
    #[command(flatten)]
    pub data: DataArguments,
    #[command(flatten)]
    pub network: NetworkArguments,
    #[command(flatten)]
    pub space: SpaceArguments,
    #[command(flatten)]
    pub budget: BudgetArguments,
    #[command(flatten)]
    pub device: DeviceArguments,
    #[command(flatten)]
    pub score: ScoreArguments,
    #[command(flatten)]
    pub method: MethodArguments,
    #[command(flatten)]
    pub common: CommonArguments,
}

impl SearchArguments {
    /// The configuration of a run with these options.
    pub fn config(&self, dataset: &Dataset) -> Result<RunConfig> {
        let options = SearchOptions {
            network: self.network.options(),
            operations: Some(self.space.ops.0.clone()),
            cell: self.space.cell,
            budget: self.budget.options(),
            device: self.device.options(),
            score: self.score.options(),
            method: self.method.options(),
            seed: self.common.seed,
        };
        options.config(self.data.config(dataset), dataset.outline())
    }

    /// Where a run with these options is kept by default: `runs/sample-2c3o-40k-seed1`.
    pub fn default_folder(&self, config: &RunConfig) -> PathBuf {
        let name = short_name(&config.data.source);
        let operations = config.search.operations.len();
        let is_open =
            config.search.layout.as_ref().is_some_and(|layout| layout.cells || !layout.lists.cells.is_empty());
        let cells = if is_open { String::new() } else { format!("{}c", config.network.cells) };
        let mut budget = config.search.budget.map_or(String::new(), |budget| format!("-{}", budget.short()));
        if let Some(device) = &config.search.device {
            let part = |name, bytes: Option<u64>| {
                bytes.map_or(String::new(), |bytes| format!("-{name}{}", Budget::Bytes(bytes)))
            };
            budget += &(part("flash", device.flash) + &part("ram", device.ram) + &format!("-{}bit", device.bits));
        }
        let front = if config.search.front.is_some() { "-front" } else { "" };
        Path::new("runs").join(format!("{name}-{cells}{operations}o{budget}{front}-seed{}", config.search.seed))
    }
}
