use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::cost::{Bits, Budget, Scope};
use crate::space::{Operation, SearchSpace};
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
}

impl Method {
    /// Every method.
    pub const ALL: [Method; 3] = [Method::Spikenas, Method::Random, Method::Exhaustive];

    /// The name used on the command line and in records.
    pub fn name(self) -> &'static str {
        match self {
            Method::Spikenas => "spikenas",
            Method::Random => "random",
            Method::Exhaustive => "exhaustive",
        }
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
    /// The most memory that the network may take.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub budget: Option<Budget>,
    /// What the budget counts.
    pub scope: Scope,
    /// Precision at which a budget in bytes is compared.
    pub bits: Bits,
    /// Candidates that a random search draws.
    pub iterations: usize,
    /// How often the leading candidates are scored again, with other weights and images. The smallest of those not
    /// significantly different from the best is taken; 0 takes the one with the highest score, as the paper does.
    #[serde(default)]
    pub confirm: usize,
    /// Seed of a random search.
    pub seed: u64,
}

impl Default for SearchConfig {
    fn default() -> Self {
        Self {
            method: Method::default(),
            operations: SearchSpace::named("spikenas-3o").unwrap_or_default(),
            budget: None,
            scope: Scope::default(),
            bits: Bits::default(),
            iterations: 5000,
            confirm: 4,
            seed: 1,
        }
    }
}

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
        if !(1..=MOST_ITERATIONS).contains(&self.iterations) {
            return Err(Error::invalid(format!(
                "iterations {} is out of range: give 1 to {MOST_ITERATIONS}",
                self.iterations
            )));
        }
        if self.confirm > MOST_ROUNDS {
            return Err(Error::invalid(format!("confirm {} is out of range: give 0 to {MOST_ROUNDS}", self.confirm)));
        }
        Ok(())
    }

    /// The budget as a number of parameters.
    pub fn budget_parameters(&self) -> Option<u64> {
        self.budget.map(|budget| budget.parameters(self.bits))
    }
}
