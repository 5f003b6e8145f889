use std::path::{Path, PathBuf};

use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::difference::{comparable, list_differences};
use super::disk::Growing;
use super::lock::lock;
use super::version::FORMAT_VERSION;
use crate::{Error, Result};

/// Entries on the disk line by line as they are found, behind a header that says what they belong to.
pub struct Journal<E> {
    path: PathBuf,
    file: Growing,
    warning: Option<String>,
    entries: Vec<E>,
}

impl<E: Serialize + DeserializeOwned> Journal<E> {
    /// Opens a journal to continue it, or begins one.
    ///
    /// A last line that was cut off is dropped. Errors: a line before it that cannot be read, a header of another
    /// configuration (the error says what differs) or of another version, another process that writes here.
    pub fn open(path: &Path, header: &impl Serialize) -> Result<Self> {
        let mut file = Growing::open(path).map_err(Error::io(path))?;
        let warning = lock(file.file(), path)?;
        let text = file.read().map_err(Error::io(path))?;
        let whole = text.iter().rposition(|&b| b == b'\n').map_or(0, |end| end + 1);
        let entries = read_lines(path, &text[..whole], header)?;
        if whole < text.len() {
            file.cut(whole as u64).map_err(Error::io(path))?;
        }
        let mut journal = Self { path: path.to_path_buf(), file, warning, entries };
        if whole == 0 {
            journal.write_line(header)?;
        }
        Ok(journal)
    }

    /// What to say where the file system could not lock the journal against other processes.
    pub fn warning(&self) -> Option<&str> {
        self.warning.as_deref()
    }

    /// Waits until all entries are safely on the disk; what relies on them is written after.
    pub fn sync(&mut self) -> Result<()> {
        self.file.sync().map_err(Error::io(&self.path))
    }

    /// The entries so far.
    pub fn entries(&self) -> &[E] {
        &self.entries
    }

    /// Adds an entry, flushed to the system before this returns.
    pub fn append(&mut self, entry: E) -> Result<()> {
        self.write_line(&entry)?;
        self.entries.push(entry);
        Ok(())
    }

    fn write_line(&mut self, line: &impl Serialize) -> Result<()> {
        let mut text = serde_json::to_vec(line).map_err(|e| Error::file(&self.path, e.to_string()))?;
        text.push(b'\n');
        // One append per line: a kill leaves whole lines, and at most a last one that is cut off.
        self.file.append(&text).map_err(Error::io(&self.path))
    }
}

fn read_lines<E: DeserializeOwned>(path: &Path, text: &[u8], header: &impl Serialize) -> Result<Vec<E>> {
    let mut lines = text.split(|&b| b == b'\n').filter(|line| !line.is_empty()).enumerate();
    if let Some((_, first)) = lines.next() {
        check_header(path, first, header)?;
    }
    lines
        .map(|(index, line)| {
            serde_json::from_slice(line).map_err(|e| {
                Error::file(
                    path,
                    format!("line {} is not a scored candidate ({e}): remove the file to begin again", index + 1),
                )
            })
        })
        .collect()
}

fn check_header(path: &Path, line: &[u8], header: &impl Serialize) -> Result<()> {
    let unreadable = |e: serde_json::Error| {
        Error::file(path, format!("line 1 is not a journal's header ({e}): choose another folder"))
    };
    let found: Value = serde_json::from_slice(line).map_err(unreadable)?;
    if found["version"] != FORMAT_VERSION {
        return Err(Error::file(
            path,
            format!("format version {}, this program writes {FORMAT_VERSION}", found["version"]),
        ));
    }
    let differences = list_differences(&found, &comparable(header)?);
    if differences.is_empty() {
        return Ok(());
    }
    Err(Error::file(
        path,
        format!(
            "belongs to another configuration ({}): choose another folder or repeat the options",
            differences.join(", ")
        ),
    ))
}
