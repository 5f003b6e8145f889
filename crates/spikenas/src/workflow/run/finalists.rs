//! The best networks of several choices of sizes, compared by short trainings: successive halving (Jamieson and Talwalkar 2016).

use std::path::Path;
use std::time::Instant;

use serde::{Deserialize, Serialize};

use super::config::RunConfig;
use super::folder::RunFolder;
use super::memory::check_peak;
use crate::cost::Operations;
use crate::data::Dataset;
use crate::engine::Engine;
use crate::graph::{Graph, NetworkConfig, Sizes};
use crate::progress::{Progress, rough_duration};
use crate::record::{FORMAT_VERSION, Journal, files};
use crate::search::{Finalist, SearchRecord, ShortTraining};
use crate::space::Architecture;
use crate::train::{Checkpoint, EpochRecord, Schedule, TrainConfig, TrainingSink, measure, train};
use crate::{Error, Result};

/// The work of all short trainings, as a part of that of the training after them.
pub(super) const PART: f64 = 0.15;
/// Steps that the shortest training must have to say anything; with fewer, fewer networks are compared.
const STEPS: usize = 60;
/// The part of a short training in which the learning rate rises.
const WARM_UP: f64 = 0.1;
/// Seconds in which a step is measured.
const MEASURING: f64 = 4.0;

/// How the short trainings of a search are made; the first line of `finalists.jsonl`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Header {
    version: u32,
    /// Fingerprint of the images.
    images: Option<String>,
    /// The network, but for the sizes that are chosen.
    network: NetworkConfig,
    /// The training that they shorten.
    train: TrainConfig,
    rounds: Rounds,
}

/// One short training; every other line.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Entry {
    sizes: Sizes,
    architecture: Architecture,
    training: ShortTraining,
}

/// How many are compared for how long.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Rounds {
    /// Networks of the first round; the better half of each goes on to the next, until one is left.
    finalists: usize,
    /// Images of each round, for all of its networks together.
    images: usize,
    /// Timesteps for which an image is shown.
    timesteps: usize,
}

impl Rounds {
    /// As many networks as are to be compared, or as can be in a part of the work of the training after.
    fn new(config: &RunConfig, dataset: &Dataset, most: usize) -> Result<Self> {
        let TrainConfig { epochs, batch, first_timesteps, .. } = config.train;
        let all = config.network.timesteps;
        let has_own = config.search.layout.as_ref().is_some_and(|layout| layout.lists.has_dynamics());
        let is_shortened = !has_own && !config.network.frames;
        let timesteps = first_timesteps.filter(|_| is_shortened).map_or(all, |first| first.min(all));
        let learned = config.train.split(dataset)?.learned.len();
        let work =
            PART * (config.train.sum_of_timesteps(1..=epochs, &config.network) * learned) as f64 / timesteps as f64;
        let mut finalists = most;
        loop {
            let images = work as usize / rounds(finalists).max(1);
            if finalists <= 1 || images / finalists >= STEPS * batch {
                return Ok(Self { finalists, images, timesteps });
            }
            finalists = finalists.div_ceil(2);
        }
    }

    /// Images that each network is shown in a round of so many; fewer where its step takes more operations than the mean.
    fn images(&self, count: usize, of_mean: f64) -> usize {
        ((self.images / count) as f64 / of_mean) as usize
    }
}

/// Rounds until one of so many is left.
fn rounds(finalists: usize) -> usize {
    finalists.max(1).next_power_of_two().ilog2() as usize
}

/// Cells of medium cost.
pub(super) fn middling() -> Result<Architecture> {
    "0313 0031 0003 0000".parse()
}

/// How many networks the short trainings of a configuration compare: one where it makes none.
pub(super) fn compared(config: &RunConfig, dataset: &Dataset) -> Result<usize> {
    let choices = config.choices(dataset.train.shape)?.len();
    Ok(Rounds::new(config, dataset, choices)?.finalists)
}

/// Where a run has minutes and chooses sizes, plans the epochs that its short trainings are a part of, from a step that is measured,
/// and keeps them in the folder; the training after is planned again.
///
/// Errors: those of [`measure`], a folder that cannot be written.
pub fn plan_finalists(
    config: &mut RunConfig,
    dataset: &Dataset,
    device: &dyn Engine,
    folder: &RunFolder,
    progress: &mut dyn Progress,
) -> Result<()> {
    let is_open = config.search.layout.as_ref().is_some_and(|layout| layout.finalists > 1);
    let Some(minutes) = config.train.minutes.filter(|_| is_open) else { return Ok(()) };
    if folder.search_record()?.is_some() || files::is_there(&folder.finalists_path(0))? {
        return Ok(());
    }
    let first = config.with_first_sizes(dataset.train.shape)?;
    let graph = Graph::new(&middling()?, &first.network, dataset.train.shape)?;
    let (measured, amounts) = measure(&config.train, &graph, device, dataset, MEASURING)?;
    let epochs = measured.epochs(&config.train, &config.network, amounts, 60.0 * minutes / (1.0 + PART));
    config.train = TrainConfig { epochs, ..config.train.clone() };
    config.save(&folder.config_path())?;
    let part = rough_duration(60.0 * minutes * PART / (1.0 + PART));
    progress
        .note(&format!("short trainings that compare sizes of the network may take about {part} of {minutes} minutes"));
    Ok(())
}

