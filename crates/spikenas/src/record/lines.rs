use std::path::{Path, PathBuf};

use serde::Serialize;
use serde::de::DeserializeOwned;

use super::disk::Growing;
use super::files;
use super::lock::lock;
use super::number::check_numbers;
use super::seal::{Seal, check_json, seal_json};
use crate::{Error, Result};

/// A file of JSON objects, one per line, each with a checksum over its line: it grows at its end, in one write per line.
pub(super) struct Lines {
    path: PathBuf,
    file: Growing,
    warning: Option<String>,
}

impl Lines {
    /// Opens a file, or begins one, and locks it; a last line that was cut off, or of which the disk kept only zeros, is dropped.
    ///
    /// Returns its lines, too. Errors: another process that writes here, a line that was changed since it was written, with
    /// `way_out`.
    pub(super) fn open(path: &Path, way_out: &str) -> Result<(Self, Vec<String>)> {
        let mut file = Growing::open(path).map_err(Error::io(path))?;
        let warning = lock(file.file(), path)?;
        let content = file.read().map_err(Error::io(path))?;
        let (lines, whole) = whole_lines(path, &content, 0, way_out)?;
        if whole < content.len() {
            file.cut(whole as u64).map_err(Error::io(path))?;
        }
        Ok((Self { path: path.to_path_buf(), file, warning }, lines))
    }

    /// Begins a file that no other process writes to; nothing where there is one of this name.
    pub(super) fn begin(path: &Path) -> Result<Option<Self>> {
        let file = Growing::begin(path).map_err(Error::io(path))?;
        Ok(file.map(|file| Self { path: path.to_path_buf(), file, warning: None }))
    }

    /// What to say where the file system could not lock the file against other processes.
    pub(super) fn warning(&self) -> Option<&str> {
        self.warning.as_deref()
    }

    /// Adds a line. Errors: a number that JSON does not know, a disk that cannot take it.
    pub(super) fn append<E: Serialize + DeserializeOwned>(&mut self, entry: &E) -> Result<()> {
        let line = line_of(&self.path, entry)?;
        check_numbers::<E>(&self.path, &line)?;
        self.append_text(&line)
    }

    /// Adds a line that is only written, never read into a type.
    pub(super) fn append_header(&mut self, header: &impl Serialize) -> Result<()> {
        self.append_text(&line_of(&self.path, header)?)
    }

    fn append_text(&mut self, line: &str) -> Result<()> {
        self.file.append(line.as_bytes()).map_err(Error::io(&self.path))
    }

    /// Waits until all lines are safely on the disk.
    pub(super) fn sync(&mut self) -> Result<()> {
        self.file.sync().map_err(Error::io(&self.path))
    }
}

/// Reads a file of lines as `open` does, and leaves it as it is. No file is one without lines.
pub(crate) fn read_lines<E: DeserializeOwned>(path: &Path, what: &str, way_out: &str) -> Result<Vec<E>> {
    let content = files::read_if_there(path)?.unwrap_or_default();
    let (lines, _) = whole_lines(path, &content, 0, way_out)?;
    parse_lines(path, lines.iter().enumerate(), what, way_out)
}

/// Adds a line to a file, begun where there is none, safely on the disk when this returns.
pub(crate) fn append_line<E: Serialize + DeserializeOwned>(path: &Path, entry: &E) -> Result<()> {
    let file = Growing::open(path).map_err(Error::io(path))?;
    let mut lines = Lines { path: path.to_path_buf(), file, warning: None };
    lines.append(entry)?;
    lines.sync()
}

/// Replaces a file of lines, in one step.
pub(crate) fn write_lines(path: &Path, entries: &[impl Serialize]) -> Result<()> {
    let lines = entries.iter().map(|entry| line_of(path, entry)).collect::<Result<String>>()?;
    files::write_text(path, &lines)
}

/// Reads the entry of a line, or says what is wrong with it.
pub(crate) fn parse_line<E: DeserializeOwned>(line: &str) -> std::result::Result<E, String> {
    match check_json(line).fault() {
        Some(fault) => Err(fault),
        None => serde_json::from_str(line).map_err(|e| e.to_string()),
    }
}

/// Reads the entries of numbered lines, which count from zero. Errors name the line, which is not `what` it should be.
pub(super) fn parse_lines<'a, E: DeserializeOwned>(
    path: &Path,
    lines: impl Iterator<Item = (usize, &'a String)>,
    what: &str,
    way_out: &str,
) -> Result<Vec<E>> {
    let wrong =
        |index: usize, reason| Error::file(path, format!("line {} is not {what} ({reason}): {way_out}", index + 1));
    lines.map(|(index, line)| serde_json::from_str(line).map_err(|e| wrong(index, e))).collect()
}

