use std::path::Path;

use serde::de::DeserializeOwned;
use serde_json::Value;

use super::files::read_text;
use crate::{Error, Result};

/// Format version of all records of a run folder.
pub const FORMAT_VERSION: u32 = 1;

/// Reads a JSON record; its version, where it has one, must be known.
pub(crate) fn read_record<T: DeserializeOwned>(path: &Path) -> Result<T> {
    let damaged = |e: serde_json::Error| Error::file(path, format!("damaged record ({e})"));
    let value: Value = serde_json::from_str(&read_text(path)?).map_err(damaged)?;
    check_version(path, &value)?;
    serde_json::from_value(value).map_err(damaged)
}

/// Whether a record's version, where it has one, is known.
pub(crate) fn check_version(path: &Path, value: &Value) -> Result<()> {
    match value.get("version") {
        Some(version) if *version != FORMAT_VERSION => {
            Err(Error::file(path, format!("format version {version}, this program knows {FORMAT_VERSION}")))
        }
        _ => Ok(()),
    }
}
