use std::path::Path;

use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::files::{read_text, read_text_if_there, write_text};
use super::number::check_numbers;
use super::seal::{Seal, check_json, check_toml, seal_json, seal_toml};
use crate::{Error, Result};

/// Format version of all records of a run folder. Their checksums are an addition that programs before them read over.
pub const FORMAT_VERSION: u32 = 1;

/// Writes a record as indented JSON with a checksum as its last key, in one step.
///
/// Errors: a number that JSON does not know, a disk that cannot take it.
pub fn write_record<T: Serialize + DeserializeOwned>(path: &Path, record: &T) -> Result<()> {
    let text = serde_json::to_string_pretty(record).map_err(|e| Error::file(path, e.to_string()))?;
    check_numbers::<T>(path, &text)?;
    write_text(path, &seal_json(&text))
}

/// Reads a JSON record; its version and its checksum, where it has them, must be right.
pub(crate) fn read_record<T: DeserializeOwned>(path: &Path) -> Result<T> {
    parse_record(path, &read_text(path)?)
}

/// Reads a JSON record, where there is one.
pub(crate) fn read_record_if_there<T: DeserializeOwned>(path: &Path) -> Result<Option<T>> {
    read_text_if_there(path)?.map(|text| parse_record(path, &text)).transpose()
}

fn parse_record<T: DeserializeOwned>(path: &Path, text: &str) -> Result<T> {
    let damaged =
        |e: serde_json::Error| Error::file(path, format!("damaged record ({e}): remove it to have it computed again"));
    let value: Value = serde_json::from_str(text).map_err(damaged)?;
    check_version(path, &value)?;
    let record = serde_json::from_value(value).map_err(damaged)?;
    check_unchanged(
        path,
        &check_json(text),
        "remove its last key to keep the change, or the file to have it computed again",
    )?;
    Ok(record)
}

/// Writes a configuration as TOML with a checksum in its last line, in one step.
pub(crate) fn write_toml(path: &Path, config: &impl Serialize) -> Result<()> {
    let text = toml::to_string_pretty(config).map_err(|e| Error::file(path, e.to_string()))?;
    write_text(path, &seal_toml(&text))
}

/// Whether a configuration is as it was written.
pub(crate) fn check_toml_unchanged(path: &Path, text: &str) -> Result<()> {
    check_unchanged(path, &check_toml(text), "undo the change, or remove the last line to keep it")
}

fn check_unchanged(path: &Path, seal: &Seal, way_out: &str) -> Result<()> {
    let changed = |fault| Error::file(path, format!("was changed since it was written ({fault}): {way_out}"));
    seal.fault().map_or(Ok(()), |fault| Err(changed(fault)))
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
