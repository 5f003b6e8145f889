use std::collections::{BTreeMap, HashMap, HashSet};
use std::path::Path;
use std::sync::Arc;
use std::time::Instant;

use serde::{Deserialize, Serialize};

use super::table::{Row, Table};
use crate::data::Dataset;
use crate::engine::Engine;
use crate::graph::{Graph, NetworkConfig};
use crate::progress::Progress;
use crate::record::{FORMAT_VERSION, Journal, Number};
use crate::score::{Listener, Score, ScoreConfig, ScoreKind, SpikeScorer, Told, check_room, score_batches, scorer};
use crate::space::{Architecture, Cell, Operation};
use crate::{Error, Result};

/// How the architectures of a table are scored.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CorrelateConfig {
    /// The scores.
    pub scores: Vec<ScoreKind>,
    /// Seeds of weights and images; each score is taken for each.
    pub seeds: Vec<u64>,
    /// The network around the cells.
    pub network: NetworkConfig,
    /// Images of a mini-batch.
    pub batch: usize,
    /// Mini-batches whose scores are averaged.
    pub repeats: usize,
}

/// Seeds at most.
const MOST_SEEDS: u64 = 1000;

impl CorrelateConfig {
    /// Consecutive seeds from one on; after the highest comes 0.
    ///
    /// Errors: a count out of range.
    pub fn seeds(first: u64, count: u64) -> Result<Vec<u64>> {
        if !(1..=MOST_SEEDS).contains(&count) {
            return Err(Error::invalid(format!("seeds {count} is out of range: give 1 to {MOST_SEEDS}")));
        }
        Ok((0..count).map(|index| first.wrapping_add(index)).collect())
    }

    /// Whether every value is in range; the first that is not, named.
    pub fn check(&self) -> Result<()> {
        self.network.check()?;
        if self.scores.is_empty() || self.seeds.is_empty() {
            return Err(Error::invalid("a correlation needs at least one score and one seed"));
        }
        self.of(ScoreKind::default(), 0).check()
    }

    /// How one score is taken for one seed.
    fn of(&self, kind: ScoreKind, seed: u64) -> ScoreConfig {
        ScoreConfig { kind, batch: self.batch, repeats: self.repeats, seed, ..ScoreConfig::default() }
    }
}

/// Everything that the values depend on; the first line of the journal.
#[derive(Serialize)]
struct Header<'a> {
    version: u32,
    data: &'a str,
    network: &'a NetworkConfig,
    batch: usize,
    repeats: usize,
}

/// Scores of one architecture that were taken together; every other line.
#[derive(Serialize, Deserialize)]
struct Entry {
    architecture: Architecture,
    seed: u64,
    scores: BTreeMap<String, Number>,
    seconds: f64,
}

/// The scores of a table's architectures.
#[derive(Clone, Debug, Default)]
pub struct Scores {
    known: HashMap<(ScoreKind, u64, Architecture), f64>,
    /// Seconds and architectures of each score.
    times: HashMap<ScoreKind, (f64, usize)>,
}

impl Scores {
    /// The values of a score for a seed, in the order of the rows.
    ///
    /// Errors: an architecture that was not scored.
    pub fn of(&self, kind: ScoreKind, seed: u64, table: &Table, config: &CorrelateConfig) -> Result<Vec<f64>> {
        let seed = if kind.is_drawn() { seed } else { config.seeds[0] };
        let value = |row: &Row| {
            let architecture = seen(kind, row, config)?;
            let found = self.known.get(&(kind, seed, architecture.clone())).copied();
            found.ok_or_else(|| Error::invalid(format!("`{architecture}` has no {kind} for seed {seed}")))
        };
        table.rows.iter().map(value).collect()
    }

    /// Mean seconds of an architecture's score; scores of spikes share one forward pass, and its time.
    pub fn seconds_per_candidate(&self, kind: ScoreKind) -> Option<f64> {
        self.times.get(&kind).map(|(seconds, count)| seconds / *count as f64)
    }

    fn keep(&mut self, entry: &Entry, architecture: Architecture) {
        for (name, value) in &entry.scores {
            // Names of scores of other versions are skipped.
            let Ok(kind) = name.parse::<ScoreKind>() else { continue };
            self.known.insert((kind, entry.seed, architecture.clone()), value.0);
            let time = self.times.entry(kind).or_default();
            *time = (time.0 + entry.seconds, time.1 + 1);
        }
    }
}

