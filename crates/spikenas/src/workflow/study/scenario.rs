use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::search::Method;
use crate::space::{CellKind, Operation, SearchSpace};
use crate::{Error, Result};

/// The question of a study.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Kind {
    /// The scenarios of Table 1 and the baseline SNASNet.
    Scenarios,
    /// What each operation contributes: the random search without it (Fig. 6).
    Operations,
    /// What iterations and operations of the random search contribute (Fig. 2b).
    Iterations,
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Kind::Scenarios => "scenarios",
            Kind::Operations => "operations",
            Kind::Iterations => "iterations",
        })
    }
}

impl FromStr for Kind {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        let all = [Kind::Scenarios, Kind::Operations, Kind::Iterations];
        all.into_iter()
            .find(|kind| kind.to_string() == text)
            .ok_or_else(|| Error::unknown("study", text, ["operations", "iterations"]))
    }
}

/// One search and training of a study.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Scenario {
    /// The paper's name, which is the name of its run folder too: `SpikeNAS_2C3O_M`.
    pub name: String,
    /// Cells of the network.
    pub cells: usize,
    /// Operations on an edge.
    pub operations: Vec<Operation>,
    /// Which edges the cells have.
    #[serde(default, skip_serializing_if = "CellKind::is_forward")]
    pub cell: CellKind,
    /// How candidates are chosen.
    pub method: Method,
    /// Whether the budget of the settings holds.
    pub has_budget: bool,
    /// The part of the iterations of the settings that a random search draws.
    pub iterations: f64,
}

/// SNASNet's search, with which all others are compared.
const BASELINE: &str = "SNASNet_2C5O";

impl Scenario {
    fn random(name: impl Into<String>, operations: Vec<Operation>, iterations: f64) -> Self {
        let (name, cell) = (name.into(), CellKind::Forward);
        Self { name, cells: 2, operations, cell, method: Method::Random, has_budget: false, iterations }
    }

    /// The searches with which the paper compares itself, or which it cites, in the space of SNASNet.
    fn baselines(operations: &[Operation]) -> [Self; 3] {
        let of = |name: &str| Self::random(name, operations.to_vec(), 1.0);
        [
            Self { cell: CellKind::Backward, ..of("SNASNet-Bw_2C5O") },
            Self { method: Method::Supernet, ..of("AutoSNN_2C5O") },
            Self { method: Method::Evolution, ..of("Evolution_2C5O") },
        ]
    }

    /// Whether it is SNASNet's search.
    pub fn is_baseline(&self) -> bool {
        self.name == BASELINE
    }

    /// Whether it is one of the paper's own.
    pub fn is_of_spikenas(&self) -> bool {
        self.name.starts_with("SpikeNAS_")
    }

