use std::collections::BTreeMap;
use std::path::Path;

use serde::{Deserialize, Serialize};

use crate::engine::OptimiserState;
use crate::graph::Graph;
use crate::record::FORMAT_VERSION;
use crate::weights::{TensorFile, Weights};
use crate::{Error, Result};

/// Name of [`About`] in the file's metadata.
const ABOUT: &str = "checkpoint";

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
    /// Best test accuracy so far, in percent.
    pub best_accuracy: f64,
    /// The epoch that had it; 0 before the first.
    pub best_epoch: usize,
    /// Progress of the epoch after these.
    pub learned: Learned,
    /// Weights and running statistics.
    pub weights: Weights,
    /// State of the optimiser.
    pub optimiser: OptimiserState,
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
}

impl Checkpoint {
    /// The start of a training.
    pub fn start(weights: Weights) -> Self {
        let (learned, optimiser) = (Learned::default(), OptimiserState::default());
        Self { epoch: 0, best_accuracy: 0.0, best_epoch: 0, learned, weights, optimiser }
    }

    /// Writes a safetensors file in one step.
    pub fn save(&self, path: &Path, graph: &Graph) -> Result<()> {
        let mut file = self.weights.to_file(graph);
        file.tensors.extend(self.optimiser.buffers.clone());
        let about = About {
            version: FORMAT_VERSION,
            epoch: self.epoch,
            best_accuracy: self.best_accuracy,
            best_epoch: self.best_epoch,
            learned: self.learned.clone(),
            steps: self.optimiser.steps,
        };
        let about = serde_json::to_value(&about).map_err(|e| Error::file(path, e.to_string()))?;
        file.about.insert(ABOUT.to_string(), about);
        file.write(path)
    }

    /// Reads a checkpoint of a graph's network. Errors name the file: damaged, of another version or network.
    pub fn load(path: &Path, graph: &Graph) -> Result<Self> {
        let mut file = TensorFile::read(path)?;
        let wrong = |reason: String| Error::file(path, reason);
        let about =
            file.about.remove(ABOUT).ok_or_else(|| wrong("not a checkpoint: it does not say its epoch".into()))?;
        let about: About = serde_json::from_value(about).map_err(|e| wrong(format!("damaged checkpoint ({e})")))?;
        if about.version != FORMAT_VERSION {
            return Err(wrong(format!("format version {}, this program knows {FORMAT_VERSION}", about.version)));
        }
        let (buffers, weights) = std::mem::take(&mut file.tensors)
            .into_iter()
            .partition::<BTreeMap<_, _>, _>(|(name, _)| OptimiserState::parameter(name).is_some());
        let weights = Weights::from_file(TensorFile { tensors: weights, ..file });
        weights.check(graph).map_err(|e| wrong(e.to_string()))?;
        let shape = |name: &str| weights.tensors().get(name).map(|w| &w.shape);
        for (name, buffer) in &buffers {
            if OptimiserState::parameter(name).and_then(shape) != Some(&buffer.shape) {
                return Err(wrong(format!("`{name}` does not fit the network")));
            }
        }
        let About { epoch, best_accuracy, best_epoch, learned, steps, .. } = about;
        let optimiser = OptimiserState { steps, buffers };
        Ok(Self { epoch, best_accuracy, best_epoch, learned, weights, optimiser })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::graph::{NetworkConfig, Shape};
    use crate::weights::Tensor;

    #[test]
    fn checkpoints_round_trip_and_damaged_ones_are_named() {
        let config = NetworkConfig { widths: [4, 8], hidden: 16, ..NetworkConfig::preset("sample").unwrap() };
        let graph =
            Graph::new(&"0311 0011 0001 0000".parse().unwrap(), &config, Shape { channels: 3, height: 8, width: 8 })
                .unwrap();
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("last.safetensors");
        let mut checkpoint = Checkpoint::start(Weights::initialised(&graph, 1, 0));
        checkpoint.epoch = 4;
        checkpoint.best_accuracy = 31.25;
        checkpoint.learned = Learned { images: 24, loss: 0.1 + 0.2, correct: 7, seconds: 1.5 };
        checkpoint.weights.batches_tracked = 12;
        checkpoint.best_epoch = 3;
        let buffers = checkpoint.weights.tensors().iter().map(|(name, t)| (format!("square.{name}"), t.clone()));
        checkpoint.optimiser = OptimiserState { steps: 9, buffers: buffers.collect() };
        checkpoint.save(&path, &graph).unwrap();
        assert_eq!(Checkpoint::load(&path, &graph).unwrap(), checkpoint);

        let other = Graph::new(&"0111 0011 0001 0000".parse().unwrap(), &config, graph.input).unwrap();
        assert!(Checkpoint::load(&path, &other).unwrap_err().to_string().contains("last.safetensors"));
        let wrong = Tensor { shape: vec![1], values: vec![0.0] };
        checkpoint.optimiser.buffers.insert("momentum.stem.0.weight".into(), wrong);
        checkpoint.save(&path, &graph).unwrap();
        assert!(Checkpoint::load(&path, &graph).unwrap_err().to_string().contains("`momentum.stem.0.weight`"));
        checkpoint.weights.save(&path, &graph).unwrap();
        assert!(Checkpoint::load(&path, &graph).unwrap_err().to_string().contains("not a checkpoint"));
    }
}
