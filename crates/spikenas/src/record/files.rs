//! Files that are complete or absent: written beside their place, flushed to the disk, renamed.

use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};

use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::{Error, Result};

/// Where a file is written before it takes its place. A kill may leave it; the next write starts it anew.
pub fn part_path(path: &Path) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(".part");
    name.into()
}

/// Replaces a file in one step; what stood there before stays until the new content is safely on the disk.
pub fn write_atomically(path: &Path, fill: impl FnOnce(&mut dyn Write) -> std::io::Result<()>) -> Result<()> {
    let part = part_path(path);
    let write = || {
        let mut buffered = BufWriter::new(File::create(&part)?);
        fill(&mut buffered)?;
        buffered.into_inner().map_err(|e| e.into_error())?.sync_all()?;
        std::fs::rename(&part, path)
    };
    write().map_err(|error| {
        // Half a file is useless, and the disk may be full.
        let _ = std::fs::remove_file(&part);
        Error::io(path)(error)
    })
}

/// Writes a record as indented JSON, in one step.
pub fn write_json(path: &Path, record: &impl Serialize) -> Result<()> {
    let mut text = serde_json::to_vec_pretty(record).map_err(|e| Error::file(path, e.to_string()))?;
    text.push(b'\n');
    write_atomically(path, |out| out.write_all(&text))
}

/// Writes a text file in one step.
pub fn write_text(path: &Path, text: &str) -> Result<()> {
    write_atomically(path, |out| out.write_all(text.as_bytes()))
}

/// Copies a file in one step.
pub(crate) fn copy(from: &Path, to: &Path) -> Result<()> {
    let mut source = File::open(from).map_err(Error::io(from))?;
    write_atomically(to, |out| std::io::copy(&mut source, out).map(drop))
}

/// Reads a text file.
pub fn read_text(path: &Path) -> Result<String> {
    std::fs::read_to_string(path).map_err(Error::io(path))
}

/// Reads TOML that stands in a file. Errors name the file, and the line where it is malformed.
pub(crate) fn parse_toml<T: DeserializeOwned>(path: &Path, text: &str) -> Result<T> {
    toml::from_str(text).map_err(|e| {
        let line = e.span().map_or(0, |span| text[..span.start.min(text.len())].lines().count().max(1));
        Error::file(path, format!("line {line}: {}", e.message().trim().replace('\n', " ")))
    })
}

/// Makes a folder and those above it.
pub fn create_folder(path: &Path) -> Result<()> {
    std::fs::create_dir_all(path).map_err(Error::io(path))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_write_that_fails_leaves_the_old_file_and_nothing_else() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("record");
        write_atomically(&path, |out| out.write_all(b"old")).unwrap();
        let full = |out: &mut dyn Write| {
            out.write_all(&[0; 100_000])?;
            Err(std::io::ErrorKind::StorageFull.into())
        };
        assert!(write_atomically(&path, full).unwrap_err().to_string().contains("record"));
        assert_eq!(read_text(&path).unwrap(), "old");
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1);
        // What a kill in the middle of a write leaves.
        std::fs::write(part_path(&path), [1; 1000]).unwrap();
        write_atomically(&path, |out| out.write_all(b"new")).unwrap();
        assert_eq!(read_text(&path).unwrap(), "new");
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1);
    }
}
