//! The supernet of a search: trained once, then what its candidates inherit.

use std::time::Instant;

use super::config::RunConfig;
use super::folder::RunFolder;
use super::supernet_files::{Nowhere, SupernetFiles};
use crate::data::Dataset;
use crate::engine::Engine;
use crate::progress::Progress;
use crate::quantise::Rounding;
use crate::random::fingerprint;
use crate::record::{FORMAT_VERSION, comparable, files};
use crate::score::Scorer;
use crate::search::SupernetConfig;
use crate::space::SearchSpace;
use crate::supernet::{Fitness, Judge, Supernet, SupernetRecord, supernet_recipe, supernet_settings};
use crate::train::{Checkpoint, TrainConfig, TrainingSink, train};
use crate::weights::Weights;
use crate::{Error, Result, counted};

/// What lends its weights to the candidates of a search.
pub(in crate::workflow) struct Lender<'a> {
    judge: Judge<'a>,
    settings: SupernetConfig,
    pub record: SupernetRecord,
}

impl Lender<'_> {
    /// The score of candidates that inherit its weights.
    pub fn scorer(&self) -> Box<dyn Scorer + '_> {
        Box::new(Fitness::new(&self.judge, &self.settings, self.record.mean_spikes))
    }

    /// The exponent of spikes.
    pub fn lambda(&self) -> f64 {
        self.settings.lambda
    }

    /// Seconds that it took.
    pub fn seconds(&self) -> f64 {
        self.record.train_seconds + self.record.seconds
    }
}

/// Trains the supernet of a search, or goes on with it, and judges random paths; a folder keeps both.
///
/// `images`: those of the supernet. Errors: those of [`train`], a folder whose files do not agree, a stop that was asked for.
pub(super) fn lend<'a>(
    config: &RunConfig,
    settings: &SupernetConfig,
    images: &'a Dataset,
    cpu: &dyn Engine,
    folder: Option<&RunFolder>,
    progress: &mut dyn Progress,
) -> Result<Lender<'a>> {
    let rounding = rounding(config, cpu);
    let supernet = supernet(config, images, rounding.as_ref().map_or(cpu, |rounding| rounding as &dyn Engine))?;
    let recipe = supernet_recipe(&config.train, settings);
    let trained = Trainer { supernet: &supernet, recipe: &recipe, images, folder }.train(progress)?;
    let weights = fingerprint_of(&trained.weights);
    let judge = Judge::new(&supernet, trained.weights, &recipe, images, settings.images)?;
    let known = folder.map(RunFolder::supernet_record).transpose()?.flatten();
    let train = supernet_settings(&config.train, settings);
    if let Some(record) = known
        && (&record.weights, record.images) == (&weights, judge.images())
        && comparable(&record.train)? == comparable(&train)?
    {
        return Ok(Lender { judge, settings: settings.clone(), record });
    }
    let begin = Instant::now();
    let sample = judge.sample(supernet.paths(), progress)?;
    let mean_spikes = sample.iter().map(|path| path.judged.spikes).sum::<f64>() / sample.len().max(1) as f64;
    if mean_spikes == 0.0 {
        let count = sample.len();
        return Err(Error::invalid(format!(
            "none of {count} random paths through the supernet fires: raise its epochs, or --norm-gain"
        )));
    }
    let record = SupernetRecord {
        version: FORMAT_VERSION,
        program: env!("CARGO_PKG_VERSION").into(),
        parameters: trained.parameters,
        steps: trained.steps,
        train_seconds: trained.seconds,
        train,
        weights,
        images: judge.images(),
        sample,
        mean_spikes,
        seconds: begin.elapsed().as_secs_f64(),
    };
    folder.map_or(Ok(()), |folder| folder.keep_supernet(&record))?;
    Ok(Lender { judge, settings: settings.clone(), record })
}

/// The trained supernet of a run folder, where its weights were kept.
///
/// Errors: a run without one, one that is not trained or whose weights are not there any more, other images.
pub(in crate::workflow) fn kept<'a>(
    config: &RunConfig,
    images: &'a Dataset,
    cpu: &dyn Engine,
    folder: &RunFolder,
) -> Result<Lender<'a>> {
    let lacks = |reason: &str| Error::file(folder.path(), reason);
    let settings = config.search.supernet.as_ref();
    let settings = settings.ok_or_else(|| lacks("its search was not by the method supernet: choose another run"))?;
    let record = folder.supernet_record()?;
    let record = record.ok_or_else(|| lacks("its supernet is not trained yet: repeat its search"))?;
    let path = folder.supernet_weights_path();
    if !files::is_there(&path)? {
        return Err(Error::file(path, "went with the end of the search: search again with --keep-checkpoint"));
    }
    let rounding = rounding(config, cpu);
    let supernet = supernet(config, images, rounding.as_ref().map_or(cpu, |rounding| rounding as &dyn Engine))?;
    let checkpoint = Checkpoint::load_checked(&path, &|weights| supernet.check(weights))?;
    let wrong = |reason: String| Error::file(&path, reason);
    checkpoint.origin.as_ref().map_or(Ok(()), |origin| origin.check_images(&images.id())).map_err(wrong)?;
    if fingerprint_of(&checkpoint.weights) != record.weights {
        return Err(wrong("is not the supernet of supernet.json: repeat its search".into()));
    }
    let judge = Judge::new(&supernet, checkpoint.weights, &record.train, images, settings.images)?;
    Ok(Lender { judge, settings: settings.clone(), record })
}

