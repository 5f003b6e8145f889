use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use super::front::{Front, Limit};
use super::lists::Lists;
use super::supernet::SupernetConfig;
use crate::cost::{Bits, Budget, DeviceLimits, Scope};
use crate::space::{CellKind, Operation, SearchSpace};
use crate::{Error, Result};

/// How candidates are chosen.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Method {
    /// Algorithm 1 of the paper: all cells alike, then each cell from the second on by itself.
    #[default]
    Spikenas,
    /// SNASNet's random search: all cells alike.
    Random,
    /// Every combination of cells.
    Exhaustive,
    /// Ageing evolution: the best of a few at random has a child that differs in one edge.
    Evolution,
    /// Local search: to the best of all that differ in one edge, from several random starts.
    Local,
    /// AutoSNN's: an evolution of candidates that inherit the weights of one network of all operations, see [`SupernetConfig`].
    Supernet,
}

impl Method {
    /// Every method.
    pub const ALL: [Method; 6] =
        [Method::Spikenas, Method::Random, Method::Exhaustive, Method::Evolution, Method::Local, Method::Supernet];

    /// The name used on the command line and in records.
    pub fn name(self) -> &'static str {
        match self {
            Method::Spikenas => "spikenas",
            Method::Random => "random",
            Method::Exhaustive => "exhaustive",
            Method::Evolution => "evolution",
            Method::Local => "local",
            Method::Supernet => "supernet",
        }
    }

    /// The one that is taken for cells of a kind where none is named: there are too many backward cells to try them all.
    pub fn of_cells(kind: CellKind) -> Self {
        match kind {
            CellKind::Forward => Method::Spikenas,
            CellKind::Backward => Method::Evolution,
        }
    }

    /// The iterations where no number is given: SNASNet's of its random search.
    pub fn default_iterations(self) -> usize {
        match self {
            Method::Evolution | Method::Local => 1000,
            Method::Supernet => 200,
            Method::Spikenas | Method::Random | Method::Exhaustive => 5000,
        }
    }

    /// Whether it draws candidates, as many as the iterations say.
    pub fn draws(self) -> bool {
        match self {
            Method::Random | Method::Evolution | Method::Local | Method::Supernet => true,
            Method::Spikenas | Method::Exhaustive => false,
        }
    }

    /// Whether it trains before it scores, on images.
    pub fn trains(self) -> bool {
        self == Method::Supernet
    }

    /// The settings of a supernet where none are given; no other method has any.
    pub fn default_supernet(self) -> Option<SupernetConfig> {
        self.trains().then(SupernetConfig::default)
    }

    /// The rounds of a confirmation where no number is given: what candidates inherit is there but once.
    pub fn default_rounds(self) -> usize {
        if self.trains() { 0 } else { 4 }
    }
}

impl fmt::Display for Method {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for Method {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        let found = Method::ALL.into_iter().find(|m| m.name() == text);
        found.ok_or_else(|| Error::unknown("method", text, Method::ALL.map(Method::name)))
    }
}

/// What is searched, how, and under which budget.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SearchConfig {
    /// How candidates are chosen.
    pub method: Method,
    /// Operations allowed on an edge, in the order in which they are tried.
    pub operations: Vec<Operation>,
    /// Which edges the cells have.
    #[serde(skip_serializing_if = "CellKind::is_forward", default)]
    pub cell: CellKind,
    /// The most memory that the network may take.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub budget: Option<Budget>,
    /// What the budget counts.
    pub scope: Scope,
    /// Precision at which a budget in bytes is compared.
    pub bits: Bits,
    /// Candidates that a method draws, equal ones as often as they come: a random search, an evolution, a local search.
    pub iterations: usize,
    /// What the device has room for, where it is for one.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub device: Option<DeviceLimits>,
    /// How often the leading candidates are scored again, with other weights and images. The smallest of those not
    /// significantly different from the best is taken; 0 takes the one with the highest score, as the paper does.
    #[serde(default)]
    pub confirm: usize,
    /// Which sizes of the network are chosen, too; none where it is given whole.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub layout: Option<Layout>,
    /// What is answered beside the one winner.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub front: Option<Front>,
    /// The settings of the method `supernet`, which alone has any.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub supernet: Option<SupernetConfig>,
    /// Seed of what the methods draw.
    pub seed: u64,
}

impl Default for SearchConfig {
    fn default() -> Self {
        Self {
            method: Method::default(),
            operations: SearchSpace::named("spikenas-3o").unwrap_or_default(),
            cell: CellKind::default(),
            budget: None,
            scope: Scope::default(),
            bits: Bits::default(),
            iterations: 5000,
            device: None,
            confirm: 4,
            layout: None,
            front: None,
            supernet: None,
            seed: 1,
        }
    }
}

/// Which sizes of a network a search chooses under its budget. The widths are always among them.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Layout {
    /// Choices of sizes of which each has its cells searched, to be compared by short trainings; with 0, the first is taken.
    pub finalists: usize,
    /// Whether the number of cells is chosen.
    pub cells: bool,
    /// Whether the pooling before the classifier is chosen.
    pub last_pool: bool,
    /// Whether the classifier's hidden layer is chosen.
    pub hidden: bool,
    /// Settings to choose from that are listed.
    #[serde(default, skip_serializing_if = "Lists::is_empty")]
    pub lists: Lists,
}

