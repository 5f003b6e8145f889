//! Everything that a search needs.

use std::path::{Path, PathBuf};

use clap::Args;
use spikenas::cost::{Bits, Budget, DeviceLimits, WeightBits};
use spikenas::data::Dataset;
use spikenas::record::FORMAT_VERSION;
use spikenas::score::ScoreKind;
use spikenas::search::{Front, Layout, Limit, Method, Objective, SearchConfig, SupernetConfig};
use spikenas::train::TrainConfig;
use spikenas::workflow::run::RunConfig;
use spikenas::{Error, Result};

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
    /// Draws of a method that draws.
    fn draws(&self, method: Method) -> Result<usize> {
        match (self.iterations, method) {
            (Some(draws), method) if !method.draws() => Err(Error::invalid(format!(
                "iterations {draws}: the methods random, evolution, local and supernet draw candidates, {method} does not"
            ))),
            (draws, method) => Ok(draws.unwrap_or(method.default_iterations())),
        }
    }

    /// The settings of a supernet, where the method has one.
    fn supernet(&self, method: Method) -> Result<Option<SupernetConfig>> {
        let whole = |number: Option<usize>| number.map(|number| number.to_string());
        let given = [
            ("supernet-epochs", whole(self.supernet_epochs)),
            ("supernet-images", whole(self.supernet_images)),
            ("lambda", self.lambda.map(|lambda| lambda.to_string())),
        ];
        match (method.default_supernet(), given.into_iter().find_map(|(name, value)| Some((name, value?)))) {
            (None, Some((name, value))) => {
                Err(Error::invalid(format!("{name} {value}: it is for the method supernet, not for {method}")))
            }
            (default, _) => Ok(default.map(|default| SupernetConfig {
                epochs: self.supernet_epochs.unwrap_or(default.epochs),
                images: self.supernet_images.unwrap_or(default.images),
                lambda: self.lambda.unwrap_or(default.lambda),
            })),
        }
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
        let seed = self.common.seed();
        let cell = self.space.cell;
        let method = self.method.method.unwrap_or(Method::of_cells(cell));
        let score = match method.trains() {
            true => self.score.of_supernet(seed)?,
            false => self.score.config(&self.network, ScoreKind::of_cells(cell, ScoreKind::default()), seed)?,
        };
        let preset = self.network.preset(&self.data);
        let mirror = self.data.source().may_be_mirrored();
        // A network of few bits is trained with them; of eight, what is rounded afterwards is as good.
        let mut device = self.device.limits(self.budget.bits)?;
        let bits = self.budget.precision(device.as_ref())?;
        let limits = self.limits(device.as_ref(), bits)?;
        let first = limits.first().copied().unwrap_or_default();
        device = device.map(|device| DeviceLimits { flash: first.flash, ram: first.ram, ..device });
        let weight_bits = device.as_ref().map(|device| device.bits).filter(|&bits| bits < WeightBits::Eight);
        let train = TrainConfig { batch: score.batch, seed, mirror, weight_bits, ..TrainConfig::for_preset(preset) };
        Ok(RunConfig {
            version: FORMAT_VERSION,
            architecture: None,
            lineage: None,
            data: self.data.config(dataset),
            network: self.network.first(&self.data, Some(dataset))?,
            score,
            search: SearchConfig {
                method,
                operations: self.space.ops.0.clone(),
                cell,
                budget: first.budget,
                scope: self.budget.scope(preset),
                bits,
                device,
                iterations: self.method.draws(method)?,
                confirm: self.method.confirm.unwrap_or(method.default_rounds()),
                layout: self.layout(dataset)?,
                front: self.front(limits),
                supernet: self.method.supernet(method)?,
                seed,
            },
            train,
        })
    }

    /// The limits of the search, the largest first: lists of equal length are taken together, and what is given once holds for all.
    fn limits(&self, device: Option<&DeviceLimits>, bits: Bits) -> Result<Vec<Limit>> {
        let (budgets, DeviceArguments { flash, ram, .. }) = (&self.budget.budget, &self.device);
        let lengths = [("budget", budgets.len()), ("flash", flash.len()), ("ram", ram.len())];
        let count = lengths.iter().map(|(_, length)| *length).max().unwrap_or(0).max(1);
        if let Some((name, length)) = lengths.into_iter().find(|(_, length)| *length > 1 && *length != count) {
            return Err(Error::invalid(format!(
                "{length} limits of {name} and {count} of another: give as many of each, or one for all"
            )));
        }
        fn at<T: Copy>(list: &[T], index: usize) -> Option<T> {
            list.get(index).or(list.first()).copied()
        }
        let limit = |index| Limit {
            budget: at(budgets, index),
            flash: at(flash, index).or(device.and_then(|device| device.flash)),
            ram: at(ram, index).or(device.and_then(|device| device.ram)),
        };
        let mut limits: Vec<Limit> = (0..count).map(limit).collect();
        let size = |limit: &Limit| (limit.budget.map(|budget| budget.parameters(bits)), limit.flash, limit.ram);
        limits.sort_by_key(|limit| std::cmp::Reverse(size(limit)));
        Ok(limits)
    }

    /// What is answered beside the one winner.
    fn front(&self, limits: Vec<Limit>) -> Option<Front> {
        let objectives = self.method.objectives.clone();
        let limits = if limits.len() > 1 { limits } else { Vec::new() };
        (limits.len() > 1 || !objectives.is_empty()).then_some(Front { limits, objectives })
    }

    /// The sizes of the network that are chosen: with a budget and neither widths nor a preset, all that are not given; and what several
    /// are given of.
    fn layout(&self, dataset: &Dataset) -> Result<Option<Layout>> {
        let NetworkArguments { preset, widths, cells, hidden, last_pool, .. } = &self.network;
        let finalists = self.method.finalists;
        let is_limited = !self.budget.budget.is_empty() || self.device.is_given();
        let is_open = is_limited && widths.is_none() && preset.is_none();
        let mut lists = self.network.lists();
        if !is_open && lists.is_empty() {
            return match finalists {
                None | Some(0) => Ok(None),
                Some(finalists) => Err(Error::invalid(format!(
                    "finalists {finalists}: there are some where the program chooses the widths, with --budget, --flash or --ram and without --widths and --preset"
                ))),
            };
        }
        if !is_open && lists.widths.is_empty() {
            lists.widths = vec![self.network.first(&self.data, Some(dataset))?.widths];
        }
        Ok(Some(Layout {
            finalists: finalists.unwrap_or(Layout::FINALISTS.max(lists.combinations())),
            cells: is_open && cells.is_empty(),
            last_pool: is_open && last_pool.is_none(),
            hidden: is_open && hidden.is_none(),
            lists,
        }))
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
