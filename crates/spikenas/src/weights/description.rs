use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::Result;
use crate::graph::{Graph, NetworkConfig, Shape};
use crate::space::Architecture;

/// The network that a weights file belongs to, as its metadata describes it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct NetworkDescription {
    /// Its architecture.
    pub architecture: Architecture,
    /// Its settings.
    #[serde(rename = "network")]
    pub config: NetworkConfig,
    /// Shape of its images.
    pub input: Shape,
}

impl NetworkDescription {
    /// The description of a graph.
    pub fn of(graph: &Graph) -> Self {
        Self { architecture: graph.architecture.clone(), config: graph.config.clone(), input: graph.input }
    }

    /// Lays out the network.
    pub fn graph(&self) -> Result<Graph> {
        Graph::new(&self.architecture, &self.config, self.input)
    }

    pub(crate) fn about(&self) -> BTreeMap<String, Value> {
        match serde_json::to_value(self) {
            Ok(Value::Object(about)) => about.into_iter().collect(),
            _ => BTreeMap::new(),
        }
    }

    pub(crate) fn read(about: &BTreeMap<String, Value>) -> std::result::Result<Option<Self>, String> {
        if about.is_empty() {
            return Ok(None);
        }
        let description = serde_json::to_value(about).and_then(serde_json::from_value);
        description.map(Some).map_err(|e| format!("its description of the network is damaged ({e})"))
    }
}
