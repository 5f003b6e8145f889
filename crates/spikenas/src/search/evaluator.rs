use std::collections::{HashMap, HashSet};
use std::time::Instant;

use super::candidates::Candidates;
use super::config::SearchConfig;
use super::journal::{Journal, JournalEntry};
use super::kept::Kept;
use super::known::Known;
use super::merged::Holes;
use super::pace::Pace;
use super::pass::Pass;
use super::record::PassRecord;
use crate::cost::{DeviceLimits, DeviceNeed, Ledger, ParameterCount, Scope};
use crate::graph::{Graph, NetworkConfig, Shape, Sizes};
use crate::progress::{Progress, rough_duration};
use crate::score::{Listener, Score, Scorer};
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
    /// What the device has room for, where it is for one.
    pub device: Option<DeviceLimits>,
    /// The sizes of the network, where these are chosen, too; they tell its candidates from those of others in the journal.
    pub sizes: Option<Sizes>,
}

impl Problem {
    /// The problem that a configuration states for a network and its images.
    ///
    /// Errors: settings out of range, operations of which none connects.
    pub fn new(config: &SearchConfig, network: &NetworkConfig, input: Shape) -> Result<Self> {
        config.check()?;
        let space = SearchSpace::new(config.operations.clone(), network.cells)?.of_kind(config.cell);
        let (budget, scope) = (config.budget_parameters(), config.scope);
        let device = config.device.clone();
        Ok(Self { space, network: network.clone(), input, budget, scope, device, sizes: None })
    }

    /// Lays out a candidate and counts its parameters.
    pub fn graph(&self, architecture: &Architecture) -> Result<(Graph, ParameterCount)> {
        let graph = Graph::new(architecture, &self.network, self.input)?;
        let count = Ledger::new(&graph).count();
        Ok((graph, count))
    }

    /// Whether a candidate, laid out and counted, fits the budget and the device.
    pub fn is_feasible(&self, (graph, count): &(Graph, ParameterCount)) -> Result<bool> {
        if self.budget.is_some_and(|budget| count.in_scope(self.scope) > budget) {
            return Ok(false);
        }
        self.device.as_ref().map_or(Ok(true), |device| device.admit(graph))
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

/// What a search hands on to the one after it, under another limit.
#[derive(Default)]
pub struct Handed {
    /// All scores.
    pub kept: Option<Kept>,
    /// The candidates of the searches so far.
    pub met: HashSet<Architecture>,
}

/// Evaluates candidates: budget first, each architecture once, every score into the journal.
pub struct Evaluator<'a> {
    problem: Problem,
    scorer: &'a dyn Scorer,
    kept: Option<Kept>,
    known: Known<'a>,
    /// What other processes have scored and the journal does not have yet, where it takes it over.
    scored: HashMap<Architecture, JournalEntry>,
    /// Candidates of this search, whether their scores were in the journal or not.
    met: HashSet<Architecture>,
    /// Candidates of searches before this one, under other limits.
    earlier: HashSet<Architecture>,
    pace: Pace,
    /// Whether scores of other parts are missing, without which this one does not go on.
    is_lacking: bool,
    /// Scores, each as long as one of the search, that a confirmation will take.
    confirmation: f64,
}

impl<'a> Evaluator<'a> {
    /// An evaluator that takes the scores in the journal as known.
    pub fn new(problem: Problem, scorer: &'a dyn Scorer, journal: Option<Journal>) -> Result<Self> {
        Self::after(problem, scorer, Handed { kept: journal.map(Kept::Journal), ..Handed::default() })
    }

    /// An evaluator after searches under other limits, whose candidates may win this one, too.
    pub fn after(problem: Problem, scorer: &'a dyn Scorer, Handed { kept, met: earlier }: Handed) -> Result<Self> {
        let mut known = Known::new(scorer, problem.space.cells(), problem.sizes);
        kept.iter().flat_map(Kept::entries).try_for_each(|entry| known.learn(entry))?;
        let scored = match &kept {
            Some(Kept::Merged(merged)) => merged.scored(&known)?,
            _ => HashMap::new(),
        };
        let (met, pace) = (HashSet::new(), Pace::new(0.0));
        Ok(Self { problem, scorer, kept, known, scored, met, earlier, pace, is_lacking: false, confirmation: 0.0 })
    }