    /// What it is, where the name alone may mislead.
    pub fn about(&self) -> Option<&'static str> {
        match (self.method, self.cell) {
            (Method::Random, CellKind::Backward) => Some("SNASNet's random search, of cells with edges back"),
            (Method::Supernet, _) => {
                Some("AutoSNN's method, one network that lends its weights, in the space of SNASNet and not in its own")
            }
            (Method::Evolution, _) => Some("an ageing evolution by the same score as the others"),
            _ => None,
        }
    }

    /// The scenarios of a study, in the order in which they run.
    pub fn all(kind: Kind) -> Vec<Self> {
        let every = SearchSpace::named("snasnet").unwrap_or_default();
        let without = |operation: Operation| every.iter().copied().filter(|&o| o != operation).collect::<Vec<_>>();
        match kind {
            Kind::Scenarios => {
                let mut all = vec![Self::random(BASELINE, every.clone(), 1.0)];
                for cells in [1, 2, 3] {
                    for (set, count) in [("spikenas-3o", 3), ("spikenas-2o", 2)] {
                        for (has_budget, suffix) in [(false, ""), (true, "_M")] {
                            all.push(Self {
                                name: format!("SpikeNAS_{cells}C{count}O{suffix}"),
                                cells,
                                operations: SearchSpace::named(set).unwrap_or_default(),
                                method: Method::Spikenas,
                                has_budget,
                                cell: CellKind::Forward,
                                iterations: 1.0,
                            });
                        }
                    }
                }
                all.extend(Self::baselines(&every));
                all
            }
            Kind::Operations => {
                let one = |&operation: &Operation| {
                    Self::random(format!("without_{}", operation.name()), without(operation), 1.0)
                };
                std::iter::once(Self::random("all_operations", every.clone(), 1.0))
                    .chain(every.iter().map(one))
                    .collect()
            }
            // The paper draws 4096 candidates where SNASNet draws 5000, and leaves zeroize out.
            Kind::Iterations => {
                let few = without(Operation::Zeroize);
                [
                    ("5O_5000", &every, 1.0),
                    ("5O_4096", &every, 0.8192),
                    ("4O_5000", &few, 1.0),
                    ("4O_4096", &few, 0.8192),
                ]
                .map(|(name, operations, part)| Self::random(name, operations.clone(), part))
                .to_vec()
            }
        }
    }

    /// Selects scenarios by name, upper or lower case, the paper's with or without the prefix before `_`; all where no name is given.
    pub fn pick(all: Vec<Self>, names: &[String]) -> Result<Vec<Self>> {
        let is_named = |scenario: &Self, name: &str| {
            let short = scenario.name.split_once('_').filter(|_| scenario.about().is_none());
            let is_short = short.is_some_and(|(_, short)| short.eq_ignore_ascii_case(name));
            is_short || scenario.name.eq_ignore_ascii_case(name)
        };
        if let Some(unknown) = names.iter().find(|name| !all.iter().any(|s| is_named(s, name))) {
            return Err(Error::unknown("scenario", unknown, all.iter().map(|s| s.name.as_str())));
        }
        let is_picked = |s: &Self| names.is_empty() || names.iter().any(|name| is_named(s, name));
        Ok(all.into_iter().filter(is_picked).collect())
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn table_1_has_twelve_scenarios_and_its_baselines() {
        let all = Scenario::all(Kind::Scenarios);
        assert_eq!(all.len(), 16);
        assert_eq!(all.iter().filter(|s| s.is_of_spikenas()).count(), 12);
        assert_eq!(all.iter().filter(|s| s.has_budget).count(), 6);
        assert_eq!(all.iter().filter_map(Scenario::about).collect::<HashSet<_>>().len(), 3);
        assert_eq!(all.iter().map(|s| &s.name).collect::<HashSet<_>>().len(), 16);
        assert!(all[0].is_baseline() && all[0].operations.len() == 5);
    }

    #[test]
    fn every_operation_is_removed_once() {
        let all = Scenario::all(Kind::Operations);
        assert_eq!(all.iter().map(|s| s.operations.len()).collect::<Vec<_>>(), [5, 4, 4, 4, 4, 4]);
    }

    #[test]
    fn scenarios_are_picked_by_long_and_short_names() {
        let pick = |names: &[&str]| {
            let names: Vec<String> = names.iter().map(|n| n.to_string()).collect();
            Scenario::pick(Scenario::all(Kind::Scenarios), &names)
        };
        let names: Vec<String> = pick(&["2c3o_m", "snasnet_2c5o"]).unwrap().into_iter().map(|s| s.name).collect();
        assert_eq!(names, ["SNASNet_2C5O", "SpikeNAS_2C3O_M"]);
        let names: Vec<String> = pick(&["2c5o", "autosnn_2c5o"]).unwrap().into_iter().map(|s| s.name).collect();
        assert_eq!(names, ["SNASNet_2C5O", "AutoSNN_2C5O"]);
        assert_eq!(pick(&[]).unwrap().len(), 16);
        assert!(pick(&["4C3O"]).unwrap_err().to_string().contains("SpikeNAS_3C2O_M"));
    }
}