/// What rounds the weights of the paths, where the training rounds them.
fn rounding<'a>(config: &RunConfig, cpu: &'a dyn Engine) -> Option<Rounding<'a>> {
    config.train.weight_bits.map(|bits| Rounding::new(cpu, bits))
}

/// The network of all operations that a search allows.
fn supernet<'a>(config: &RunConfig, images: &Dataset, engine: &'a dyn Engine) -> Result<Supernet<'a>> {
    let space = SearchSpace::new(config.search.operations.clone(), config.network.cells)?.of_kind(config.search.cell);
    Supernet::new(engine, &space, &config.network, images.train.shape, config.train.seed)
}

/// A number that stands for all weights, as 16 hexadecimal digits.
fn fingerprint_of(weights: &Weights) -> String {
    let bytes = weights.tensors().iter().flat_map(|(name, tensor)| {
        let values = tensor.values.iter().flat_map(|value| value.to_bits().to_le_bytes());
        name.bytes().chain(values)
    });
    format!("{:016x}", fingerprint(bytes))
}

/// A supernet after its training.
struct Trained {
    weights: Weights,
    parameters: u64,
    steps: u64,
    seconds: f64,
}

/// What the training of a supernet needs.
struct Trainer<'a> {
    supernet: &'a Supernet<'a>,
    recipe: &'a TrainConfig,
    images: &'a Dataset,
    folder: Option<&'a RunFolder>,
}

impl Trainer<'_> {
    fn train(&self, progress: &mut dyn Progress) -> Result<Trained> {
        let graph = self.supernet.graph()?;
        let start = self.start()?;
        let parameters = self.supernet.parameters();
        let before = self.folder.map_or(Ok(Vec::new()), RunFolder::supernet_epochs)?;
        let mut seconds: f64 = before.iter().map(|epoch| epoch.seconds).sum();
        let epochs = self.recipe.epochs;
        let end = if start.epoch >= epochs {
            progress.note("the supernet was trained before");
            start
        } else {
            let (operations, begun) = (self.supernet.paths().space().operations().len(), start.epoch);
            let operations = counted(operations, "operation");
            progress.note(&match start.is_start() {
                true => format!(
                    "training a supernet of {operations} an edge, {parameters} parameters, for {}",
                    counted(epochs, "epoch")
                ),
                false => format!(
                    "the supernet goes on after epoch {begun} of {epochs} and {} of the next",
                    counted(start.learned.images, "image")
                ),
            });
            let (begin, within) = (Instant::now(), start.learned.seconds);
            let mut sink: Box<dyn TrainingSink + '_> = match self.folder {
                Some(folder) => Box::new(SupernetFiles { folder, graph }),
                None => Box::new(Nowhere),
            };
            let end = train(self.recipe, graph, self.supernet, self.images, start, sink.as_mut(), progress);
            seconds += within + begin.elapsed().as_secs_f64();
            end.map_err(|error| self.told(error))?
        };
        Ok(Trained { steps: end.optimiser.steps, weights: end.weights, parameters, seconds })
    }

    /// Where the training begins, or goes on; the folder's epochs are those that the checkpoint knows of.
    fn start(&self) -> Result<Checkpoint> {
        let first = || Checkpoint::start(self.supernet.initial_weights(self.recipe), self.images);
        let Some(folder) = self.folder else { return Ok(first()) };
        let path = folder.supernet_weights_path();
        path.parent().map_or(Ok(()), files::create_folder)?;
        if !files::is_there(&path)? {
            let start = first();
            folder.truncate_supernet_epochs(0)?;
            return Ok(start);
        }
        let start = Checkpoint::load_checked(&path, &|weights| self.supernet.check(weights))?;
        let wrong = |reason: String| Error::file(&path, reason);
        start.origin.as_ref().map_or(Ok(()), |origin| origin.check_images(&self.images.id())).map_err(wrong)?;
        let steps_of = |images: usize| images.div_ceil(self.recipe.batch) as u64;
        let steps = start.epoch as u64 * steps_of(self.images.train.len()) + steps_of(start.learned.images);
        if start.optimiser.steps != steps {
            let found = start.optimiser.steps;
            return Err(wrong(format!(
                "damaged: {found} steps, not the {steps} of its epochs: remove it to train the supernet again"
            )));
        }
        if folder.supernet_epochs()?.len() < start.epoch {
            let reason = format!(
                "lacks epochs of which {} knows: bring it back, or remove both to train the supernet again",
                path.display()
            );
            return Err(Error::file(folder.supernet_epochs_path(), reason));
        }
        folder.truncate_supernet_epochs(start.epoch)?;
        Ok(start)
    }

    /// An error of the training as one of the search.
    fn told(&self, error: Error) -> Error {
        let Some(folder) = self.folder else {
            return match error {
                Error::Interrupted(_) => Error::Interrupted("nothing is kept without a folder".into()),
                other => other,
            };
        };
        match error {
            Error::Interrupted(_) => Error::Interrupted(
                "what the supernet has learned is kept; repeat the search in the same folder to go on".into(),
            ),
            // What was learned leads nowhere: the folder is free for another learning rate.
            Error::Diverged(_) | Error::NotFinite(_) => folder.drop_supernet_weights().err().unwrap_or(error),
            other => other,
        }
    }
}
