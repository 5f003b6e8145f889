use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::cost::{Budget, ParameterCount, Scope};
use crate::record::Number;
use crate::space::Architecture;
use crate::{Error, Result};

/// What a search answers beside its one winner.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Front {
    /// Limits, each of which has an answer of its own; the first, the largest, is that of the search itself. None where it has one.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub limits: Vec<Limit>,
    /// In what the candidates are compared that no other beats; none where they are not wanted.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub objectives: Vec<Objective>,
}

impl Front {
    /// The most limits of one search.
    pub const MOST_LIMITS: usize = 64;

    /// Whether each is there once, and not too many.
    pub(super) fn check(&self, has_limit: bool) -> Result<()> {
        let Self { limits, objectives } = self;
        let names = || objectives.iter().map(|objective| objective.name()).collect::<Vec<_>>().join(",");
        if !objectives.is_empty() && !has_limit {
            return Err(Error::invalid(format!("objectives {}: a front needs a budget: give one", names())));
        }
        if objectives.len() == 1 {
            return Err(Error::invalid(format!("objectives {}: a front needs two or more", names())));
        }
        if limits.len() > Self::MOST_LIMITS {
            return Err(Error::invalid(format!("{} limits: give at most {}", limits.len(), Self::MOST_LIMITS)));
        }
        if let Some(limit) = twice(limits) {
            return Err(Error::invalid(format!("{limit} is given twice: give each limit once")));
        }
        match twice(objectives) {
            Some(objective) => Err(Error::invalid(format!("objective {objective} is given twice: give each once"))),
            None => Ok(()),
        }
    }
}

/// The first that comes a second time.
fn twice<T: PartialEq>(all: &[T]) -> Option<&T> {
    all.iter().enumerate().find(|(index, one)| all[..*index].contains(one)).map(|(_, one)| one)
}

/// One of several limits of a search.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Limit {
    /// The budget, where there is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub budget: Option<Budget>,
    /// The most bytes of flash, where there is a limit.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub flash: Option<u64>,
    /// The most bytes of RAM, where there is a limit.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ram: Option<u64>,
}

/// `40k`, `256KiB of flash, 96KiB of RAM`
impl fmt::Display for Limit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let budget = self.budget.map(|budget| budget.short());
        let memory = |bytes: Option<u64>, name| bytes.map(|bytes| format!("{} of {name}", Budget::Bytes(bytes)));
        let parts = [budget, memory(self.flash, "flash"), memory(self.ram, "RAM")];
        f.write_str(&parts.into_iter().flatten().collect::<Vec<_>>().join(", "))
    }
}

/// In what networks are compared before any is trained.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Objective {
    /// The score; more is better.
    Score,
    /// Parameters of what the budget counts; fewer are better.
    Parameters,
    /// Operations of an inference if every neuron fired at every timestep; fewer are better.
    Operations,
}

impl Objective {
    /// Every objective.
    pub const ALL: [Objective; 3] = [Objective::Score, Objective::Parameters, Objective::Operations];

    /// The name used on the command line and in records.
    pub fn name(self) -> &'static str {
        match self {
            Objective::Score => "score",
            Objective::Parameters => "parameters",
            Objective::Operations => "operations",
        }
    }

    /// What is to be as small as possible.
    fn loss(self, point: &FrontPoint, scope: Scope) -> f64 {
        match self {
            Objective::Score => -point.score.0,
            Objective::Parameters => point.parameters.in_scope(scope) as f64,
            Objective::Operations => point.operations,
        }
    }
}

impl fmt::Display for Objective {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for Objective {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        let found = Objective::ALL.into_iter().find(|objective| objective.name() == text);
        found.ok_or_else(|| Error::unknown("objective", text, Objective::ALL.map(Objective::name)))
    }
}

/// A candidate that no other beats.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct FrontPoint {
    /// Its architecture.
    pub architecture: Architecture,
    /// Its score.
    pub score: Number,
    /// Its firing rate, untrained, where the score took a forward pass.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub firing_rate: Option<f64>,
    /// Its parameters.
    pub parameters: ParameterCount,
    /// Its operations of an inference if every neuron fired at every timestep.
    pub operations: f64,
}

impl FrontPoint {
    /// Those that no other beats, in the order of their parameters: as good in each objective and better in one. Of equal ones the first
    /// stays.
    pub fn non_dominated(points: impl IntoIterator<Item = Self>, objectives: &[Objective], scope: Scope) -> Vec<Self> {
        let losses = |point: &Self| objectives.iter().map(|o| o.loss(point, scope)).collect::<Vec<f64>>();
        let is_as_good = |one: &[f64], other: &[f64]| one.iter().zip(other).all(|(one, other)| one <= other);
        let mut kept: Vec<(Vec<f64>, Self)> = Vec::new();
        for point in points {
            let of_point = losses(&point);
            if !kept.iter().any(|(of_other, _)| is_as_good(of_other, &of_point)) {
                kept.retain(|(of_other, _)| !is_as_good(&of_point, of_other));
                kept.push((of_point, point));
            }
        }
        kept.sort_by(|(_, a), (_, b)| {
            let size = |point: &Self| point.parameters.in_scope(scope);
            size(a).cmp(&size(b)).then(a.operations.total_cmp(&b.operations)).then(b.score.0.total_cmp(&a.score.0))
        });
        kept.into_iter().map(|(_, point)| point).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn point(score: f64, backbone: u64, operations: f64) -> FrontPoint {
        FrontPoint {
            architecture: "0111 0011 0001 0000".parse().unwrap(),
            score: score.into(),
            firing_rate: None,
            parameters: ParameterCount { backbone, classifier: 0, network: backbone },
            operations,
        }
    }

    fn front(objectives: &[Objective]) -> Vec<f64> {
        let points = [(1.0, 10, 5.0), (2.0, 20, 9.0), (2.0, 20, 9.0), (1.5, 30, 4.0), (0.5, 10, 6.0), (3.0, 40, 9.5)];
        let points = points.map(|(score, backbone, operations)| point(score, backbone, operations));
        FrontPoint::non_dominated(points, objectives, Scope::Network).iter().map(|point| point.score.0).collect()
    }

    #[test]
    fn what_no_other_beats_in_every_objective_stays() {
        use Objective::{Operations, Parameters, Score};
        assert_eq!(front(&[Score, Parameters]), [1.0, 2.0, 3.0]);
        assert_eq!(front(&[Score, Parameters, Operations]), [1.0, 2.0, 1.5, 3.0]);
        assert_eq!(front(&[Parameters, Operations]), [1.0, 1.5]);
    }

    #[test]
    fn limits_and_objectives_come_once_each() {
        let limit = |text: &str| Limit { budget: Some(text.parse().unwrap()), ..Limit::default() };
        let message = |front: Front, has_limit| front.check(has_limit).unwrap_err().to_string();
        let twice = Front { limits: vec![limit("40k"), limit("40000")], objectives: vec![] };
        assert_eq!(message(twice, true), "40k is given twice: give each limit once");
        let alone = Front { limits: vec![], objectives: vec![Objective::Score] };
        assert!(message(alone, true).contains("two or more"));
        let both = Front { limits: vec![], objectives: vec![Objective::Score, Objective::Parameters] };
        assert!(message(both.clone(), false).contains("a front needs a budget"));
        both.check(true).unwrap();
    }
}