    /// Says how much a confirmation will take after the search, in scores of the search, so that the time left is that of both.
    pub fn expect_confirmation(&mut self, scores: f64) {
        self.confirmation = scores;
    }

    /// The problem that the search solves.
    pub fn problem(&self) -> &Problem {
        &self.problem
    }

    /// What the search after this one begins with.
    pub fn hand_on(mut self) -> Handed {
        self.met.extend(self.earlier);
        Handed { kept: self.kept, met: self.met }
    }

    /// Waits until all scores are safely on the disk, where they are kept.
    pub fn sync_journal(&mut self) -> Result<()> {
        self.kept.as_mut().map_or(Ok(()), Kept::sync)
    }

    /// The score of a candidate, where it is known.
    pub fn score(&self, architecture: &Architecture) -> Option<Score> {
        self.known.get(architecture)
    }

    /// The score of a candidate of this search that fits.
    pub(super) fn met_score(&self, architecture: &Architecture) -> Option<f64> {
        let architecture = self.known.form(architecture.clone());
        self.met.contains(&architecture).then(|| self.known.get(&architecture))?.map(|score| score.value)
    }

    /// Every candidate of this search and of those before it that fits the budget, the best first; of equal scores the smallest.
    pub fn ranking(&self) -> Result<Vec<(Architecture, Score, ParameterCount)>> {
        let mut ranking = Vec::new();
        let is_met =
            |architecture: &Architecture| self.met.contains(architecture) || self.earlier.contains(architecture);
        for (architecture, score) in self.known.iter().filter(|(architecture, _)| is_met(architecture)) {
            let counted = self.problem.graph(architecture)?;
            if self.problem.is_feasible(&counted)? {
                ranking.push((architecture.clone(), score, counted.1));
            }
        }
        let size = |parameters: &ParameterCount| parameters.in_scope(self.problem.scope);
        ranking.sort_by(|(a, s, p), (b, t, q)| {
            t.value.total_cmp(&s.value).then(size(p).cmp(&size(q))).then_with(|| a.cmp(b))
        });
        Ok(ranking)
    }

    /// The best candidate of searches before this one that fits and beats the best of this one.
    pub(super) fn better_of_earlier(&self, best: Option<&Best>) -> Result<Option<Best>> {
        if self.earlier.is_empty() {
            return Ok(None);
        }
        let least = best.map_or(f64::NEG_INFINITY, |best| best.score.value);
        let is_better = |(architecture, score, _): &(Architecture, Score, ParameterCount)| {
            score.value > least && architecture.cell_without_path().is_none()
        };
        let better = self.ranking()?.into_iter().find(is_better);
        Ok(better.map(|(architecture, score, parameters)| Best { architecture, score, parameters }))
    }

    /// Whether any network of equal cells with a path from input to output fits the budget; if none does, the error names the
    /// smallest.
    pub fn check_feasible(&self) -> Result<()> {
        let Problem { space, scope, budget, device, .. } = &self.problem;
        if budget.is_none() && device.is_none() {
            return Ok(());
        }
        let (mut smallest, mut count, mut fits) = (u64::MAX, 0, false);
        let mut least: Vec<DeviceNeed> = Vec::new();
        for cell in space.iter_forward_cells().filter(|cell| cell.is_connected()) {
            let architecture = self.known.form(Architecture::repeated(cell, space.cells())?);
            let counted = self.problem.graph(&architecture)?;
            smallest = smallest.min(counted.1.in_scope(*scope));
            count += 1;
            fits |= self.problem.is_feasible(&counted)?;
            if let Some(device) = device {
                DeviceNeed::least(&mut least, device.needs(&counted.0)?);
            }
        }
        if let Some(budget) = budget.filter(|&budget| smallest > budget) {
            return Err(Error::Infeasible { count, budget, scope: scope.name(), smallest });
        }
        let bits = device.as_ref().map_or(0, |device| device.bits.get());
        if let Some(DeviceNeed { what, limit, needed }) = least.into_iter().find(|need| !need.is_met()) {
            return Err(Error::Device { what, limit, smallest: needed, bits });
        }
        if fits {
            return Ok(());
        }
        Err(Error::invalid(format!(
            "each limit admits some of {count} networks, and none meets all of them: raise one, or lower the widths"
        )))
    }

