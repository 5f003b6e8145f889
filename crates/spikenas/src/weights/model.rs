use std::path::Path;

use super::description::NetworkDescription;
use super::file::TensorFile;
use super::origin::{Ancestor, Origin};
use super::state_dict::Weights;
use crate::graph::Graph;
use crate::{Error, Result};

/// What a weights file holds.
#[derive(Clone, Debug, PartialEq)]
pub struct Model {
    /// The tensors.
    pub weights: Weights,
    /// The network that they belong to, where the file says so.
    pub network: Option<NetworkDescription>,
    /// What they were trained on, where the file says so.
    pub origin: Option<Origin>,
    /// The checksum of the whole content, where the file has one.
    pub checksum: Option<String>,
}

impl Model {
    /// Reads a safetensors file: this program's, of any version, or another's.
    ///
    /// Errors name the file: not there, not safetensors, a tensor that is not f32, a damaged description, a content that is not
    /// that of the checksum.
    pub fn load(path: &Path) -> Result<Self> {
        let file = TensorFile::read(path)?;
        let damaged = |reason| Error::file(path, reason);
        let network = NetworkDescription::read(&file.about).map_err(damaged)?;
        let origin = Origin::read(&file.about).map_err(damaged)?;
        let checksum = file.checksum.clone();
        Ok(Self { weights: Weights::from_file(file), network, origin, checksum })
    }

    /// What a training that begins with these weights tells of them.
    pub fn ancestor(&self, path: &Path) -> Ancestor {
        let epoch = self.origin.as_ref().map(|origin| origin.epoch);
        Ancestor { model: path.display().to_string(), checksum: self.checksum.clone(), epoch }
    }

    /// The network that the file of these weights describes, which fits them. Errors name the file.
    pub fn graph(&self, path: &Path) -> Result<Graph> {
        let description = self.network.as_ref();
        let description = description
            .ok_or_else(|| Error::file(path, "does not say which network it belongs to (metadata key spikenas)"))?;
        let graph = description.graph().map_err(|e| Error::file(path, e.to_string()))?;
        self.weights.check(&graph).map_err(|e| Error::file(path, e.to_string()))?;
        Ok(graph)
    }
}
