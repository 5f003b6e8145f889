use serde::Deserialize;

use super::budget::BudgetOptions;
use super::device::DeviceOptions;
use super::method::MethodOptions;
use super::network::NetworkOptions;
use super::read::operations;
use super::score::ScoreOptions;
use crate::cost::{Bits, DeviceLimits, WeightBits};
use crate::data::{DataConfig, Outline};
use crate::record::FORMAT_VERSION;
use crate::score::ScoreKind;
use crate::search::{Front, Layout, Limit, Method, SearchConfig};
use crate::space::{CellKind, Operation};
use crate::train::TrainConfig;
use crate::workflow::run::RunConfig;
use crate::{Error, Result};

/// Everything that may be said of a search.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct SearchOptions {
    /// The network around the cells.
    pub network: NetworkOptions,
    /// Operations on an edge; by default those of [`SearchConfig`].
    #[serde(deserialize_with = "operations")]
    pub operations: Option<Vec<Operation>>,
    /// Which edges the cells have.
    pub cell: CellKind,
    /// The memory that the network may take.
    pub budget: BudgetOptions,
    /// What the device has room for, where it is for one.
    pub device: DeviceOptions,
    /// How candidates are scored.
    pub score: ScoreOptions,
    /// How they are chosen.
    pub method: MethodOptions,
    /// Seed of everything that is drawn, where it is not 1.
    pub seed: Option<u64>,
}

impl SearchOptions {
    /// The configuration of a run on such images.
    ///
    /// Errors: options that contradict each other or have no use, a chip that nobody knows.
    pub fn config(&self, data: DataConfig, images: Outline) -> Result<RunConfig> {
        let seed = self.seed.unwrap_or(1);
        let method = self.method.method.unwrap_or(Method::of_cells(self.cell));
        let usual = ScoreKind::of_cells(self.cell, ScoreKind::default());
        let score = match method.trains() {
            true => self.score.of_supernet(seed)?,
            false => self.score.config(self.network.preset.as_deref(), usual, seed)?,
        };
        let preset = self.network.preset(&data.source);
        let mut device = self.device.limits(self.budget.bits)?;
        let bits = self.budget.precision(device.as_ref())?;
        let limits = self.limits(device.as_ref(), bits)?;
        let first = limits.first().copied().unwrap_or_default();
        device = device.map(|device| DeviceLimits { flash: first.flash, ram: first.ram, ..device });
        // A network of few bits is trained with them; of eight, what is rounded afterwards is as good.
        let weight_bits = device.as_ref().map(|device| device.bits).filter(|&bits| bits < WeightBits::Eight);
        let train = TrainConfig {
            batch: score.batch,
            seed,
            weight_bits,
            ..TrainConfig::for_data(self.network.preset.as_deref(), &data.source, images.samples, images.frames)
        };
        let default = SearchConfig::default();
        Ok(RunConfig {
            version: FORMAT_VERSION,
            architecture: None,
            lineage: None,
            network: self.network.first(&data.source, Some(images))?,
            score,
            search: SearchConfig {
                method,
                operations: self.operations.clone().unwrap_or(default.operations),
                cell: self.cell,
                budget: first.budget,
                scope: self.budget.scope(preset),
                bits,
                device,
                iterations: self.method.draws(method)?,
                confirm: self.method.confirm.unwrap_or(method.default_rounds()),
                layout: self.layout(&data, images)?,
                front: self.front(limits),
                supernet: self.method.supernet(method)?,
                seed,
            },
            train,
            data,
        })
    }

