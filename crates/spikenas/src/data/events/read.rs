use std::path::Path;

use super::event::Recording;
use super::format::Format;
use crate::{Error, Result};

impl Recording {
    /// Reads a file of a format that its name and its first bytes tell.
    ///
    /// Errors: a file that cannot be read, and those of [`Recording::decode`]; they name the file.
    pub fn read(path: &Path) -> Result<Self> {
        let bytes = std::fs::read(path).map_err(Error::io(path))?;
        let named = |e: Error| Error::file(path, e.to_string());
        let format = Format::of(path, &bytes).map_err(named)?;
        Self::decode(format, &bytes).map_err(named)
    }

    /// Decodes a whole file.
    ///
    /// Errors: bytes that the format does not have there, or that are cut off; events beside the sensor that the file names; none at all.
    pub fn decode(format: Format, bytes: &[u8]) -> Result<Self> {
        let recording =
            format.decode(bytes).map_err(|fault| Error::invalid(format!("{fault}: replace or remove it")))?;
        if recording.events.is_empty() {
            return Err(Error::invalid("holds no events: replace or remove it"));
        }
        if let Some(sensor) = recording.sensor {
            sensor.check(&recording.events)?;
        }
        Ok(recording)
    }
}
