use std::path::Path;
use std::sync::Arc;

use crate::data::{DataConfig, Dataset};
use crate::engine::cpu::Cpu;
use crate::engine::{BATCH, Engine, Evaluation, evaluate};
use crate::graph::Graph;
use crate::progress::Progress;
use crate::search::SearchRecord;
use crate::space::Architecture;
use crate::train::{Checkpoint, EpochRecord, TrainConfig, TrainingSink, train};
use crate::weights::{Origin, Weights};
use crate::workflow::run::{self, Engines, RunConfig};
use crate::{Error, Result};

/// From a dataset to a trained network in memory; [`run`](super::run) keeps everything in a folder besides.
///
/// ```no_run
/// use spikenas::search::Layout;
/// use spikenas::{Dataset, Project, Silent, Source};
///
/// let mut project = Project::new(Dataset::open(&Source::Sample, "data".as_ref())?)?;
/// project.config.search.budget = Some("40k".parse()?);
/// project.config.search.layout = Some(Layout::of(0));
/// let found = project.search(&mut Silent)?;
/// project.config = project.config.settled(&found);
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
        let mut config = RunConfig::for_images(data, dataset.classes.len())?;
        config.train = TrainConfig::for_data(None, &config.data.source, dataset.train.len(), dataset.train.frames);
        config.network = dataset.outline().timed(config.network.for_images(dataset.train.shape));
        Ok(Self { dataset, config, engine: Arc::new(Cpu) })
    }

    /// The best architecture under the budget.
    ///
    /// Errors: those of [`run::check_search`] and [`run::search`].
    pub fn search(&self, progress: &mut dyn Progress) -> Result<SearchRecord> {
        run::check_search(&self.config, &self.dataset, &self.engine)?;
        let engines = Engines { cpu: &self.engine, device: self.engine.as_ref() };
        run::search(&self.config, &self.dataset, engines, None, progress)
    }

    /// Trains an architecture from the start.
    ///
    /// Errors: those of [`run::check_training`] and [`train`].
    pub fn train(&self, architecture: &Architecture, progress: &mut dyn Progress) -> Result<Trained> {
        run::check_training(&self.config, &self.dataset, self.engine.as_ref())?;
        let config = &self.config.train;
        let graph = Graph::new(architecture, &self.config.network, self.dataset.train.shape)?;
        let start = config.start(&graph, &self.dataset)?;
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::{Images, Normalisation};
    use crate::graph::Shape;
    use crate::progress::Silent;
    use crate::train::{Choice, NormStatistics};

    /// Noise with a hint of three classes, which a short training learns badly, so that accuracies go up and down.
    fn images(count: usize, seed: usize) -> Images {
        let shape = Shape { channels: 3, height: 8, width: 8 };
        let noise = |i: usize| ((i + seed * 7919).wrapping_mul(2_654_435_761) >> 9) % 180;
        let pixel = |i: usize| (20 * (i / shape.len() % 3) + noise(i)) as u8;
        let labels = (0..count as u16).map(|i| i % 3).collect();
        Images { shape, frames: 1, pixels: (0..count * shape.len()).map(pixel).collect(), labels }
    }

    fn project(choice: Choice) -> Project {
        let (train, test) = (images(150, 1), images(60, 2));
        let normalisation = Normalisation::of(&train);
        let classes = ["a", "b", "c"].map(String::from).to_vec();
        let dataset =
            Dataset { name: "sample".into(), classes, train, test, normalisation, recorded: None, notes: vec![] };
        let mut project = Project::new(dataset).unwrap();
        let network = &mut project.config.network;
        (network.widths, network.hidden, network.timesteps) = ([4, 8], 16, 2);
        let train = &mut project.config.train;
        (train.epochs, train.batch, train.choice) = (5, 16, choice);
        // Moving averages differ so much from epoch to epoch that labels decide which is kept.
        train.norm_statistics = NormStatistics::Running;
        train.validation = if choice == Choice::Validation { 0.3 } else { 0.0 };
        project
    }

    fn trained(project: &Project) -> Trained {
        project.train(&"0311 0031 0003 0000".parse().unwrap(), &mut Silent).unwrap()
    }

    /// What a training learned: without times, and without the name of its images.
    fn learned(trained: &Trained) -> (usize, &Weights, Vec<EpochRecord>) {
        let timeless = |epoch: &EpochRecord| EpochRecord { seconds: 0.0, images_per_second: 0.0, ..epoch.clone() };
        (trained.origin.epoch, &trained.weights, trained.epochs.iter().map(timeless).collect())
    }

    /// The same project with other labels of the test images.
    fn with_other_test_labels(mut project: Project) -> Project {
        project.dataset.test.labels.rotate_left(7);
        project
    }

    #[test]
    fn the_labels_of_test_images_change_nothing_where_held_out_images_or_none_choose() {
        for choice in [Choice::Validation, Choice::Last] {
            let [whole, permuted] = [project(choice), with_other_test_labels(project(choice))].map(|p| trained(&p));
            assert_eq!(learned(&whole), learned(&permuted), "{choice:?}");
            assert!(whole.epochs.iter().all(|epoch| epoch.test_accuracy.is_none() && epoch.test_loss.is_none()));
        }
        let [whole, permuted] =
            [project(Choice::Test), with_other_test_labels(project(Choice::Test))].map(|p| trained(&p));
        assert_ne!(learned(&whole).0, learned(&permuted).0, "the custom of the field looks at them");
        let losses = |trained: &Trained| trained.epochs.iter().map(|epoch| epoch.train_loss).collect::<Vec<f64>>();
        assert_eq!(losses(&whole), losses(&permuted), "it does not learn from them either");
    }

    #[test]
    fn images_that_are_held_out_choose_the_epoch_and_teach_nothing() {
        let mut project = project(Choice::Validation);
        let before = trained(&project);
        let held_out = project.config.train.split(&project.dataset).unwrap().held_out;
        assert!(held_out.len() > 40 && before.epochs.iter().all(|epoch| epoch.validation_accuracy.is_some()));

        let kept = before.epochs.iter().find(|epoch| epoch.epoch == before.origin.epoch).unwrap();
        let best = before.epochs.iter().filter_map(|epoch| epoch.validation_accuracy).fold(0.0, f64::max);
        assert_eq!(kept.validation_accuracy, Some(best));
        let mut network = project.engine.network(&before.graph, &before.weights).unwrap();
        let images = project.dataset.train.pick(&held_out);
        let normalisation = &before.origin.normalisation;
        let tested = evaluate(network.as_mut(), &images, normalisation, BATCH, &mut Silent).unwrap();
        assert_eq!((Some(tested.accuracy), Some(tested.loss)), (kept.validation_accuracy, kept.validation_loss));

        let size = project.dataset.train.shape.len();
        held_out.iter().for_each(|&i| project.dataset.train.pixels[i * size..(i + 1) * size].fill(255));
        let after = trained(&project);
        let of = |trained: &Trained| -> Vec<(f64, f64)> {
            trained.epochs.iter().map(|epoch| (epoch.train_loss, epoch.train_accuracy)).collect()
        };
        assert_eq!(of(&before), of(&after));
        assert_ne!(kept.validation_loss, after.epochs[kept.epoch - 1].validation_loss);
    }

    #[test]
    fn a_model_says_by_what_its_epoch_was_chosen() {
        let selection = |choice| trained(&project(choice)).origin.selection;
        let by_held_out = selection(Choice::Validation);
        assert_eq!((by_held_out.choice, by_held_out.validation), (Some(Choice::Validation), Some(0.3)));
        assert_eq!(
            by_held_out.to_string(),
            format!("on {} training images that were held out", by_held_out.validation_images.unwrap())
        );
        assert!(selection(Choice::Test).is_flattered());
        let last = trained(&project(Choice::Last));
        assert_eq!((last.origin.selection.choice, last.origin.epoch), (Some(Choice::Last), 5));
    }
}
