use std::collections::HashMap;
use std::sync::Arc;
use std::time::Instant;

use super::config::CorrelateConfig;
use super::scores::{Entry, Scores, seen};
use super::table::Table;
use crate::data::Dataset;
use crate::engine::Engine;
use crate::graph::Graph;
use crate::progress::Progress;
use crate::score::{Listener, Score, ScoreKind, SpikeScorer, Told, score_batches, scorer};
use crate::space::Architecture;
use crate::{Error, Result};

/// Scores that are taken together, for one seed.
pub(super) struct Round {
    pub seed: u64,
    pub kinds: Vec<ScoreKind>,
}

/// All that is scored, in order: what is not drawn once, the rest for every seed.
pub(super) fn rounds(config: &CorrelateConfig) -> Vec<Round> {
    let mut rounds = Vec::new();
    for (index, &seed) in config.seeds.iter().enumerate() {
        let groups = groups(&config.scores).into_iter();
        let drawn = groups.filter(|kinds| index == 0 || kinds.iter().any(|kind| kind.is_drawn()));
        rounds.extend(drawn.map(|kinds| Round { seed, kinds }));
    }
    rounds
}

/// An architecture that is scored.
#[derive(Clone)]
pub(super) struct Wanted {
    pub architecture: Architecture,
    seed: u64,
    /// The scores of the round that see some row so.
    kinds: Vec<ScoreKind>,
}

impl Wanted {
    /// Whether its scores are known.
    pub fn is_known(&self, scores: &Scores) -> bool {
        self.kinds.iter().all(|&kind| scores.has(kind, self.seed, &self.architecture))
    }
}

impl Round {
    /// Its name.
    pub fn name(&self) -> String {
        let names: Vec<&str> = self.kinds.iter().map(|kind| kind.name()).collect();
        format!("seed {}, {}", self.seed, names.join(", "))
    }

    /// The architectures that are scored, each once, in the order of the table.
    pub fn wanted(&self, table: &Table, config: &CorrelateConfig) -> Result<Vec<Wanted>> {
        let (mut places, mut wanted) = (HashMap::new(), Vec::<Wanted>::new());
        for row in &table.rows {
            for &kind in &self.kinds {
                let architecture = seen(kind, row, config)?;
                let place = *places.entry(architecture.clone()).or_insert_with(|| {
                    wanted.push(Wanted { architecture, seed: self.seed, kinds: Vec::new() });
                    wanted.len() - 1
                });
                if !wanted[place].kinds.contains(&kind) {
                    wanted[place].kinds.push(kind);
                }
            }
        }
        Ok(wanted)
    }

    /// Scores architectures, and keeps each score as it is found. `go_on`: what to say of it after a stop.
    pub fn score(
        &self,
        wanted: &[Wanted],
        config: &CorrelateConfig,
        (dataset, engine): (&Dataset, &Arc<dyn Engine>),
        scores: &mut Scores,
        (go_on, keep): (&str, &mut dyn FnMut(Entry) -> Result<()>),
        progress: &mut dyn Progress,
    ) -> Result<()> {
        progress.begin(&self.name(), wanted.len());
        let graph = |wanted: &Wanted| Graph::new(&wanted.architecture, &config.network, dataset.train.shape);
        let graphs = wanted.iter().map(graph).collect::<Result<Vec<Graph>>>()?;
        let mut begin = Instant::now();
        take(&self.kinds, self.seed, config, (dataset, engine), &graphs, &mut |told| {
            if progress.is_cancelled() {
                return Err(Error::Interrupted(go_on.into()));
            }
            let Told::Scores(place, values) = told else { return Ok(()) };
            let named = self.kinds.iter().zip(values);
            let named = named.map(|(kind, score)| (kind.name().to_string(), score.value.into()));
            let (architecture, seed) = (wanted[place].architecture.clone(), self.seed);
            let entry = Entry { architecture, seed, scores: named.collect(), seconds: begin.elapsed().as_secs_f64() };
            scores.keep(&entry, config)?;
            keep(entry)?;
            progress.advance(1, "");
            begin = Instant::now();
            Ok(())
        })?;
        progress.end();
        Ok(())
    }
}

/// Scores that are taken together: those of spikes, then each of the others.
fn groups(kinds: &[ScoreKind]) -> Vec<Vec<ScoreKind>> {
    let (of_spikes, others): (Vec<ScoreKind>, Vec<ScoreKind>) = kinds.iter().partition(|kind| kind.is_of_spikes());
    let spikes = (!of_spikes.is_empty()).then_some(of_spikes);
    spikes.into_iter().chain(others.into_iter().map(|kind| vec![kind])).collect()
}

fn take(
    kinds: &[ScoreKind],
    seed: u64,
    config: &CorrelateConfig,
    (dataset, engine): (&Dataset, &Arc<dyn Engine>),
    graphs: &[Graph],
    report: &mut dyn FnMut(Told<'_>) -> Result<()>,
) -> Result<()> {
    let kind = kinds[0];
    let score = config.of(kind, seed);
    let batches = score_batches(&score, dataset)?;
    if kind.is_of_spikes() {
        let images = batches.into_iter().map(|batch| batch.images).collect();
        let scorer = SpikeScorer::of_several(engine.as_ref(), score, kinds.to_vec(), &config.network, images)?;
        return scorer.score_each_by_all(graphs, report);
    }
    let scorer = scorer(engine, &score, &config.network, batches)?;
    scorer.score_each(graphs, &mut Telling(report))
}

/// Tells of a single score as of several.
struct Telling<'r>(&'r mut dyn FnMut(Told<'_>) -> Result<()>);

impl Listener for Telling<'_> {
    fn scored(&mut self, index: usize, score: Score) -> Result<()> {
        (self.0)(Told::Scores(index, &[score]))
    }

    fn step(&mut self) -> Result<()> {
        (self.0)(Told::Step)
    }
}