/// The winner among the best networks of several choices of sizes, in the order of these.
///
/// In each round all that are left are trained from the start, for equally many images, or with minutes for equally many operations; the
/// better half by the accuracy on training images that are held out goes on. What their journal in a file has is not trained again.
pub(super) fn decide(
    config: &RunConfig,
    found: Vec<SearchRecord>,
    dataset: &Dataset,
    device: &dyn Engine,
    file: Option<&Path>,
    progress: &mut dyn Progress,
) -> Result<SearchRecord> {
    let mut finalists = found.iter().map(finalist).collect::<Result<Vec<Finalist>>>()?;
    let rounds = Rounds::new(config, dataset, finalists.len())?;
    if rounds.finalists > 1 {
        let comparison = Comparison::new(config, rounds, &finalists, dataset, device)?;
        let header = Header {
            version: FORMAT_VERSION,
            images: config.data.fingerprint.clone(),
            network: config.network.clone(),
            train: config.train.clone(),
            rounds,
        };
        let journal = file.map(|file| Journal::open(file, &header)).transpose()?;
        comparison.run(&mut finalists, journal, progress)?;
    }
    finalists.sort_by(|a, b| {
        let rank = |finalist: &Finalist| finalist.trainings.last().map_or((0, 0.0), |t| (t.round, t.accuracy));
        let ((round, accuracy), (other_round, other)) = (rank(a), rank(b));
        other_round.cmp(&round).then(other.total_cmp(&accuracy))
    });
    let winner = finalists.first().ok_or_else(|| Error::invalid("nothing was searched"))?;
    let record = found.iter().find(|record| record.sizes == Some(winner.sizes));
    let record = record.cloned().ok_or_else(|| Error::invalid("the winner was not searched"))?;
    let sum = |count: fn(&SearchRecord) -> usize| found.iter().map(count).sum();
    let trained: f64 = finalists.iter().flat_map(|finalist| &finalist.trainings).map(|training| training.seconds).sum();
    Ok(SearchRecord {
        architecture: winner.architecture.clone(),
        candidates: sum(|record| record.candidates),
        feasible: sum(|record| record.feasible),
        scored: sum(|record| record.scored),
        different: sum(|record| record.different),
        computed: sum(|record| record.computed),
        passes: found.iter().flat_map(|record| record.passes.clone()).collect(),
        seconds: found.iter().map(|record| record.seconds).sum::<f64>() + trained,
        finalists: if finalists.len() > 1 { finalists } else { Vec::new() },
        ..record
    })
}

fn finalist(record: &SearchRecord) -> Result<Finalist> {
    let sizes = record.sizes.ok_or_else(|| Error::invalid("a search without sizes"))?;
    let SearchRecord { architecture, score, parameters, .. } = record.clone();
    let architecture = architecture.with_cells(sizes.cells)?;
    Ok(Finalist { sizes, architecture, score, parameters, trainings: Vec::new() })
}

/// A comparison by short trainings.
struct Comparison<'a> {
    config: &'a RunConfig,
    rounds: Rounds,
    /// The operations of each network in a step, in parts of their mean; ones where epochs count, not time.
    of_mean: Vec<f64>,
    dataset: &'a Dataset,
    device: &'a dyn Engine,
}

impl<'a> Comparison<'a> {
    fn new(
        config: &'a RunConfig,
        rounds: Rounds,
        finalists: &[Finalist],
        dataset: &'a Dataset,
        device: &'a dyn Engine,
    ) -> Result<Self> {
        let mut comparison = Self { config, rounds, of_mean: vec![1.0; finalists.len()], dataset, device };
        if config.train.minutes.is_some() {
            let operations = finalists.iter().map(|finalist| {
                let counted = Operations::new(&comparison.graph(finalist)?, |_| Some(1.0));
                Ok(counted.map_or(0.0, |counted| counted.dense()))
            });
            let operations = operations.collect::<Result<Vec<f64>>>()?;
            let mean = operations.iter().sum::<f64>() / operations.len() as f64;
            comparison.of_mean = operations.iter().map(|operations| operations / mean).collect();
        }
        Ok(comparison)
    }