    /// The limits of the search, the largest first: lists of equal length are taken together, and what is given once holds for
    /// all.
    fn limits(&self, device: Option<&DeviceLimits>, bits: Bits) -> Result<Vec<Limit>> {
        let (budgets, DeviceOptions { flash, ram, .. }) = (&self.budget.budget, &self.device);
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

    /// The sizes of the network that are chosen: under a limit and with neither widths nor a preset, all that are not given;
    /// and what several are given of.
    fn layout(&self, data: &DataConfig, images: Outline) -> Result<Option<Layout>> {
        let NetworkOptions { preset, widths, cells, hidden, last_pool, .. } = &self.network;
        let finalists = self.method.finalists;
        let is_limited = !self.budget.budget.is_empty() || self.device.is_given();
        let is_open = is_limited && widths.is_empty() && preset.is_none();
        let mut lists = self.network.lists();
        if !is_open && lists.is_empty() {
            return match finalists {
                None | Some(0) => Ok(None),
                Some(finalists) => Err(Error::invalid(format!(
                    "finalists {finalists}: there are some where the search chooses the widths, under a budget or the limits of a \
                     device and with neither widths nor a preset given"
                ))),
            };
        }
        if !is_open && lists.widths.is_empty() {
            lists.widths = vec![self.network.first(&data.source, Some(images))?.widths];
        }
        Ok(Some(Layout {
            finalists: finalists.unwrap_or(Layout::FINALISTS.max(lists.combinations())),
            cells: is_open && cells.is_empty(),
            last_pool: is_open && last_pool.is_none(),
            hidden: is_open && hidden.is_none(),
            lists,
        }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::Source;
    use crate::graph::Shape;
    use crate::search::Objective;

    fn read(text: &str) -> std::result::Result<SearchOptions, serde_json::Error> {
        serde_json::from_str(text)
    }

    fn config(text: &str) -> Result<RunConfig> {
        let data = DataConfig::at(Source::Memory, "data".into());
        let shape = Shape { channels: 3, height: 32, width: 32 };
        read(text).unwrap().config(data, Outline { classes: 3, shape, frames: 1, samples: 100 })
    }

    #[test]
    fn what_is_not_said_follows_from_the_rest() {
        let open = config(r#"{"budget":{"budget":["12k"]}}"#).unwrap();
        let layout = open.search.layout.unwrap();
        assert!(layout.cells && layout.hidden && layout.last_pool && layout.finalists == Layout::FINALISTS);
        assert_eq!((open.network.classes, open.train.mirror), (3, false));

        let given = config(r#"{"network":{"widths":[[4,8]]},"budget":{"budget":["12k"]},"seed":7}"#).unwrap();
        assert_eq!((given.search.layout, given.network.widths), (None, [4, 8]));
        assert_eq!((given.search.seed, given.score.seed, given.train.seed), (7, 7, 7));

        let preset = config(r#"{"network":{"preset":"snasnet-cifar10"},"cell":"backward"}"#).unwrap();
        assert_eq!((preset.score.kind, preset.search.method), (ScoreKind::Sahd, Method::Evolution));
        assert_eq!((preset.search.scope.name(), preset.search.iterations), ("backbone", 1000));
    }

    #[test]
    fn several_limits_are_ordered_and_taken_together() {
        let text =
            r#"{"device":{"flash":["64KiB","131072"],"ram":["32KiB"]},"method":{"objectives":["score","parameters"]}}"#;
        let config = config(text).unwrap();
        let front = config.search.front.unwrap();
        let limits: Vec<_> = front.limits.iter().map(|limit| (limit.flash, limit.ram)).collect();
        assert_eq!(limits, [(Some(131_072), Some(32_768)), (Some(65_536), Some(32_768))]);
        assert_eq!(front.objectives, [Objective::Score, Objective::Parameters]);
    }

    #[test]
    fn a_score_of_the_caller_s_own_is_named_and_draws_nothing() {
        let own = config(r#"{"score":{"own":"mine","batch":16}}"#).unwrap();
        assert_eq!((own.score.name(), own.score.kind.is_drawn(), own.train.batch), ("mine", false, 16));
        for other in [r#""repeats":2"#, r#""score":"funnel""#, r#""memory":"1GiB""#] {
            let text = format!(r#"{{"score":{{"own":"mine",{other}}}}}"#);
            assert!(config(&text).unwrap_err().to_string().contains("the caller's own"), "{other}");
        }
        assert!(config(r#"{"score":{"own":" "}}"#).unwrap().check().is_err());
        let supernet = config(r#"{"score":{"own":"mine"},"method":{"method":"supernet"}}"#);
        assert!(supernet.unwrap_err().to_string().contains("score mine: the method supernet has a score of its own"));
    }

    #[test]
    fn names_that_nobody_knows_are_told_by_the_library_s_line() {
        for (text, line) in [
            (r#"{"score":{"score":"fnunel"}}"#, "did you mean funnel?"),
            (r#"{"method":{"method":"luck"}}"#, "unknown method `luck`"),
            (r#"{"operations":"skip,conv9x9"}"#, "conv9x9"),
            (r#"{"device":{"ram":["96k"]}}"#, "give bytes, such as 256KiB"),
            (r#"{"budget":{"budget":["4 parsecs"]}}"#, "the unit `parsecs` is not known"),
            (r#"{"budgets":{}}"#, "unknown field `budgets`"),
        ] {
            assert!(read(text).unwrap_err().to_string().contains(line), "{text}");
        }
    }
}
