use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::description::NetworkDescription;
use super::framing::Framing;
use super::selection::Selection;
use crate::graph::Normalisation;

/// What weights were trained on and with: what applying them needs beside the network, and where they come from.
///
/// It stands in the metadata of every model and checkpoint. Files of early versions, and those that other programs wrote, have
/// none.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Origin {
    /// Names of the classes, in the order of the network's outputs.
    pub classes: Vec<String>,
    /// How pixels became inputs.
    pub normalisation: Normalisation,
    /// The images.
    pub data: DatasetId,
    /// Epochs of training behind the weights.
    pub epoch: usize,
    /// How that epoch was chosen.
    #[serde(flatten)]
    pub selection: Selection,
    /// Version of the program that trained them.
    pub program: String,
    /// What computed the training, where it was not the program's own engine on the CPU.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub engine: Option<String>,
    /// The weights that the training began with, where they were not drawn.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from: Option<Ancestor>,
}

/// Which images.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DatasetId {
    /// Name of the dataset: its source, as it is written.
    pub name: String,
    /// What they were: see `Dataset::fingerprint`.
    pub fingerprint: String,
    /// How recordings became frames, where it is of recordings.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub framing: Option<Framing>,
}

/// A model from which another training began.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Ancestor {
    /// Its file, as it was named.
    pub model: String,
    /// The checksum of the file, where it has one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub checksum: Option<String>,
    /// The epochs that its weights were trained for, where it says so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub epoch: Option<usize>,
}

impl Origin {
    /// Whether a training that came to these weights may go on with images; if not, why.
    pub fn check_images(&self, now: &DatasetId) -> Result<(), String> {
        let (began, DatasetId { name, fingerprint, .. }) = (&self.data.fingerprint, now);
        if began == fingerprint {
            return Ok(());
        }
        Err(format!(
            "the training began with other images (fingerprint {began}) than {name} holds now ({fingerprint}): bring those back \
             or choose another folder"
        ))
    }

    /// Its entries of a file's metadata.
    pub(crate) fn about(&self) -> BTreeMap<String, Value> {
        match serde_json::to_value(self) {
            Ok(Value::Object(about)) => about.into_iter().collect(),
            _ => BTreeMap::new(),
        }
    }

    /// Reads it from a file's metadata, where it is there.
    pub(crate) fn read(about: &BTreeMap<String, Value>) -> Result<Option<Self>, String> {
        if !about.contains_key("classes") {
            return Ok(None);
        }
        let damaged = |e: serde_json::Error| format!("what it says of its training is damaged ({e})");
        let origin: Self = serde_json::to_value(about).and_then(serde_json::from_value).map_err(damaged)?;
        let network = NetworkDescription::read(about)?;
        let channels = network.map_or(origin.normalisation.mean.len(), |network| network.input.channels);
        origin.normalisation.check(channels)?;
        Ok(Some(origin))
    }
}
