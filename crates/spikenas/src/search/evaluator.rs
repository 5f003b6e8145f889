use std::collections::{HashMap, HashSet};
use std::time::Instant;

use super::config::SearchConfig;
use super::journal::{Journal, JournalEntry};
use super::record::PassRecord;
use crate::cost::{Ledger, ParameterCount, Scope};
use crate::graph::{Graph, NetworkConfig, Shape};
use crate::progress::Progress;
use crate::score::{Score, Scorer};
use crate::space::{Architecture, SearchSpace};
use crate::{Error, Result};

/// Candidates that are handed to the scorer at a time.
const AT_A_TIME: usize = 4096;

/// The problem that a search solves.
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

    /// Lays out a candidate and counts its parameters.
    pub fn graph(&self, architecture: &Architecture) -> Result<(Graph, ParameterCount)> {
        let graph = Graph::new(architecture, &self.network, self.input)?;
        let count = Ledger::new(&graph).count();
        Ok((graph, count))
    }

    /// Whether a number of parameters fits the budget.
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

/// Evaluates candidates: budget first, each architecture once, every score into the journal.
pub struct Evaluator<'a> {
    problem: Problem,
    scorer: &'a dyn Scorer,
    journal: Option<Journal>,
    known: HashMap<Architecture, Score>,
}

impl<'a> Evaluator<'a> {
    /// An evaluator that takes the scores in the journal as known.
    pub fn new(problem: Problem, scorer: &'a dyn Scorer, journal: Option<Journal>) -> Result<Self> {
        let mut known = HashMap::new();
        for entry in journal.iter().flat_map(|j| j.entries()) {
            let architecture = entry.architecture.clone().with_cells(problem.space.cells())?;
            known.insert(architecture, Score { value: entry.score.0, firing_rate: entry.firing_rate });
        }
        Ok(Self { problem, scorer, journal, known })
    }

    /// The problem that the search solves.
    pub fn problem(&self) -> &Problem {
        &self.problem
    }

    /// Waits until all scores are safely on the disk, where they are kept.
    pub fn sync_journal(&mut self) -> Result<()> {
        self.journal.as_mut().map_or(Ok(()), Journal::sync)
    }

    /// The score of a candidate, where it is known.
    pub fn score(&self, architecture: &Architecture) -> Option<Score> {
        self.known.get(architecture).copied()
    }

    /// Every candidate whose score is known and that fits the budget, the best first; of equal scores the smallest.
    pub fn ranking(&self) -> Result<Vec<(Architecture, Score, ParameterCount)>> {
        let mut ranking = Vec::new();
        for (architecture, &score) in &self.known {
            let (_, parameters) = self.problem.graph(architecture)?;
            if self.problem.is_feasible(&parameters) {
                ranking.push((architecture.clone(), score, parameters));
            }
        }
        let size = |parameters: &ParameterCount| parameters.in_scope(self.problem.scope);
        ranking.sort_by(|(a, s, p), (b, t, q)| {
            t.value.total_cmp(&s.value).then(size(p).cmp(&size(q))).then_with(|| a.cmp(b))
        });
        Ok(ranking)
    }

    /// Whether any network of equal cells fits the budget; if none does, the error names the smallest.
    pub fn check_feasible(&self) -> Result<()> {
        let Some(budget) = self.problem.budget else { return Ok(()) };
        let (space, scope) = (&self.problem.space, self.problem.scope);
        let mut smallest = u64::MAX;
        for cell in space.iter_cells() {
            let (_, count) = self.problem.graph(&Architecture::repeated(cell, space.cells())?)?;
            smallest = smallest.min(count.in_scope(scope));
        }
        if smallest > budget {
            return Err(Error::Infeasible { count: space.cell_count(), budget, scope: scope.name(), smallest });
        }
        Ok(())
    }

    /// Scores candidates; `best` changes as if each came in the order given, and only to a higher score.
    pub(super) fn run_pass(
        &mut self,
        name: &str,
        candidates: Vec<Architecture>,
        best: &mut Option<Best>,
        progress: &mut dyn Progress,
    ) -> Result<PassRecord> {
        let mut feasible = Vec::new();
        for architecture in &candidates {
            let (_, parameters) = self.problem.graph(architecture)?;
            if self.problem.is_feasible(&parameters) {
                feasible.push((architecture, parameters));
            }
        }
        let mut record = PassRecord { candidates: candidates.len(), feasible: feasible.len(), scored: 0, computed: 0 };
        progress.note(&format!("{name}: {} of {} candidates fit", record.feasible, record.candidates));
        progress.begin(name, record.feasible);
        for chunk in feasible.chunks(AT_A_TIME) {
            record.computed += self.score_unknown(chunk, best.as_ref(), progress)?;
            for &(architecture, parameters) in chunk {
                let score = self.known[architecture];
                record.scored += 1;
                if best.as_ref().is_none_or(|b| score.value > b.score.value) {
                    *best = Some(Best { architecture: architecture.clone(), score, parameters });
                }
            }
        }
        progress.end();
        Ok(record)
    }

    /// Computes the scores that are not known, each architecture once; returns their number.
    fn score_unknown(
        &mut self,
        candidates: &[(&Architecture, ParameterCount)],
        best: Option<&Best>,
        progress: &mut dyn Progress,
    ) -> Result<usize> {
        let is_new = |architecture: &Architecture| !self.known.contains_key(architecture);
        let mut seen = HashSet::new();
        let unknown: Vec<_> = candidates.iter().filter(|(a, _)| is_new(a) && seen.insert(*a)).collect();
        let graphs = unknown.iter().map(|(a, _)| Ok(self.problem.graph(a)?.0)).collect::<Result<Vec<_>>>()?;
        progress.advance(candidates.len() - unknown.len(), "");
        let mut highest = best.map(|b| (b.score.value, b.architecture.clone()));
        let mut begin = Instant::now();
        let scorer = self.scorer;
        scorer.score_each(&graphs, &mut |index, score| {
            let &&(architecture, parameters) = &unknown[index];
            if let Some(journal) = &mut self.journal {
                journal.append(JournalEntry {
                    architecture: architecture.clone(),
                    score: score.value.into(),
                    firing_rate: score.firing_rate,
                    parameters,
                    seconds: begin.elapsed().as_secs_f64(),
                })?;
            }
            begin = Instant::now();
            self.known.insert(architecture.clone(), score);
            if highest.as_ref().is_none_or(|(value, _)| score.value > *value) {
                highest = Some((score.value, architecture.clone()));
            }
            let message = highest.as_ref().map_or(String::new(), |(value, a)| format!("best {a} at {value:.4}"));
            progress.advance(1, &message);
            if progress.is_cancelled() { Err(Error::Interrupted(self.how_to_go_on())) } else { Ok(()) }
        })?;
        Ok(unknown.len())
    }

    fn how_to_go_on(&self) -> String {
        match &self.journal {
            Some(journal) => {
                let done = journal.entries().len();
                format!("{done} scores are kept; repeat the search in the same folder to go on")
            }
            None => "nothing is kept without a folder".into(),
        }
    }
}