impl Layout {
    /// Finalists where no number is given.
    pub const FINALISTS: usize = 8;

    /// All sizes are chosen, between so many finalists.
    pub fn of(finalists: usize) -> Self {
        Self { finalists, cells: true, last_pool: true, hidden: true, lists: Lists::default() }
    }

    fn check(&self, has_limit: bool) -> Result<()> {
        let (finalists, listed) = (self.finalists, self.lists.combinations());
        if finalists > MOST_FINALISTS {
            return Err(Error::invalid(format!("finalists {finalists} is out of range: give 0 to {MOST_FINALISTS}")));
        }
        if listed > finalists.max(1) {
            return Err(Error::invalid(format!(
                "finalists {finalists}: {listed} settings are listed, which short trainings alone can compare: give at least as many"
            )));
        }
        self.lists.check()?;
        if has_limit || !self.lists.widths.is_empty() {
            return Ok(());
        }
        Err(Error::invalid("widths can be chosen only under a budget or the limits of a device: give one"))
    }
}

/// The most finalists.
const MOST_FINALISTS: usize = 64;
/// Candidates that a random search may draw at most; there are 117,649 different cells of all operations.
const MOST_ITERATIONS: usize = 10_000_000;
/// Rounds of a confirmation at most.
const MOST_ROUNDS: usize = 1000;

impl SearchConfig {
    /// Whether every value is in range; the first that is not, named.
    pub fn check(&self) -> Result<()> {
        SearchSpace::new(self.operations.clone(), 1)?;
        if self.operations == [Operation::Zeroize] {
            return Err(Error::invalid(
                "operations zeroize: no architecture connects input and output: allow other operations",
            ));
        }
        if self.cell == CellKind::Backward && self.device.is_some() {
            return Err(Error::invalid("cell backward: no device runs cells with edges back to earlier nodes yet"));
        }
        if !(1..=MOST_ITERATIONS).contains(&self.iterations) {
            return Err(Error::invalid(format!(
                "iterations {} is out of range: give 1 to {MOST_ITERATIONS}",
                self.iterations
            )));
        }
        if self.confirm > MOST_ROUNDS {
            return Err(Error::invalid(format!("confirm {} is out of range: give 0 to {MOST_ROUNDS}", self.confirm)));
        }
        self.check_supernet()?;
        self.device.as_ref().map_or(Ok(()), DeviceLimits::check)?;
        let has_limit = self.budget.is_some() || self.device.is_some();
        self.layout.as_ref().map_or(Ok(()), |layout| layout.check(has_limit))?;
        let Some(front) = &self.front else { return Ok(()) };
        front.check(has_limit)?;
        if self.layout.is_some() && !front.objectives.is_empty() {
            return Err(Error::invalid("objectives: scores compare networks of equal widths only: give the widths"));
        }
        match front.limits.first() {
            Some(first) if *first != self.limit() => {
                let own = self.limit();
                Err(Error::invalid(format!("limit {first}: the first of several is the search's own, {own}")))
            }
            _ => Ok(()),
        }
    }

    /// The limit of the search itself.
    pub fn limit(&self) -> Limit {
        let device = self.device.as_ref();
        let of_device = |memory: fn(&DeviceLimits) -> Option<u64>| device.and_then(memory);
        Limit { budget: self.budget, flash: of_device(|device| device.flash), ram: of_device(|device| device.ram) }
    }

    /// The same search under each of its limits alone, the largest first; where it has one, that one.
    pub fn by_limit(&self) -> Vec<Self> {
        let (limits, objectives) = self.front.clone().map_or_else(Default::default, |f| (f.limits, f.objectives));
        let front = (!objectives.is_empty()).then(|| Front { limits: Vec::new(), objectives });
        let limits = if limits.is_empty() { vec![self.limit()] } else { limits };
        let under = limits.into_iter().map(|Limit { budget, flash, ram }| {
            let device = self.device.clone().map(|device| DeviceLimits { flash, ram, ..device });
            Self { budget, device, front: front.clone(), ..self.clone() }
        });
        under.collect()
    }

    /// Whether the method `supernet` has its settings, no other method has them, and nothing is asked for that it does not do.
    fn check_supernet(&self) -> Result<()> {
        match (&self.supernet, self.method) {
            (None, method) if method.trains() => {
                Err(Error::invalid(format!("method {method}: its settings are missing")))
            }
            (Some(_), method) if !method.trains() => {
                Err(Error::invalid(format!("method {method}: the settings of a supernet are for the method supernet")))
            }
            (Some(_), _) if self.confirm > 0 => Err(Error::invalid(format!(
                "confirm {}: weights that candidates inherit are there but once, the method supernet confirms nothing: give 0",
                self.confirm
            ))),
            (Some(_), _) if self.layout.is_some() => Err(Error::invalid(
                "method supernet: one network of all operations is trained, whose sizes have to be known: give --widths",
            )),
            (Some(supernet), _) => supernet.check(),
            (None, _) => Ok(()),
        }
    }

    /// The budget as a number of parameters.
    pub fn budget_parameters(&self) -> Option<u64> {
        self.budget.map(|budget| budget.parameters(self.bits))
    }
}
