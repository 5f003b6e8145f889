//! One file per format; each is a function from bytes to a recording.

mod aedat2;
mod aedat3;
mod aedat4;
mod bytes;
mod clock;
mod dat;
mod evt2;
mod evt3;
mod fault;
mod flatbuffer;
mod nmnist;
mod npy;
mod npz;
mod percent_header;
mod raw;

use std::path::Path;

use self::fault::Fault;
use super::event::{Event, Recording, Sensor};
use crate::{Error, Result};

/// How a file writes events.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Format {
    /// N-MNIST's and N-Caltech101's `.bin`: five bytes an event, no header (Orchard et al., 2015).
    Nmnist,
    /// `.aedat` 2.0 of a DVS128, as CIFAR10-DVS has them (Li et al., 2017).
    Aedat2,
    /// `.aedat` 3.1, as DVS Gesture has them (Amir et al., 2017).
    Aedat3,
    /// `.aedat4` of iniVation's DV.
    Aedat4,
    /// Prophesee's `.dat`, version 2.
    Dat,
    /// Prophesee's `.raw`, EVT 2.0 or 3.0.
    Raw,
    /// NumPy's `.npz` with an array of each of t, x, y, p, or with one of records.
    Npz,
}

impl Format {
    /// The extensions that a recording may have.
    pub const EXTENSIONS: [&str; 6] = ["aedat", "aedat4", "bin", "dat", "npz", "raw"];

    /// The format of a file, by its extension and, where several share one, by its first bytes.
    ///
    /// Errors: another extension, another version.
    pub fn of(path: &Path, bytes: &[u8]) -> Result<Self> {
        let extension = path.extension().map(|extension| extension.to_string_lossy().to_ascii_lowercase());
        match extension.as_deref() {
            Some("bin") => Ok(Format::Nmnist),
            Some("dat") => Ok(Format::Dat),
            Some("raw") => Ok(Format::Raw),
            Some("npz") => Ok(Format::Npz),
            Some("aedat" | "aedat4") => match bytes {
                _ if bytes.starts_with(b"#!AER-DAT2.0") => Ok(Format::Aedat2),
                _ if bytes.starts_with(b"#!AER-DAT3.1") => Ok(Format::Aedat3),
                _ if bytes.starts_with(b"#!AER-DAT4.0") => Ok(Format::Aedat4),
                _ => Err(Error::invalid("its first line is not that of AEDAT 2.0, 3.1 or 4.0: replace or remove it")),
            },
            _ => Err(Error::invalid(format!("no recording of events: these end in .{}", Self::EXTENSIONS.join(", .")))),
        }
    }

    /// The simplest format that is written and has room for the events of a sensor: N-MNIST's for small ones, otherwise NumPy's.
    pub fn for_sensor(sensor: Sensor) -> Self {
        let Sensor { width, height } = nmnist::LARGEST;
        if sensor.width <= width && sensor.height <= height { Format::Nmnist } else { Format::Npz }
    }

    /// The extension of its files.
    pub fn extension(self) -> &'static str {
        match self {
            Format::Nmnist => "bin",
            Format::Aedat2 | Format::Aedat3 => "aedat",
            Format::Aedat4 => "aedat4",
            Format::Dat => "dat",
            Format::Raw => "raw",
            Format::Npz => "npz",
        }
    }

    /// The file of some events; nothing where the format is only read.
    pub(super) fn encode(self, events: &[Event]) -> Option<std::result::Result<Vec<u8>, Fault>> {
        match self {
            Format::Nmnist => Some(nmnist::encode(events)),
            Format::Npz => Some(npz::encode(events)),
            _ => None,
        }
    }

    pub(super) fn decode(self, bytes: &[u8]) -> std::result::Result<Recording, Fault> {
        match self {
            Format::Nmnist => nmnist::decode(bytes),
            Format::Aedat2 => aedat2::decode(bytes),
            Format::Aedat3 => aedat3::decode(bytes),
            Format::Aedat4 => aedat4::decode(bytes),
            Format::Dat => dat::decode(bytes),
            Format::Raw => raw::decode(bytes),
            Format::Npz => npz::decode(bytes),
        }
    }
}