/// The whole lines of a file, from one after some `before` on, whose checksums are right, and where they end.
///
/// Once a line has a checksum, all after it do: lines without are those of a version that wrote none.
pub(super) fn whole_lines(path: &Path, content: &[u8], before: usize, way_out: &str) -> Result<(Vec<String>, usize)> {
    let whole = content.iter().rposition(|&b| b == b'\n').map_or(0, |end| end + 1);
    let (mut lines, mut sealed) = (Vec::new(), false);
    for (index, line) in content[..whole].split_inclusive(|&b| b == b'\n').enumerate() {
        let damaged =
            |reason: &str| Error::file(path, format!("line {} is damaged ({reason}): {way_out}", before + index + 1));
        let line = str::from_utf8(line).map_err(|_| damaged("it is no text"))?.trim_end();
        match check_json(line) {
            Seal::Whole => sealed = true,
            Seal::Absent if sealed => return Err(damaged("it has no checksum")),
            other => other.fault().map_or(Ok(()), |fault| Err(damaged(&fault)))?,
        }
        lines.push(line.to_string());
    }
    Ok((lines, whole))
}

fn line_of(path: &Path, entry: &impl Serialize) -> Result<String> {
    serde_json::to_string(entry).map(|text| seal_json(&text)).map_err(|e| Error::file(path, e.to_string()))
}

#[cfg(test)]
mod tests {
    use serde::Deserialize;

    use super::*;

    #[derive(Debug, PartialEq, Serialize, Deserialize)]
    struct Entry {
        epoch: usize,
        loss: f64,
    }

    const WAY_OUT: &str = "remove it";

    fn read(path: &Path) -> Result<Vec<Entry>> {
        read_lines(path, "an epoch", WAY_OUT)
    }

    #[test]
    fn what_a_loss_of_power_leaves_at_the_end_is_dropped() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("lines");
        (1..=3).for_each(|epoch| append_line(&path, &Entry { epoch, loss: 0.1 }).unwrap());
        let whole = std::fs::read(&path).unwrap();
        let second = whole.len() / 3 * 2;
        for end in [&b""[..], &whole[second..whole.len() - 1], &[0; 70], b"{\"epoch\":3,\0\0\0\0"] {
            std::fs::write(&path, [&whole[..second], end].concat()).unwrap();
            assert_eq!(read(&path).unwrap().len(), 2);
            let (mut lines, text) = Lines::open(&path, WAY_OUT).unwrap();
            assert_eq!(text.len(), 2);
            lines.append(&Entry { epoch: 3, loss: 0.1 }).unwrap();
            assert_eq!(std::fs::read(&path).unwrap(), whole);
        }
    }

    #[test]
    fn a_changed_digit_is_found_and_its_line_named() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("lines");
        (1..=3).for_each(|epoch| append_line(&path, &Entry { epoch, loss: 0.125 }).unwrap());
        let whole = std::fs::read_to_string(&path).unwrap();
        let second = whole.len() / 3;
        for (place, byte) in whole.bytes().enumerate().skip(second).take(second).filter(|(_, b)| b.is_ascii_digit()) {
            let mut changed = whole.clone().into_bytes();
            changed[place] = if byte == b'9' { b'0' } else { byte + 1 };
            std::fs::write(&path, changed).unwrap();
            let error = read(&path).unwrap_err().to_string();
            assert!(error.contains("line 2 is damaged (its checksum is ") && error.ends_with(": remove it"), "{error}");
        }
        let unsealed = whole.replacen(",\"crc\"", ",\"cry\"", 2).replacen(",\"cry\"", ",\"crc\"", 1);
        std::fs::write(&path, unsealed).unwrap();
        assert!(read(&path).unwrap_err().to_string().contains("line 2 is damaged (it has no checksum)"));
    }

    #[test]
    fn lines_of_versions_without_checksums_are_read_and_go_on() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("lines");
        std::fs::write(&path, "{\"epoch\":1,\"loss\":2.5}\n").unwrap();
        append_line(&path, &Entry { epoch: 2, loss: 0.5 }).unwrap();
        assert_eq!(read(&path).unwrap().iter().map(|e| e.loss).sum::<f64>(), 3.0);
    }

    #[test]
    fn a_number_that_json_does_not_know_is_refused_before_it_is_written() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("lines");
        let error = append_line(&path, &Entry { epoch: 1, loss: f64::NAN }).unwrap_err().to_string();
        assert!(error.contains("not finite") && read(&path).unwrap().is_empty(), "{error}");
    }
}