    /// Scores candidates, each once; `best` changes as if each came in the order given, only to a higher score and only to a
    /// network with a path from input to output. A part of a search scores those of its shard, and then waits for the others, but
    /// not in the last pass, whose best no other depends on. `is_told`: whether its counts are told.
    ///
    /// Where the score ignores dead edges, candidates that differ in nothing else are one: the one without them.
    pub(super) fn run_pass(
        &mut self,
        Pass { name, later, is_last, candidates }: Pass,
        is_told: bool,
        best: &mut Option<Best>,
        progress: &mut dyn Progress,
    ) -> Result<PassRecord> {
        let forms = candidates.map(|candidate| Ok(self.known.form(candidate?)));
        let candidates = forms.collect::<Result<Candidates>>()?;
        let mut record =
            PassRecord { candidates: candidates.total(), different: candidates.different(), ..PassRecord::default() };
        let mut feasible = Vec::new();
        for (architecture, times) in candidates.iter() {
            let counted = self.problem.graph(architecture)?;
            if self.problem.is_feasible(&counted)? {
                feasible.push((architecture, counted.1));
                record.feasible += times;
            }
        }
        record.scored = record.feasible;
        record.computed = feasible.iter().filter(|(a, _)| self.met.insert((*a).clone())).count();
        if is_told {
            progress.note(&format!("{name}: {}", record.words()));
        }
        let own = match &self.kept {
            Some(Kept::Part(part)) => part.own(&feasible),
            _ => feasible.clone(),
        };
        self.check_scored(&name, &feasible)?;
        let unknown = own.iter().filter(|(a, _)| !self.known.contains(a)).count();
        self.pace.expect((unknown + later * own.len()) as f64 + self.confirmation);
        progress.begin(&name, own.len());
        let mut highest = best.as_ref().map(|best| (best.score.value, best.architecture.clone()));
        for chunk in own.chunks(AT_A_TIME) {
            self.score_unknown(chunk, &mut highest, progress)?;
        }
        progress.end();
        if !is_last && let Some(Kept::Part(part)) = &mut self.kept {
            let all: Vec<&Architecture> = feasible.iter().map(|(architecture, _)| *architecture).collect();
            self.is_lacking = !part.learn(&all, &mut self.known, progress)?;
        }
        self.improve(best, &feasible);
        Ok(record)
    }

    /// Changes the best to each candidate that beats it, of those whose scores are known, one after the other.
    fn improve(&self, best: &mut Option<Best>, candidates: &[(&Architecture, ParameterCount)]) {
        for &(architecture, parameters) in candidates {
            let Some(score) = self.known.get(architecture) else { continue };
            let is_better = best.as_ref().is_none_or(|b| score.value > b.score.value);
            if is_better && architecture.cell_without_path().is_none() {
                *best = Some(Best { architecture: architecture.clone(), score, parameters });
            }
        }
    }

    /// Whether this part of a search does not go on, since scores of other parts are missing.
    pub(super) fn is_lacking(&self) -> bool {
        self.is_lacking
    }

