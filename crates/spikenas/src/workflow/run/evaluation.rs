use serde::{Deserialize, Serialize};

use crate::engine::Evaluation;
use crate::quantise::{Drift, IntegerModel, IntegerTest};
use crate::record::FORMAT_VERSION;
use crate::train::EpochRecord;
use crate::weights::{DatasetId, Model, Origin, Selection};

/// A test and what it was a test of: `evaluate.json`.
///
/// Records of early versions hold the result alone.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct EvaluationRecord {
    /// Format version.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub version: Option<u32>,
    /// The result; its keys stand beside the others.
    #[serde(flatten)]
    pub result: Evaluation,
    /// The arithmetic of the network: `float` or `integer`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub engine: Option<String>,
    /// Where it ran, such as `cpu`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub device: Option<String>,
    /// Version of the program.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub program: Option<String>,
    /// Whose test images.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub data: Option<DatasetId>,
    /// The weights.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub model: Option<TestedModel>,
    /// How their epoch was chosen, as far as it is known.
    #[serde(flatten)]
    pub selection: Selection,
    /// How far an integer network is from its float network, where both were tested.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub drift: Option<Drift>,
}

/// The weights that were tested.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TestedModel {
    /// Checksum of their file, where it has one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub checksum: Option<String>,
    /// The epochs that they were trained for, where the file says so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub epoch: Option<usize>,
}

impl TestedModel {
    /// Weights with a checksum and an origin, as far as their file has them.
    pub(super) fn of(checksum: Option<&String>, origin: Option<&Origin>) -> Self {
        Self { checksum: checksum.cloned(), epoch: origin.map(|origin| origin.epoch) }
    }
}

impl EvaluationRecord {
    /// A test of a model's weights in float.
    pub fn new(result: Evaluation, model: &Model, data: DatasetId, device: &str) -> Self {
        let tested = TestedModel::of(model.checksum.as_ref(), model.origin.as_ref());
        Self::of("float", result, tested, model.origin.as_ref(), data, device)
    }

    /// A test of an integer network.
    pub fn integer(test: IntegerTest, model: &IntegerModel, data: DatasetId) -> Self {
        let tested = TestedModel::of(model.checksum.as_ref(), model.origin.as_ref());
        let IntegerTest { result, drift } = test;
        Self { drift, ..Self::of("integer", result, tested, model.origin.as_ref(), data, "cpu") }
    }

    fn of(
        engine: &str,
        result: Evaluation,
        tested: TestedModel,
        origin: Option<&Origin>,
        data: DatasetId,
        device: &str,
    ) -> Self {
        Self {
            version: Some(FORMAT_VERSION),
            result,
            engine: Some(engine.into()),
            device: Some(device.into()),
            program: Some(env!("CARGO_PKG_VERSION").into()),
            data: Some(data),
            model: Some(tested),
            selection: origin.map_or(Selection::default(), |origin| origin.selection),
            drift: None,
        }
    }

    /// Whether it is a test of the model that a training with these epochs keeps. Where record or epochs do not say, it is taken
    /// for one.
    pub fn is_of_best(&self, epochs: &[EpochRecord]) -> bool {
        let tested = self.model.as_ref().and_then(|model| model.epoch);
        let kept = best_epoch(epochs).map(|best| best.epoch);
        tested.is_none() || kept.is_none() || tested == kept
    }
}

/// The epoch whose weights are kept as the model: the first with the best accuracy on the images by which epochs are chosen, the
/// last where there are none.
pub fn best_epoch(epochs: &[EpochRecord]) -> Option<&EpochRecord> {
    let is_better = |epoch: &EpochRecord, best: &EpochRecord| match (epoch.reached(), best.reached()) {
        (Some(now), Some(before)) => now.accuracy > before.accuracy,
        _ => true,
    };
    epochs.iter().reduce(|best, epoch| if is_better(epoch, best) { epoch } else { best })
}
