//! Records line by line and as far as they can be read.

use std::path::{Path, PathBuf};

use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::graph::Shape;
use crate::record::files::read_text;
use crate::record::{check_version, parse_line};
use crate::{Error, Result, counted};

/// Faults of records, in one line each.
#[derive(Default)]
pub(super) struct Faults(pub(super) Vec<String>);

impl Faults {
    /// What was read; nothing where it could not be, which becomes a fault.
    pub(super) fn keep<T>(&mut self, result: Result<T>) -> Option<T> {
        result.map_err(|error| self.0.push(error.to_string())).ok()
    }
}

/// The tests of a run's model on other images, in the order of their names; the first hundred.
pub(super) fn other_tests(folder: &Path) -> Vec<PathBuf> {
    let is_test = |path: &PathBuf| {
        let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
        name.starts_with("evaluate-") && name.ends_with(".json")
    };
    let entries = std::fs::read_dir(folder).into_iter().flatten().filter_map(std::io::Result::ok);
    let mut paths: Vec<PathBuf> = entries.map(|entry| entry.path()).filter(is_test).collect();
    paths.sort();
    paths.truncate(100);
    paths
}

/// Whether images may have a shape; layers of larger ones cannot be counted.
pub(super) fn possible(shape: Shape) -> Result<()> {
    let Shape { channels, height, width } = shape;
    if (1..=4096).contains(&channels) && [height, width].iter().all(|side| (1..=65_536).contains(side)) {
        return Ok(());
    }
    Err(Error::invalid(format!("images of {width}x{height} pixels and {channels} channels: a record is damaged")))
}

/// The shape of images in a journal's header.
pub(super) fn read_header(path: &Path) -> Result<Option<Shape>> {
    let text = read_text(path)?;
    let first = text.lines().next().unwrap_or_default();
    let header: Value =
        parse_line(first).map_err(|e| Error::file(path, format!("line 1 is not a journal's header ({e})")))?;
    check_version(path, &header)?;
    Ok(serde_json::from_value(header["input"].clone()).ok())
}

/// Reads a record of lines; those that cannot be read are named, the first of them with its number.
pub(super) fn read_lines<T: DeserializeOwned>(path: &Path, skip: usize, faults: &mut Faults) -> Vec<T> {
    let Some(text) = faults.keep(read_text(path)) else { return Vec::new() };
    let (mut values, mut damaged) = (Vec::new(), Vec::new());
    for (index, line) in text.lines().enumerate().skip(skip).filter(|(_, line)| !line.is_empty()) {
        match parse_line(line) {
            Ok(value) => values.push(value),
            Err(error) => damaged.push((index + 1, error)),
        }
    }
    let is_cut_off = !text.is_empty() && !text.ends_with('\n');
    let last = text.lines().count();
    match damaged.first() {
        Some((line, _)) if damaged.len() == 1 && is_cut_off && *line == last => {
            faults.0.push(format!("{}: the last line is half-written and left out", path.display()));
        }
        Some((line, error)) => {
            let count = damaged.len();
            let lines = counted(count, "line");
            faults.0.push(format!("{}: {lines} left out, the first is line {line} ({error})", path.display()));
        }
        None => {}
    }
    values
}