    /// Trains the finalists in rounds.
    fn run(
        &self,
        finalists: &mut [Finalist],
        mut journal: Option<Journal<Entry>>,
        progress: &mut dyn Progress,
    ) -> Result<()> {
        let mut left: Vec<usize> = (0..finalists.len()).collect();
        let mut round = 0;
        while left.len() > 1 {
            round += 1;
            for (number, &index) in (1..).zip(&left) {
                let images = self.rounds.images(left.len(), self.of_mean[index]);
                let finalist = &mut finalists[index];
                let name = format!("round {round}, network {number} of {}", left.len());
                let is_this = |entry: &&Entry| entry.sizes == finalist.sizes && entry.training.round == round;
                let known = journal.iter().flat_map(|journal| journal.entries()).find(is_this);
                let known =
                    known.filter(|entry| entry.architecture.to_string() == finalist.architecture.to_string()).cloned();
                let training = match known {
                    Some(entry) => entry.training,
                    None => {
                        let training = self.train(finalist, round, images, &name, progress)?;
                        let (sizes, architecture) = (finalist.sizes, finalist.architecture.clone());
                        let entry = Entry { sizes, architecture, training: training.clone() };
                        journal.as_mut().map_or(Ok(()), |journal| journal.append(entry))?;
                        training
                    }
                };
                let ShortTraining { images, accuracy, .. } = training;
                progress.note(&format!(
                    "{name}: {}, `{}`: {accuracy:.2} % of the images held out, after {images} images",
                    finalist.sizes, finalist.architecture
                ));
                finalist.trainings.push(training);
            }
            let accuracy = |&index: &usize| finalists[index].trainings.last().map_or(0.0, |training| training.accuracy);
            // Stable: of equal ones, those whose sizes come first.
            left.sort_by(|a, b| accuracy(b).total_cmp(&accuracy(a)));
            left.truncate(left.len().div_ceil(2));
        }
        journal.as_mut().map_or(Ok(()), Journal::sync)
    }

    /// The timesteps of a finalist's short training: its own, where these are compared.
    fn timesteps(&self, finalist: &Finalist) -> usize {
        finalist.sizes.dynamics.map_or(self.rounds.timesteps, |dynamics| dynamics.timesteps)
    }

    /// The network of a finalist, with the timesteps of a short training.
    fn graph(&self, finalist: &Finalist) -> Result<Graph> {
        let network = self.config.network.with_sizes(finalist.sizes);
        let network = NetworkConfig { timesteps: self.timesteps(finalist), ..network };
        Graph::new(&finalist.architecture, &network, self.dataset.train.shape)
    }

    fn train(
        &self,
        finalist: &Finalist,
        round: usize,
        images: usize,
        name: &str,
        progress: &mut dyn Progress,
    ) -> Result<ShortTraining> {
        let begin = Instant::now();
        let graph = self.graph(finalist)?;
        let config = self.short(images)?;
        check_peak(&config, self.device, &graph, self.dataset)?;
        let start = config.start(&graph, self.dataset)?;
        let mut last = Last::default();
        let quiet = &mut Quiet { inner: progress, name };
        train(&config, &graph, self.device, self.dataset, start, &mut last, quiet).map_err(|error| match error {
            Error::Interrupted(_) => {
                Error::Interrupted("the short trainings before this one are kept; repeat the command to go on".into())
            }
            other => other,
        })?;
        let reached = last.0.as_ref().and_then(EpochRecord::reached);
        let reached = reached.ok_or_else(|| Error::invalid("a short training without a test"))?;
        Ok(ShortTraining {
            round,
            images: config.epochs * config.limit_train.unwrap_or(0),
            timesteps: self.timesteps(finalist),
            accuracy: reached.accuracy,
            loss: reached.loss,
            seconds: begin.elapsed().as_secs_f64(),
        })
    }

    /// The training after, cut short to so many images: its learning rate falls to 0 all the same.
    fn short(&self, images: usize) -> Result<TrainConfig> {
        let train = &self.config.train;
        let mut short = TrainConfig {
            minutes: None,
            schedule: Schedule::CosinePerStep,
            final_learning_rate: 0.0,
            first_timesteps: None,
            average_epochs: 0,
            patience: None,
            ..train.clone()
        };
        short.hold_some_out();
        let there = short.split(self.dataset)?.learned.len();
        short.epochs = images.div_ceil(there).max(1);
        short.limit_train = Some((images / short.epochs).clamp(1, there));
        short.warmup_epochs = WARM_UP * short.epochs as f64;
        Ok(short)
    }
}

/// Keeps the last epoch of a training.
#[derive(Default)]
struct Last(Option<EpochRecord>);

impl TrainingSink for Last {
    fn keep(&mut self, record: &EpochRecord, _: &Checkpoint, _: bool) -> Result<()> {
        self.0 = Some(record.clone());
        Ok(())
    }

    fn pause(&mut self, _: &Checkpoint) -> Result<()> {
        Ok(())
    }
}

/// Shows a training under another name, and nothing of its epochs.
struct Quiet<'a> {
    inner: &'a mut dyn Progress,
    name: &'a str,
}

impl Progress for Quiet<'_> {
    fn begin(&mut self, _: &str, total: usize) {
        self.inner.begin(self.name, total);
    }

    fn advance(&mut self, steps: usize, message: &str) {
        self.inner.advance(steps, message);
    }

    fn end(&mut self) {
        self.inner.end();
    }

    fn is_cancelled(&self) -> bool {
        self.inner.is_cancelled()
    }
}
