//! Training in a run folder: where it begins, what it keeps, and when it is finished.

use std::borrow::Cow;
use std::path::Path;

use super::config::RunConfig;
use super::evaluation::best_epoch;
use super::folder::RunFolder;
use super::memory::{check_peak, peak_memory};
use super::own_model::check_network;
use super::tensorboard::EventFile;
use super::training_files::{LOST, TrainingEnd};
use crate::cost::Unreachable;
use crate::data::Dataset;
use crate::engine::{Engine, check_images};
use crate::graph::Graph;
use crate::progress::Progress;
use crate::quantise::round_weights;
use crate::record::FORMAT_VERSION;
use crate::record::files::{self, is_there};
use crate::space::Architecture;
use crate::train::{self, Checkpoint, EpochRecord, Position, Schedule, TrainConfig, TrainingSink};
use crate::weights::{Choice, Model, NetworkDescription, Selection, Weights};
use crate::{Error, Result, counted};

/// Trains an architecture as a configuration says, into a folder's records; returns all epochs.
///
/// With `resume`, continues from the folder's checkpoint; a training that is finished needs none, and is left as it is, unless the
/// configuration has more epochs: then it goes on from the weights that were kept. Without `resume`, epochs that are there are an
/// error.
///
/// A training has a checkpoint from its beginning until its end is recorded. So a folder with epochs or a model, but neither
/// checkpoint nor end, has lost something: an error, as is whatever else does not agree. Errors besides: those of
/// [`train::train`].
pub fn train(
    config: &RunConfig,
    architecture: &Architecture,
    dataset: &Dataset,
    engine: &dyn Engine,
    folder: &RunFolder,
    resume: bool,
    progress: &mut dyn Progress,
) -> Result<Vec<EpochRecord>> {
    let graph = Graph::new(architecture, &config.network, dataset.train.shape)?;
    check_images(&graph, &dataset.train)?;
    check_peak(&config.train, engine, &graph, dataset)?;
    if let Some(unreachable) = Unreachable::of(&graph) {
        progress.note(&unreachable.words());
    }
    let found = Found::read(folder, &graph)?;
    if !resume {
        found.check_unused(folder)?;
    }
    let start = match found.start(config, dataset, folder, &graph, progress)? {
        Start::From(start) => *start,
        Start::Finished(epochs) => return Ok(epochs),
    };
    folder.truncate_epochs(start.epoch)?;
    if !start.is_start() {
        let (epoch, epochs, images) = (start.epoch, config.train.epochs, start.learned.images);
        progress
            .note(&format!("continuing after epoch {epoch} of {epochs} and {} of the next", counted(images, "image")));
    }
    let events = match config.train.tensorboard {
        true => Some(EventFile::open(&folder.events_path(), &folder.epochs()?)?),
        false => None,
    };
    config.train.notes(dataset)?.iter().for_each(|note| progress.note(note));
    if let Some(bytes) = peak_memory(&config.train, engine, &graph, dataset) {
        progress.note(&format!("training takes about {:.2} GB of memory", bytes / 1e9));
    }
    let mut sink = Files { folder, config: &config.train, graph: &graph, events };
    if !is_there(&folder.checkpoint_path())? {
        sink.pause(&start)?;
    }
    match train::train(&config.train, &graph, engine, dataset, start, &mut sink, progress) {
        Ok(end) => {
            finish(folder, &config.train, &end)?;
            folder.epochs()
        }
        Err(error) => {
            if matches!(error, Error::Diverged(_) | Error::NotFinite(_)) && folder.epochs()?.is_empty() {
                // What was learned leads nowhere: the folder is free for another learning rate.
                folder.drop_checkpoint()?;
            }
            Err(error)
        }
    }
}

/// Records the end of a training; after that the checkpoint is of no use but to those who want to go on with more epochs.
fn finish(folder: &RunFolder, config: &TrainConfig, state: &Checkpoint) -> Result<()> {
    let before = folder.training_end()?;
    let end = TrainingEnd {
        version: FORMAT_VERSION,
        epochs: state.epoch,
        best_epoch: state.best_epoch,
        best_accuracy: (config.choice != Choice::Last).then_some(state.best_accuracy),
        selection: state.origin.as_ref().map_or(Selection::default(), |origin| origin.selection),
        keeps_checkpoint: config.keep_checkpoint || before.as_ref().is_some_and(|end| end.keeps_checkpoint),
        program: env!("CARGO_PKG_VERSION").into(),
        engine: state.origin.as_ref().and_then(|origin| origin.engine.clone()),
    };
    if before.as_ref() != Some(&end) {
        folder.keep_training_end(&end)?;
    }
    if end.keeps_checkpoint { Ok(()) } else { folder.drop_checkpoint() }
}

/// What a folder holds of a training.
struct Found {
    epochs: Vec<EpochRecord>,
    checkpoint: Option<Checkpoint>,
    end: Option<TrainingEnd>,
    has_model: bool,
}

/// Where a training begins, or goes on.
enum Start {
    From(Box<Checkpoint>),
    /// All is done.
    Finished(Vec<EpochRecord>),
}

