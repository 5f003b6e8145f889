use std::collections::HashMap;
use std::fs::File;
use std::io::{Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};

use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::record::journal::{WAY_OUT, check_header};
use crate::record::lines::{parse_lines, whole_lines};
use crate::{Error, Result};

/// Reads journals that other processes write, each line once.
pub(super) struct Follower {
    /// The header that all must have.
    header: Value,
    places: HashMap<PathBuf, Place>,
}

/// How far a journal was read.
#[derive(Clone, Copy, Default)]
struct Place {
    bytes: u64,
    lines: usize,
}

impl Follower {
    pub fn new(header: Value) -> Self {
        Self { header, places: HashMap::new() }
    }

    /// The header that all must have.
    pub fn header(&self) -> &Value {
        &self.header
    }

    /// The entries that came to a journal since it was read last, and what is wrong with the lines after them: a file system that
    /// several machines share may show the length of a line before its content, so that this may be over soon.
    ///
    /// Errors: a journal of another configuration (the error says what differs) or version, one that cannot be read.
    pub fn read<E: DeserializeOwned>(&mut self, path: &Path) -> Result<(Vec<E>, Option<Error>)> {
        let place = self.places.get(path).copied().unwrap_or_default();
        let content = read_from(path, place.bytes)?;
        let (lines, whole) = match whole_lines(path, &content, place.lines, WAY_OUT) {
            Ok(found) => found,
            Err(fault) => return Ok((Vec::new(), Some(fault))),
        };
        let header = usize::from(place.lines == 0 && !lines.is_empty());
        lines.iter().take(header).try_for_each(|line| check_header(path, line, &self.header))?;
        let numbered = lines.iter().enumerate().skip(header).map(|(index, line)| (place.lines + index, line));
        let entries = match parse_lines(path, numbered, "a scored candidate", WAY_OUT) {
            Ok(entries) => entries,
            Err(fault) => return Ok((Vec::new(), Some(fault))),
        };
        let next = Place { bytes: place.bytes + whole as u64, lines: place.lines + lines.len() };
        self.places.insert(path.to_path_buf(), next);
        Ok((entries, None))
    }
}

/// What a file holds from a place on.
fn read_from(path: &Path, place: u64) -> Result<Vec<u8>> {
    let read = || {
        let mut file = File::open(path)?;
        file.seek(SeekFrom::Start(place))?;
        let mut content = Vec::new();
        file.read_to_end(&mut content).map(|_| content)
    };
    read().map_err(Error::io(path))
}
