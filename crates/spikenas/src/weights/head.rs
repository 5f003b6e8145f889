use std::collections::BTreeMap;
use std::fs::File;
use std::io::Read;
use std::path::Path;

use serde::Deserialize;
use serde_json::Value;

use super::checksum::CHECKSUM;
use super::description::NetworkDescription;
use super::file::ABOUT;
use super::origin::Origin;
use crate::{Error, Result};

/// What a weights file says of itself in its head, read without its tensors; whether they are those of the checksum is not
/// looked at.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Head {
    /// The network that the weights belong to.
    pub network: Option<NetworkDescription>,
    /// What they were trained on.
    pub origin: Option<Origin>,
    /// The checksum that the file bears.
    pub checksum: Option<String>,
}

/// The head of a safetensors file as JSON, without its tensors.
#[derive(Deserialize)]
struct Header {
    #[serde(rename = "__metadata__", default)]
    metadata: BTreeMap<String, String>,
}

impl Head {
    /// The most bytes that a safetensors file's head may have.
    const MOST: u64 = 100_000_000;

    /// Reads the head of a file. Errors name it: not there, not safetensors, a damaged description.
    pub fn read(path: &Path) -> Result<Self> {
        let damaged = |reason: String| Error::file(path, reason);
        let mut file =
            File::open(path).map_err(Error::io_or_absent(path, "there is no such model file: bring it back"))?;
        let mut bytes = Vec::new();
        file.by_ref().take(8).read_to_end(&mut bytes).map_err(Error::io(path))?;
        let length = bytes.first_chunk().map_or(0, |length| u64::from_le_bytes(*length));
        file.take(length.min(Self::MOST)).read_to_end(&mut bytes).map_err(Error::io(path))?;
        let broken = |e: serde_json::Error| damaged(format!("not a whole safetensors file ({e})"));
        let header: Header = serde_json::from_slice(&bytes[bytes.len().min(8)..]).map_err(broken)?;
        let text = header.metadata.get(ABOUT).map_or("{}", String::as_str);
        let about: BTreeMap<String, Value> =
            serde_json::from_str(text).map_err(|e| damaged(format!("its description is damaged ({e})")))?;
        Ok(Self {
            network: NetworkDescription::read(&about).map_err(damaged)?,
            origin: Origin::read(&about).map_err(damaged)?,
            checksum: about.get(CHECKSUM).and_then(Value::as_str).map(String::from),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::graph::{Graph, NetworkConfig, Shape};
    use crate::weights::{Model, Weights};

    #[test]
    fn the_head_says_what_the_whole_file_says_and_cut_files_are_named() {
        let config = NetworkConfig {
            widths: [1, 1],
            hidden: 1,
            cluster: 1,
            classes: 2,
            ..NetworkConfig::preset("sample").unwrap()
        };
        let shape = Shape { channels: 3, height: 8, width: 16 };
        let graph = Graph::new(&"0111 0011 0001 0000".parse().unwrap(), &config, shape).unwrap();
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("model.safetensors");
        Weights::initialised(&graph, 3, 0).save(&path, &graph, None).unwrap();
        let (head, model) = (Head::read(&path).unwrap(), Model::load(&path).unwrap());
        assert_eq!((&head.network, &head.origin, &head.checksum), (&model.network, &model.origin, &model.checksum));
        assert!(head.checksum.is_some() && head.network.unwrap().input == shape);
        let whole = std::fs::read(&path).unwrap();
        for length in [0, 7, 8, 100] {
            std::fs::write(&path, &whole[..length]).unwrap();
            let message = Head::read(&path).unwrap_err().to_string();
            assert!(message.contains("model.safetensors: not a whole safetensors file"), "{length}: {message}");
        }
    }
}
