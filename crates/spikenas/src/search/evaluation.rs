use std::collections::HashMap;
use std::time::Instant;

use serde::{Deserialize, Serialize};

use super::config::SearchConfig;
use super::journal::{Journal, JournalEntry};
use crate::memory::{Ledger, ParameterCount, Scope};
use crate::plan::{NetworkConfig, Plan, Shape};
use crate::progress::Progress;
use crate::score::{Score, Scorer};
use crate::space::{Architecture, SearchSpace};
use crate::{Error, Result};

/// Gives architectures their scores.
pub trait ArchitectureScorer {
    /// The score of a plan; never NaN.
    fn score(&self, plan: &Plan) -> Result<Score>;
}

impl ArchitectureScorer for Scorer {
    fn score(&self, plan: &Plan) -> Result<Score> {
        Scorer::score(self, plan)
    }
}

/// What is searched for.
#[derive(Clone, Debug)]
pub struct Problem {
    /// The candidates.
    pub space: SearchSpace,
    /// The network around the cells.
    pub network: NetworkConfig,
    /// Shape of an image.
    pub input: Shape,
    /// The most parameters that a candidate may have.
    pub budget: Option<u64>,
    /// What the budget counts.
    pub scope: Scope,
}

impl Problem {
    /// The problem that a configuration states for a network and its images.
    pub fn new(config: &SearchConfig, network: &NetworkConfig, input: Shape) -> Result<Self> {
        let space = SearchSpace::new(config.operations.clone(), network.cells)?;
        Ok(Self { space, network: network.clone(), input, budget: config.budget_parameters(), scope: config.scope })
    }

    /// Lays a candidate out and counts its parameters.
    pub fn plan(&self, architecture: &Architecture) -> Result<(Plan, ParameterCount)> {
        let plan = Plan::new(architecture, &self.network, self.input)?;
        let count = Ledger::new(&plan).count();
        Ok((plan, count))
    }

    /// Whether so many parameters fit the budget.
    pub fn is_feasible(&self, count: &ParameterCount) -> bool {
        self.budget.is_none_or(|budget| count.in_scope(self.scope) <= budget)
    }
}

/// The best candidate so far.
#[derive(Clone, Debug, PartialEq)]
pub struct Best {
    /// Its architecture.
    pub architecture: Architecture,
    /// Its score.
    pub score: Score,
    /// Its parameters.
    pub parameters: ParameterCount,
}

/// What one pass did.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PassRecord {
    /// Candidates.
    pub candidates: usize,
    /// Those that fit the budget.
    pub feasible: usize,
    /// Those that got a score.
    pub scored: usize,
    /// Those whose score had to be computed: not known from an equal candidate or the journal.
    pub computed: usize,
}

/// Evaluates candidates: budget first, each architecture once, every score into the journal.
pub struct Evaluation<'a> {
    problem: Problem,
    scorer: &'a dyn ArchitectureScorer,
    journal: Option<Journal>,
    known: HashMap<Architecture, Score>,
}

impl<'a> Evaluation<'a> {
    /// An evaluation that takes the scores in the journal as known.
    pub fn new(problem: Problem, scorer: &'a dyn ArchitectureScorer, journal: Option<Journal>) -> Result<Self> {
        let mut known = HashMap::new();
        for entry in journal.iter().flat_map(|j| j.entries()) {
            let architecture = entry.architecture.clone().with_cells(problem.space.cells())?;
            known.insert(architecture, Score { value: entry.score.0, firing_rate: entry.firing_rate });
        }
        Ok(Self { problem, scorer, journal, known })
    }

    /// What is searched for.
    pub fn problem(&self) -> &Problem {
        &self.problem
    }

    /// Whether any network of equal cells fits the budget; if none does, the error names the smallest.
    pub fn check_feasible(&self) -> Result<()> {
        let Some(budget) = self.problem.budget else { return Ok(()) };
        let (space, scope) = (&self.problem.space, self.problem.scope);
        let mut smallest = u64::MAX;
        for cell in space.iter_cells() {
            let (_, count) = self.problem.plan(&Architecture::repeated(cell, space.cells())?)?;
            smallest = smallest.min(count.in_scope(scope));
        }
        if smallest > budget {
            return Err(Error::Infeasible { count: space.cell_count(), budget, scope, smallest });
        }
        Ok(())
    }

    /// Scores candidates in their order; `best` changes only to a score that is higher.
    pub(super) fn run_pass(
        &mut self,
        name: &str,
        candidates: Vec<Architecture>,
        best: &mut Option<Best>,
        progress: &mut dyn Progress,
    ) -> Result<PassRecord> {
        let mut feasible = Vec::new();
        for architecture in &candidates {
            let (plan, parameters) = self.problem.plan(architecture)?;
            if self.problem.is_feasible(&parameters) {
                feasible.push((plan, parameters));
            }
        }
        let mut record = PassRecord { candidates: candidates.len(), feasible: feasible.len(), scored: 0, computed: 0 };
        progress.note(&format!("{name}: {} of {} candidates fit", record.feasible, record.candidates));
        progress.begin(name, record.feasible);
        for (plan, parameters) in feasible {
            if progress.is_cancelled() {
                return Err(Error::Interrupted(self.how_to_go_on()));
            }
            let (score, computed) = self.score(&plan, &parameters)?;
            record.scored += 1;
            record.computed += usize::from(computed);
            if best.as_ref().is_none_or(|b| score.value > b.score.value) {
                *best = Some(Best { architecture: plan.architecture, score, parameters });
            }
            progress.advance(
                1,
                &best.as_ref().map_or(String::new(), |b| format!("best {} at {:.4}", b.architecture, b.score.value)),
            );
        }
        progress.end();
        Ok(record)
    }

    fn how_to_go_on(&self) -> String {
        match &self.journal {
            Some(journal) => {
                let done = journal.entries().len();
                format!("{done} scores are kept; repeat the command with the same --out to go on")
            }
            None => "nothing is kept without --out".into(),
        }
    }

    /// The score of a plan, and whether it had to be computed.
    fn score(&mut self, plan: &Plan, parameters: &ParameterCount) -> Result<(Score, bool)> {
        if let Some(&score) = self.known.get(&plan.architecture) {
            return Ok((score, false));
        }
        let start = Instant::now();
        let score = self.scorer.score(plan)?;
        if let Some(journal) = &mut self.journal {
            journal.append(JournalEntry {
                architecture: plan.architecture.clone(),
                score: score.value.into(),
                firing_rate: score.firing_rate,
                parameters: *parameters,
                seconds: start.elapsed().as_secs_f64(),
            })?;
        }
        self.known.insert(plan.architecture.clone(), score);
        Ok((score, true))
    }
}
