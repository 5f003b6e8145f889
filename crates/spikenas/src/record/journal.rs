use std::path::Path;

use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::difference::{comparable, list_differences};
use super::lines::{Lines, parse_lines};
use super::seal;
use super::version::FORMAT_VERSION;
use crate::{Error, Result};

/// What helps where a line was changed.
pub(super) const WAY_OUT: &str = "remove the line to have its candidate scored again, or the file to begin again";

/// Entries on the disk line by line as they are found, behind a header that says what they belong to.
pub struct Journal<E> {
    file: Lines,
    entries: Vec<E>,
}

impl<E: Serialize + DeserializeOwned> Journal<E> {
    /// Opens a journal to continue it, or begins one.
    ///
    /// A last line that was cut off is dropped. Errors: a line before it that cannot be read, a header of another
    /// configuration (the error says what differs) or of another version, another process that writes here.
    pub fn open(path: &Path, header: &impl Serialize) -> Result<Self> {
        let (file, lines) = Lines::open(path, WAY_OUT)?;
        let entries = match lines.first() {
            Some(first) => {
                check_header(path, first, &comparable(header)?)?;
                parse_lines(path, lines.iter().enumerate().skip(1), "a scored candidate", WAY_OUT)?
            }
            None => Vec::new(),
        };
        let mut journal = Self { file, entries };
        if lines.is_empty() {
            journal.file.append_header(header)?;
        }
        Ok(journal)
    }

    /// What to say where the file system could not lock the journal against other processes.
    pub fn warning(&self) -> Option<&str> {
        self.file.warning()
    }

    /// Waits until all entries are safely on the disk; what relies on them is written after.
    pub fn sync(&mut self) -> Result<()> {
        self.file.sync()
    }

    /// The entries so far.
    pub fn entries(&self) -> &[E] {
        &self.entries
    }

    /// Adds an entry, flushed to the system before this returns.
    pub fn append(&mut self, entry: E) -> Result<()> {
        self.file.append(&entry)?;
        self.entries.push(entry);
        Ok(())
    }
}

/// Whether the first line of a journal is a header, made comparable.
///
/// Errors: it is none, or of another version or configuration.
pub(super) fn check_header(path: &Path, line: &str, header: &Value) -> Result<()> {
    let unreadable = |e: serde_json::Error| {
        Error::file(path, format!("line 1 is not a journal's header ({e}): choose another folder"))
    };
    let mut found: Value = serde_json::from_str(line).map_err(unreadable)?;
    found.as_object_mut().and_then(|fields| fields.remove(seal::KEY));
    if found["version"] != FORMAT_VERSION {
        return Err(Error::file(
            path,
            format!("format version {}, this program writes {FORMAT_VERSION}", found["version"]),
        ));
    }
    let differences = list_differences(&found, header);
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
