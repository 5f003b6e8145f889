use std::collections::BTreeMap;
use std::path::Path;

use serde::{Deserialize, Serialize};

use super::average::Average;
use crate::data::Dataset;
use crate::engine::OptimiserState;
use crate::graph::Graph;
use crate::record::FORMAT_VERSION;
use crate::weights::{Origin, Selection, Tensor, TensorFile, Weights};
use crate::{Error, Result};

/// Name of [`About`] in the file's metadata.
const ABOUT: &str = "checkpoint";

/// Prefix of the average's tensors.
const AVERAGE: &str = "average.";

/// Steps and epochs that no training makes.
const MOST_STEPS: u64 = 1 << 50;

/// Progress of an epoch: loss and accuracy over its images so far, as each was seen.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Learned {
    /// Images seen: where the epoch continues.
    pub images: usize,
    /// Sum of their cross entropies.
    pub loss: f64,
    /// Images whose class was predicted.
    pub correct: usize,
    /// Wall-clock time.
    pub seconds: f64,
}

/// A training after some step: all that is needed to continue from there.
///
/// Random generators are keyed by seed, purpose, epoch and position in it, so they need no state of their own.
#[derive(Clone, Debug, PartialEq)]
pub struct Checkpoint {
    /// Epochs done.
    pub epoch: usize,
    /// Best accuracy so far on the images by which epochs are chosen, in percent; 0 where there are none.
    pub best_accuracy: f64,
    /// The epoch that had it, or the last where none is chosen; 0 before the first.
    pub best_epoch: usize,
    /// Progress of the epoch after these.
    pub learned: Learned,
    /// What is trained on; early versions did not say.
    pub origin: Option<Origin>,
    /// Weights and running statistics.
    pub weights: Weights,
    /// State of the optimiser.
    pub optimiser: OptimiserState,
    /// The average of the weights after the last epochs, once it has begun.
    pub average: Option<Average>,
}

/// Everything that is not a tensor.
#[derive(Serialize, Deserialize)]
struct About {
    version: u32,
    epoch: usize,
    best_accuracy: f64,
    #[serde(default)]
    best_epoch: usize,
    #[serde(default)]
    learned: Learned,
    #[serde(default)]
    steps: u64,
    #[serde(default, skip_serializing_if = "is_zero")]
    averaged_epochs: usize,
}

fn is_zero(number: &usize) -> bool {
    *number == 0
}

impl About {
    fn of(file: &TensorFile, path: &Path) -> Result<Self> {
        let wrong = |reason: String| Error::file(path, reason);
        let about = file.about.get(ABOUT).ok_or_else(|| wrong("not a checkpoint: it does not say its epoch".into()))?;
        let about = Self::deserialize(about).map_err(|e| wrong(format!("damaged checkpoint ({e})")))?;
        match about.version {
            FORMAT_VERSION => Ok(about),
            other => Err(wrong(format!("format version {other}, this program knows {FORMAT_VERSION}"))),
        }
    }
}

impl Checkpoint {
    /// The start of a training on a dataset.
    pub fn start(weights: Weights, dataset: &Dataset) -> Self {
        let origin = Origin {
            classes: dataset.classes.clone(),
            normalisation: dataset.normalisation.clone(),
            data: dataset.id(),
            epoch: 0,
            selection: Selection::default(),
            program: env!("CARGO_PKG_VERSION").into(),
            engine: None,
            from: None,
        };
        let (learned, optimiser, average) = (Learned::default(), OptimiserState::default(), None);
        Self { epoch: 0, best_accuracy: 0.0, best_epoch: 0, learned, origin: Some(origin), weights, optimiser, average }
    }

    /// What its weights were trained on, with the epochs that they have behind them.
    pub fn origin(&self) -> Option<Origin> {
        self.origin.clone().map(|origin| Origin { epoch: self.epoch, ..origin })
    }

    /// The weights that are tested, and kept where they are the best: the average, once it has begun.
    pub fn model(&self) -> &Weights {
        self.average.as_ref().map_or(&self.weights, |average| &average.weights)
    }

    /// Whether nothing was learned yet.
    pub fn is_start(&self) -> bool {
        self.epoch == 0 && self.learned.images == 0
    }

    /// The first tensor of weights, running statistics, the optimiser's state and the average that holds a value that is not finite.
    pub fn not_finite(&self) -> Option<&str> {
        let average = self.average.iter().flat_map(|average| average.weights.tensors());
        let mut tensors = self.weights.tensors().iter().chain(&self.optimiser.buffers).chain(average);
        let diverged = tensors.find(|(_, tensor)| tensor.values.iter().any(|v| !v.is_finite()));
        diverged.map(|(name, _)| name.as_str())
    }