/// What a score sees of an architecture: the paper's scores see dead parts, too.
///
/// Errors: another number of cells than the network's.
fn seen(kind: ScoreKind, row: &Row, config: &CorrelateConfig) -> Result<Architecture> {
    let architecture = row.architecture.clone().with_cells(config.network.cells)?;
    Ok(if kind.is_of_the_paper() { architecture } else { architecture.pruned() })
}

/// Computes every score of every architecture for every seed, except those in the journal.
///
/// Errors: settings out of range, a journal of other settings or that cannot be written, a stop that was asked for.
pub fn score_table(
    table: &Table,
    config: &CorrelateConfig,
    dataset: &Dataset,
    engine: &Arc<dyn Engine>,
    journal: Option<&Path>,
    progress: &mut dyn Progress,
) -> Result<Scores> {
    config.check()?;
    let CorrelateConfig { network, batch, repeats, .. } = config;
    let widest = Architecture::repeated(Cell::uniform(Operation::Conv3x3), network.cells)?;
    let widest = Graph::new(&widest, network, dataset.train.shape)?;
    for &kind in &config.scores {
        check_room(&config.of(kind, 0), engine.as_ref(), &widest)?;
    }
    let header = Header { version: FORMAT_VERSION, data: &dataset.name, network, batch: *batch, repeats: *repeats };
    let mut journal = journal.map(|path| Journal::<Entry>::open(path, &header)).transpose()?;
    journal.iter().filter_map(Journal::warning).for_each(|warning| progress.note(warning));
    let mut scores = Scores::default();
    for entry in journal.iter().flat_map(|j| j.entries()) {
        let architecture = entry.architecture.clone().with_cells(network.cells)?;
        scores.keep(entry, architecture);
    }
    for (index, &seed) in config.seeds.iter().enumerate() {
        for kinds in groups(&config.scores) {
            if index > 0 && !kinds.iter().any(|kind| kind.is_drawn()) {
                continue;
            }
            let unknown = unknown(&scores, &kinds, seed, table, config)?;
            let names: Vec<&str> = kinds.iter().map(|kind| kind.name()).collect();
            progress.begin(&format!("seed {seed}, {}", names.join(", ")), unknown.len());
            let graph = |architecture: &Architecture| Graph::new(architecture, network, dataset.train.shape);
            let graphs = unknown.iter().map(graph).collect::<Result<Vec<Graph>>>()?;
            let mut begin = Instant::now();
            let go_on = match journal {
                Some(_) => "repeat it with the same journal to go on",
                None => "nothing is kept without a folder",
            };
            take(&kinds, seed, config, (dataset, engine), &graphs, &mut |told| {
                if progress.is_cancelled() {
                    return Err(Error::Interrupted(go_on.into()));
                }
                let Told::Scores(place, values) = told else { return Ok(()) };
                let named = kinds.iter().zip(values).map(|(kind, score)| (kind.name().to_string(), score.value.into()));
                let (scores_of, seconds) = (named.collect(), begin.elapsed().as_secs_f64());
                let entry = Entry { architecture: unknown[place].clone(), seed, scores: scores_of, seconds };
                scores.keep(&entry, unknown[place].clone());
                if let Some(journal) = &mut journal {
                    journal.append(entry)?;
                }
                progress.advance(1, "");
                begin = Instant::now();
                Ok(())
            })?;
            progress.end();
        }
    }
    journal.as_mut().map_or(Ok(()), Journal::sync)?;
    Ok(scores)
}

/// Scores that are taken together: those of spikes, then each of the others.
fn groups(kinds: &[ScoreKind]) -> Vec<Vec<ScoreKind>> {
    let (of_spikes, others): (Vec<ScoreKind>, Vec<ScoreKind>) = kinds.iter().partition(|kind| kind.is_of_spikes());
    let spikes = (!of_spikes.is_empty()).then_some(of_spikes);
    spikes.into_iter().chain(others.into_iter().map(|kind| vec![kind])).collect()
}

/// The architectures with a score that is not known, each once.
fn unknown(
    scores: &Scores,
    kinds: &[ScoreKind],
    seed: u64,
    table: &Table,
    config: &CorrelateConfig,
) -> Result<Vec<Architecture>> {
    let mut found = HashSet::new();
    let mut unknown = Vec::new();
    for row in &table.rows {
        for &kind in kinds {
            let architecture = seen(kind, row, config)?;
            let key = (kind, seed, architecture);
            if !scores.known.contains_key(&key) && found.insert(key.2.clone()) {
                unknown.push(key.2);
            }
        }
    }
    Ok(unknown)
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
