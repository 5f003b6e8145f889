use std::path::Path;
use std::sync::Arc;

use crate::data::{DataConfig, Dataset};
use crate::engine::cpu::Cpu;
use crate::engine::{BATCH, Engine, Evaluation, evaluate};
use crate::graph::Graph;
use crate::progress::Progress;
use crate::search::SearchRecord;
use crate::space::Architecture;
use crate::train::{Checkpoint, EpochRecord, TrainingSink, train};
use crate::weights::{Origin, Weights};
use crate::workflow::run::{self, RunConfig};
use crate::{Error, Result};

/// From a dataset to a trained network in memory; [`run`](super::run) keeps everything in a folder besides.
///
/// ```no_run
/// use spikenas::{Dataset, Project, Silent, Source};
///
/// let mut project = Project::new(Dataset::open(&Source::Sample, "data".as_ref())?)?;
/// project.config.search.budget = Some("40k".parse()?);
/// let found = project.search(&mut Silent)?;
/// let trained = project.train(&found.architecture, &mut Silent)?;
/// let test = project.test(&trained, &mut Silent)?;
/// println!("{}: {:.2} % with {} parameters", found.architecture, test.accuracy, found.parameters.network);
/// trained.save("model.safetensors".as_ref())?;
/// # Ok::<(), spikenas::Error>(())
/// ```
pub struct Project {
    /// The images.
    pub dataset: Dataset,
    /// All settings, at first the program's defaults.
    pub config: RunConfig,
    /// The engine that runs the networks.
    pub engine: Arc<dyn Engine>,
}

/// A trained network.
#[derive(Clone, Debug, PartialEq)]
pub struct Trained {
    /// Its layers.
    pub graph: Graph,
    /// The weights with the best test accuracy.
    pub weights: Weights,
    /// What they were trained on.
    pub origin: Origin,
    /// Every epoch.
    pub epochs: Vec<EpochRecord>,
}

impl Trained {
    /// Writes a safetensors file with the names of SNASNet's state dict.
    pub fn save(&self, path: &Path) -> Result<()> {
        self.weights.save(path, &self.graph, Some(&self.origin))
    }
}

impl Project {
    /// A project on the CPU.
    ///
    /// Errors: a dataset without a valid name.
    pub fn new(dataset: Dataset) -> Result<Self> {
        let data = DataConfig::of(&dataset.name.parse()?, "data".as_ref(), &dataset);
        let config = RunConfig::for_images(data, dataset.classes.len())?;
        Ok(Self { dataset, config, engine: Arc::new(Cpu) })
    }

    /// The best architecture under the budget.
    ///
    /// Errors: those of [`run::check_search`] and [`run::search`].
    pub fn search(&self, progress: &mut dyn Progress) -> Result<SearchRecord> {
        run::check_search(&self.config, &self.dataset, &self.engine)?;
        run::search(&self.config, &self.dataset, &self.engine, None, progress)
    }

    /// Trains an architecture from the start.
    ///
    /// Errors: those of [`run::check_training`] and [`train`].
    pub fn train(&self, architecture: &Architecture, progress: &mut dyn Progress) -> Result<Trained> {
        run::check_training(&self.config, &self.dataset, self.engine.as_ref())?;
        let config = &self.config.train;
        let graph = Graph::new(architecture, &self.config.network, self.dataset.train.shape)?;
        let start = Checkpoint::start(config.initial_weights(&graph), &self.dataset);
        let mut kept = Kept::default();
        train(config, &graph, self.engine.as_ref(), &self.dataset, start, &mut kept, progress)?;
        let best = kept.best.ok_or_else(|| Error::invalid("nothing was trained: give at least one epoch"))?;
        let (weights, origin) = best;
        Ok(Trained { graph, weights, origin, epochs: kept.epochs })
    }

    /// Tests a network on the dataset's test images.
    ///
    /// Errors: those of [`evaluate`].
    pub fn test(&self, trained: &Trained, progress: &mut dyn Progress) -> Result<Evaluation> {
        let mut network = self.engine.network(&trained.graph, &trained.weights)?;
        evaluate(network.as_mut(), &self.dataset.test, &trained.origin.normalisation, BATCH, progress)
    }
}

/// The results of a training, in memory.
#[derive(Default)]
struct Kept {
    best: Option<(Weights, Origin)>,
    epochs: Vec<EpochRecord>,
}

impl TrainingSink for Kept {
    fn keep(&mut self, record: &EpochRecord, state: &Checkpoint, is_best: bool) -> Result<()> {
        self.epochs.push(record.clone());
        if is_best {
            self.best = state.origin().map(|origin| (state.model().clone(), origin));
        }
        Ok(())
    }

    fn pause(&mut self, _: &Checkpoint) -> Result<()> {
        Ok(())
    }
}