    /// Writes a safetensors file in one step.
    pub fn save(&self, path: &Path, graph: &Graph) -> Result<()> {
        let mut file = self.weights.to_file(graph, self.origin().as_ref());
        file.tensors.extend(self.optimiser.buffers.clone());
        let averages = self.average.iter().flat_map(|average| average.weights.tensors());
        file.tensors.extend(averages.map(|(name, tensor)| (format!("{AVERAGE}{name}"), tensor.clone())));
        let about = About {
            version: FORMAT_VERSION,
            epoch: self.epoch,
            best_accuracy: self.best_accuracy,
            best_epoch: self.best_epoch,
            learned: self.learned.clone(),
            steps: self.optimiser.steps,
            averaged_epochs: self.average.as_ref().map_or(0, |average| average.epochs),
        };
        let about = serde_json::to_value(&about).map_err(|e| Error::file(path, e.to_string()))?;
        file.about.insert(ABOUT.to_string(), about);
        file.write(path)
    }

    /// Whether the checkpoint in a file has learned anything. Errors: those of [`Checkpoint::load`], but for the network.
    pub fn has_learned(path: &Path) -> Result<bool> {
        let about = About::of(&TensorFile::read(path)?, path)?;
        Ok(about.epoch > 0 || about.learned.images > 0)
    }

    /// Reads a checkpoint of a graph's network. Errors name the file: damaged, of another version or network.
    pub fn load(path: &Path, graph: &Graph) -> Result<Self> {
        Self::load_checked(path, &|weights| weights.check(graph))
    }

    /// Reads a checkpoint whose weights, and those of its average, must pass a check. Errors as with [`Checkpoint::load`].
    pub fn load_checked(path: &Path, check: &dyn Fn(&Weights) -> Result<()>) -> Result<Self> {
        let mut file = TensorFile::read(path)?;
        let wrong = |reason: String| Error::file(path, reason);
        let about = About::of(&file, path)?;
        let origin = Origin::read(&file.about).map_err(wrong)?;
        let (buffers, weights) = std::mem::take(&mut file.tensors)
            .into_iter()
            .partition::<BTreeMap<_, _>, _>(|(name, _)| OptimiserState::parameter(name).is_some());
        let (averages, weights) =
            weights.into_iter().partition::<BTreeMap<_, _>, _>(|(name, _)| name.starts_with(AVERAGE));
        let weights = Weights::from_file(TensorFile { tensors: weights, ..file });
        check(&weights).map_err(|e| wrong(e.to_string()))?;
        let average = average(averages, about.averaged_epochs, &weights, check).map_err(wrong)?;
        let shape = |name: &str| weights.tensors().get(name).map(|w| &w.shape);
        for (name, buffer) in &buffers {
            if OptimiserState::parameter(name).and_then(shape) != Some(&buffer.shape) {
                return Err(wrong(format!("`{name}` does not fit the network")));
            }
        }
        let About { epoch, best_accuracy, best_epoch, learned, steps, averaged_epochs, .. } = about;
        let too_many = steps > MOST_STEPS || epoch as u64 > MOST_STEPS || averaged_epochs > epoch;
        if learned.correct > learned.images || too_many {
            return Err(wrong(format!("damaged checkpoint (epoch {epoch}, {steps} steps, {learned:?})")));
        }
        let optimiser = OptimiserState { steps, buffers };
        Ok(Self { epoch, best_accuracy, best_epoch, learned, origin, weights, optimiser, average })
    }
}