impl Found {
    fn read(folder: &RunFolder, graph: &Graph) -> Result<Self> {
        let path = folder.checkpoint_path();
        let checkpoint = if is_there(&path)? { Some(Checkpoint::load(&path, graph)?) } else { None };
        let end = folder.training_end()?;
        let has_model = is_there(&folder.model_path())?;
        Ok(Self { epochs: folder.epochs()?, checkpoint, end, has_model })
    }

    /// Whether nothing was trained yet, so that a training may begin.
    fn check_unused(&self, folder: &RunFolder) -> Result<()> {
        let is_unused = self.checkpoint.as_ref().is_none_or(Checkpoint::is_start) && self.end.is_none();
        if is_unused {
            return Ok(());
        }
        let known = self.checkpoint.as_ref().map_or(self.epochs.len(), |checkpoint| checkpoint.epoch);
        let are = if known == 1 { "is" } else { "are" };
        let known = counted(known, "epoch");
        let reason = format!("{known} {are} trained already: go on with the training or choose another folder");
        Err(Error::file(folder.path(), reason))
    }

    fn start(
        self,
        config: &RunConfig,
        dataset: &Dataset,
        folder: &RunFolder,
        graph: &Graph,
        progress: &mut dyn Progress,
    ) -> Result<Start> {
        match (&self.checkpoint, &self.end) {
            (Some(checkpoint), _) => {
                let path = folder.checkpoint_path();
                let origin = checkpoint.origin.as_ref();
                origin
                    .map_or(Ok(()), |o| o.check_images(&dataset.id()))
                    .map_err(|reason| Error::file(&path, reason))?;
                self.check_epochs(folder, checkpoint.epoch, &path)?;
                self.restore_model(checkpoint, &config.train, folder, graph, progress)?;
                Ok(Start::From(Box::new(checkpoint.clone())))
            }
            (None, Some(end)) => {
                self.check_epochs(folder, end.epochs, &folder.training_end_path())?;
                self.after_end(end, config, dataset, folder, graph, progress)
            }
            (None, None) if self.epochs.is_empty() && !self.has_model => first(config, dataset, graph).map(Start::From),
            (None, None) => Err(Error::file(
                folder.checkpoint_path(),
                format!(
                    "is missing, though {} shows a training: bring it back or choose another folder",
                    if self.has_model { "model.safetensors" } else { "train.jsonl" }
                ),
            )),
        }
    }

    /// Whether `train.jsonl` has every epoch that another file knows of.
    fn check_epochs(&self, folder: &RunFolder, known: usize, knows: &Path) -> Result<()> {
        let there = self.epochs.iter().zip(1..).take_while(|(record, epoch)| record.epoch == *epoch).count();
        if there >= known {
            return Ok(());
        }
        let first = there + 1;
        let which = if first == known { format!("epoch {first}") } else { format!("epochs {first} to {known}") };
        let reason =
            format!("lacks {which}, of which {} knows: bring it back or choose another folder", knows.display());
        Err(Error::file(folder.epochs_path(), reason))
    }

    /// Puts the model back where it is missing and the checkpoint still has its weights.
    fn restore_model(
        &self,
        checkpoint: &Checkpoint,
        config: &TrainConfig,
        folder: &RunFolder,
        graph: &Graph,
        progress: &mut dyn Progress,
    ) -> Result<()> {
        let (path, best) = (folder.model_path(), checkpoint.best_epoch);
        if best == 0 {
            return Ok(());
        }
        if self.has_model {
            // The test at the end reads it: what is damaged is told before anything more is learned.
            return Model::load(&path).map(drop);
        }
        if best != checkpoint.epoch || checkpoint.learned.images > 0 {
            let reason = format!("is missing, and the checkpoint is past epoch {best}, whose weights it held: {LOST}");
            return Err(Error::file(path, reason));
        }
        kept_model(checkpoint, config, graph).save(&path, graph, checkpoint.origin().as_ref())?;
        progress.note(&format!("{} was missing: restored from the checkpoint of epoch {best}", path.display()));
        Ok(())
    }

    /// What is left to do after the end of a training without a checkpoint: nothing, or more epochs.
    fn after_end(
        &self,
        end: &TrainingEnd,
        config: &RunConfig,
        dataset: &Dataset,
        folder: &RunFolder,
        graph: &Graph,
        progress: &mut dyn Progress,
    ) -> Result<Start> {
        let path = folder.model_path();
        if !self.has_model {
            let reason = format!("is missing, and no checkpoint was kept that could hold its weights: {LOST}");
            return Err(Error::file(path, reason));
        }
        let model = Model::load(&path)?;
        let wrong = |reason: String| Error::file(&path, reason);
        check_network(&model, &path, &NetworkDescription::of(graph))?;
        model.weights.check(graph).map_err(|e| wrong(e.to_string()))?;
        if let Some(origin) = &model.origin {
            origin.check_images(&dataset.id()).map_err(wrong)?;
        }
        if config.train.is_over(end.epochs, end.best_epoch) {
            progress.note(&format!("the training was finished before, with {}", counted(end.epochs, "epoch")));
            return Ok(Start::Finished(self.epochs.clone()));
        }
        let best = best_epoch(&self.epochs).map_or(end.best_epoch, |best| best.epoch);
        progress.note(&format!(
            "no checkpoint was kept: going on from the model, the weights of epoch {best}, with a new optimiser"
        ));
        let (start, origin) = (Checkpoint::start(model.weights, dataset), model.origin);
        let &TrainingEnd { epochs: epoch, best_epoch, .. } = end;
        let best_accuracy = end.best_accuracy.unwrap_or(0.0);
        let origin = origin.or_else(|| start.origin.clone());
        Ok(Start::From(Box::new(Checkpoint { epoch, best_accuracy, best_epoch, origin, ..start })))
    }
}