    /// Whether all candidates of a pass were scored, where the journal takes scores over; the error names those that were not.
    fn check_scored(&self, pass: &str, candidates: &[(&Architecture, ParameterCount)]) -> Result<()> {
        let Some(Kept::Merged(merged)) = &self.kept else { return Ok(()) };
        if merged.holes() == Holes::Filled {
            return Ok(());
        }
        let is_missing = |a: &Architecture| !self.known.contains(a) && !self.scored.contains_key(a);
        let all = candidates.iter().map(|(architecture, _)| *architecture).enumerate();
        let missing: Vec<(usize, &Architecture)> = all.filter(|(_, architecture)| is_missing(architecture)).collect();
        if missing.is_empty() { Ok(()) } else { Err(merged.hole(pass, candidates.len(), &missing)) }
    }

    /// Takes the scores over that other processes have computed.
    fn take_over(&mut self, candidates: &[(&Architecture, ParameterCount)]) -> Result<()> {
        let Some(kept) = &mut self.kept else { return Ok(()) };
        for (architecture, _) in candidates {
            if let Some(entry) = self.scored.remove(*architecture).filter(|_| !self.known.contains(architecture)) {
                self.known.learn(&entry)?;
                kept.append(entry)?;
            }
        }
        Ok(())
    }

    /// Computes the scores that are not known.
    fn score_unknown(
        &mut self,
        candidates: &[(&Architecture, ParameterCount)],
        highest: &mut Option<(f64, Architecture)>,
        progress: &mut dyn Progress,
    ) -> Result<()> {
        self.take_over(candidates)?;
        let unknown: Vec<_> = candidates.iter().copied().filter(|(a, _)| !self.known.contains(a)).collect();
        progress.advance(candidates.len() - unknown.len(), "");
        let graphs = unknown.iter().map(|(a, _)| Ok(self.problem.graph(a)?.0)).collect::<Result<Vec<_>>>()?;
        let mut keeper = Keeper {
            unknown: &unknown,
            sizes: self.problem.sizes,
            kept: self.kept.as_mut(),
            known: &mut self.known,
            pace: &mut self.pace,
            highest,
            begin: Instant::now(),
            progress,
        };
        self.scorer.score_each(&graphs, &mut keeper)
    }
}

/// Keeps scores as they are found, and tells of them.
struct Keeper<'k, 'a> {
    unknown: &'k [(&'k Architecture, ParameterCount)],
    sizes: Option<Sizes>,
    kept: Option<&'k mut Kept>,
    known: &'k mut Known<'a>,
    pace: &'k mut Pace,
    highest: &'k mut Option<(f64, Architecture)>,
    begin: Instant,
    progress: &'k mut dyn Progress,
}

impl Listener for Keeper<'_, '_> {
    fn scored(&mut self, index: usize, score: Score) -> Result<()> {
        let (architecture, parameters) = self.unknown[index];
        if let Some(kept) = &mut self.kept {
            kept.append(JournalEntry {
                architecture: architecture.clone(),
                sizes: self.sizes,
                score: score.value.into(),
                firing_rate: score.firing_rate,
                judged: score.judged,
                parameters,
                seconds: self.begin.elapsed().as_secs_f64(),
            })?;
        }
        self.begin = Instant::now();
        self.known.insert(architecture.clone(), score);
        self.pace.step();
        if self.highest.as_ref().is_none_or(|(value, _)| score.value > *value) {
            *self.highest = Some((score.value, architecture.clone()));
        }
        if let Some(seconds) = self.pace.first_estimate() {
            self.progress.note(&format!("about {} to go in the search", rough_duration(seconds)));
        }
        let best = self.highest.as_ref().map_or(String::new(), |(value, a)| format!("best {a} at {value:.4}"));
        let left =
            self.pace.seconds_left().map_or(String::new(), |s| format!(", {} left of the search", rough_duration(s)));
        self.progress.advance(1, &format!("{best}{left}"));
        self.step()
    }

    fn step(&mut self) -> Result<()> {
        if !self.progress.is_cancelled() {
            return Ok(());
        }
        Err(Error::Interrupted(match &self.kept {
            Some(kept) => {
                let done = kept.count();
                format!("{done} scores are kept; repeat the search in the same folder to go on")
            }
            None => "nothing is kept without a folder".into(),
        }))
    }
}