/// The average in a checkpoint's file, from its tensors; what is wrong with it.
fn average(
    tensors: BTreeMap<String, Tensor>,
    epochs: usize,
    weights: &Weights,
    check: &dyn Fn(&Weights) -> Result<()>,
) -> std::result::Result<Option<Average>, String> {
    match (tensors.is_empty(), epochs) {
        (true, 0) => return Ok(None),
        (true, _) | (false, 0) => {
            return Err(format!("damaged checkpoint (an average of {epochs} epochs, with {} tensors)", tensors.len()));
        }
        (false, _) => {}
    }
    let bare = |(name, tensor): (String, Tensor)| (name[AVERAGE.len()..].to_string(), tensor);
    let average = Weights::new(tensors.into_iter().map(bare).collect(), weights.batches_tracked);
    check(&average).map_err(|e| format!("its average: {e}"))?;
    Ok(Some(Average { weights: average, epochs }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::Images;
    use crate::graph::{NetworkConfig, Normalisation, Shape};

    fn images() -> Dataset {
        let shape = Shape { channels: 3, height: 8, width: 8 };
        let split = Images { shape, frames: 1, pixels: vec![7; shape.len()], labels: vec![0] };
        let classes = vec!["a".into(), "b".into()];
        let normalisation = Normalisation::CIFAR10;
        Dataset {
            name: "images".into(),
            classes,
            train: split.clone(),
            test: split,
            normalisation,
            recorded: None,
            notes: vec![],
        }
    }

    #[test]
    fn changed_images_are_told_by_their_fingerprint() {
        let mut dataset = images();
        let origin = Checkpoint::start(Weights::new(BTreeMap::new(), 0), &dataset).origin.unwrap();
        assert_eq!(origin.check_images(&dataset.id()), Ok(()));
        dataset.name = "moved".into();
        assert_eq!(origin.check_images(&dataset.id()), Ok(()));
        dataset.test.labels[0] = 1;
        let reason = origin.check_images(&dataset.id()).unwrap_err();
        assert!(reason.contains(&dataset.fingerprint()) && reason.contains("other images"), "{reason}");
    }

    #[test]
    fn a_state_that_is_not_finite_is_told_by_its_tensor() {
        let tensor = |value| Tensor { shape: vec![2], values: vec![0.0, value] };
        let mut state = Checkpoint::start(Weights::new([("a".into(), tensor(1.0))].into(), 0), &images());
        assert_eq!(state.not_finite(), None);
        state.optimiser.buffers.insert("square.a".into(), tensor(f32::INFINITY));
        assert_eq!(state.not_finite(), Some("square.a"));
        state.weights.set("a", vec![f32::NAN, 0.0]);
        assert_eq!(state.not_finite(), Some("a"));
    }

    #[test]
    fn checkpoints_round_trip_and_damaged_ones_are_named() {
        let config = NetworkConfig { widths: [4, 8], hidden: 16, ..NetworkConfig::preset("sample").unwrap() };
        let graph =
            Graph::new(&"0311 0011 0001 0000".parse().unwrap(), &config, Shape { channels: 3, height: 8, width: 8 })
                .unwrap();
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("last.safetensors");
        let mut checkpoint = Checkpoint::start(Weights::initialised(&graph, 1, 0), &images());
        checkpoint.epoch = 4;
        checkpoint.best_accuracy = 31.25;
        checkpoint.learned = Learned { images: 24, loss: 0.1 + 0.2, correct: 7, seconds: 1.5 };
        checkpoint.weights.batches_tracked = 12;
        checkpoint.best_epoch = 3;
        let buffers = checkpoint.weights.tensors().iter().map(|(name, t)| (format!("square.{name}"), t.clone()));
        checkpoint.optimiser = OptimiserState { steps: 9, buffers: buffers.collect() };
        let mut mean = Weights::initialised(&graph, 2, 0);
        mean.batches_tracked = 12;
        checkpoint.average = Some(Average { weights: mean, epochs: 2 });
        checkpoint.save(&path, &graph).unwrap();
        let loaded = Checkpoint::load(&path, &graph).unwrap();
        assert_eq!(loaded, Checkpoint { origin: checkpoint.origin(), ..checkpoint.clone() });
        assert_eq!(loaded.origin.as_ref().map(|o| o.epoch), Some(4));

        let other = Graph::new(&"0111 0011 0001 0000".parse().unwrap(), &config, graph.input).unwrap();
        assert!(Checkpoint::load(&path, &other).unwrap_err().to_string().contains("last.safetensors"));
        for (epochs, damage) in [(0, "an average of 0 epochs"), (5, "damaged checkpoint (epoch 4")] {
            let average = Average { epochs, ..checkpoint.average.clone().unwrap() };
            Checkpoint { average: Some(average), ..checkpoint.clone() }.save(&path, &graph).unwrap();
            assert!(Checkpoint::load(&path, &graph).unwrap_err().to_string().contains(damage), "{damage}");
        }
        let wrong = Tensor { shape: vec![1], values: vec![0.0] };
        checkpoint.optimiser.buffers.insert("momentum.stem.0.weight".into(), wrong);
        checkpoint.save(&path, &graph).unwrap();
        assert!(Checkpoint::load(&path, &graph).unwrap_err().to_string().contains("`momentum.stem.0.weight`"));
        checkpoint.weights.save(&path, &graph, None).unwrap();
        assert!(Checkpoint::load(&path, &graph).unwrap_err().to_string().contains("not a checkpoint"));
    }
}