/// Whether the weights with which a training is to begin fit the network, so that no folder is made for one that cannot begin.
pub fn check_start(config: &RunConfig, architecture: &Architecture, dataset: &Dataset) -> Result<()> {
    let graph = Graph::new(architecture, &config.network, dataset.train.shape)?;
    inherited(config, dataset, &graph).map(drop)
}

/// The state that a training begins with: another model's weights, or weights of its own.
fn first(config: &RunConfig, dataset: &Dataset, graph: &Graph) -> Result<Box<Checkpoint>> {
    let start = inherited(config, dataset, graph)?;
    start.map_or_else(|| config.train.start(graph, dataset), Ok).map(Box::new)
}

/// The state of a training that begins with another model's weights.
fn inherited(config: &RunConfig, dataset: &Dataset, graph: &Graph) -> Result<Option<Checkpoint>> {
    let Some(ancestor) = config.lineage.as_ref().and_then(|lineage| lineage.weights.as_ref()) else {
        return Ok(None);
    };
    let path = Path::new(&ancestor.model);
    let model = Model::load(path)?;
    if model.ancestor(path).checksum != ancestor.checksum {
        return Err(Error::file(
            path,
            "is not the model any more with which this training was to begin: bring it back",
        ));
    }
    model
        .weights
        .check(graph)
        .map_err(|e| Error::file(path, format!("does not fit the network to be trained: {e}")))?;
    let mut start = Checkpoint::start(model.weights, dataset);
    if let Some(origin) = &mut start.origin {
        origin.from = Some(ancestor.clone());
    }
    Ok(Some(start))
}

/// Gives a folder's training another number of epochs, which the rest of it follows; says what that does to the learning rate.
///
/// The folder is open for `old`. Errors: other settings differ, too; fewer epochs than are done.
pub fn reschedule(folder: &RunFolder, old: &RunConfig, new: &RunConfig, progress: &mut dyn Progress) -> Result<()> {
    let (before, after) = (old.train.epochs, new.train.epochs);
    if before == after {
        return Ok(());
    }
    let done = folder.epochs()?.len();
    if after < done {
        return Err(Error::invalid(format!("epochs {after}: {done} are trained already, give {done} or more")));
    }
    new.save(&folder.config_path())?;
    let next = done + 1;
    let rate = match new.train.schedule {
        Schedule::Cosine | Schedule::CosinePerStep => {
            let first = |config: &RunConfig, epoch| config.train.learning_rate(Position { epoch, step: 0, steps: 1 });
            let [new, old] = [first(new, next), first(old, next.min(before + 1))];
            format!(
                "the cosine of the learning rate is that of {after} epochs from epoch {next} on ({new:.3e} instead of {old:.3e})"
            )
        }
        Schedule::Step { .. } | Schedule::Constant => "the learning rate goes on as it was".into(),
    };
    progress.note(&format!("{} instead of {before}: {rate}", counted(after, "epoch")));
    Ok(())
}

/// The weights that were tested after an epoch: rounded where the training rounds them.
fn kept_model<'a>(state: &'a Checkpoint, config: &TrainConfig, graph: &Graph) -> Cow<'a, Weights> {
    match config.weight_bits {
        Some(bits) => Cow::Owned(round_weights(graph, state.model(), bits)),
        None => Cow::Borrowed(state.model()),
    }
}

/// Keeps epochs in a run folder: the record first, then the model if it is the best, the checkpoint last, so that a kill
/// in between loses no more than the epoch.
struct Files<'a> {
    folder: &'a RunFolder,
    config: &'a TrainConfig,
    graph: &'a Graph,
    events: Option<EventFile>,
}

impl TrainingSink for Files<'_> {
    fn keep(&mut self, record: &EpochRecord, state: &Checkpoint, is_best: bool) -> Result<()> {
        self.folder.keep_epoch(record)?;
        if is_best {
            let model = kept_model(state, self.config, self.graph);
            model.save(&self.folder.model_path(), self.graph, state.origin().as_ref())?;
        }
        self.pause(state)?;
        self.events.as_mut().map_or(Ok(()), |events| events.append(record))
    }

    fn pause(&mut self, state: &Checkpoint) -> Result<()> {
        let path = self.folder.checkpoint_path();
        path.parent().map_or(Ok(()), files::create_folder)?;
        state.save(&path, self.graph)
    }
}
