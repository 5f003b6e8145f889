use std::collections::BTreeMap;

use crc32fast::Hasher;
use safetensors::Dtype;
use serde_json::Value;

/// The key of the checksum in a file's metadata.
pub(super) const CHECKSUM: &str = "checksum";
/// The key that stands in the metadata of every file with a checksum: where one of them was damaged, the other tells.
const PROGRAM: &str = "program";
/// Stands for the checksum while it is computed.
pub(super) const NONE: &str = "00000000";

/// The content of a weights file as its checksum sees it: the text of the metadata with [`NONE`] for the checksum itself, then
/// name, type, shape and bytes of every tensor in the order of their names. Where in the file they stand does not matter.
pub(super) struct Content {
    hasher: Hasher,
    /// The metadata with [`NONE`] in place of the checksum.
    text: String,
    /// The checksum that the file has.
    stored: Option<String>,
    /// Whether it must have one.
    is_sealed: bool,
}

impl Content {
    /// Begins with the metadata, parsed and as it stands in the file.
    pub(super) fn new(about: &BTreeMap<String, Value>, text: &str) -> Self {
        let stored = about.get(CHECKSUM).map(|value| value.as_str().unwrap_or_default().to_string());
        let text = match &stored {
            Some(checksum) => text.replacen(&entry(checksum), &entry(NONE), 1),
            None => text.to_string(),
        };
        let mut hasher = Hasher::new();
        hasher.update(text.as_bytes());
        Self { hasher, text, stored, is_sealed: about.contains_key(PROGRAM) }
    }

    /// Goes on with the next tensor.
    pub(super) fn add(&mut self, name: &str, dtype: Dtype, shape: &[usize], data: &[u8]) {
        self.hasher.update(format!("\n{name} {dtype:?} {shape:?}\n").as_bytes());
        self.hasher.update(data);
    }

    fn checksum(&self) -> String {
        format!("{:08x}", self.hasher.clone().finalize())
    }

    /// The checksum that the file has, if this is the content that it was made of; none in a file without one.
    pub(super) fn verified(self) -> Result<Option<String>, String> {
        let found = self.checksum();
        match self.stored {
            None if self.is_sealed => {
                Err("damaged: its checksum is missing: take it from a copy or train again".into())
            }
            Some(stored) if stored != found => {
                let of = format!("its content has the checksum {found}, not {}", stored.escape_debug());
                Err(format!("damaged: {of}: take it from a copy or train again"))
            }
            stored => Ok(stored),
        }
    }

    /// The metadata with the checksum in it.
    pub(super) fn sealed(self) -> String {
        self.text.replacen(&entry(NONE), &entry(&self.checksum()), 1)
    }
}

/// The checksum as it stands in the metadata.
fn entry(checksum: &str) -> String {
    format!("\"{CHECKSUM}\":\"{checksum}\"")
}
