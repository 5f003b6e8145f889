//! What lies in a folder.

use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use crate::{Error, Result};

/// What systems leave behind, besides names that begin with a dot.
const LITTER: [&str; 2] = ["Thumbs.db", "desktop.ini"];

/// Something in a folder.
pub(super) struct Entry {
    pub(super) path: PathBuf,
    /// Its name, with replacements where it is not UTF-8.
    pub(super) name: String,
    pub(super) is_utf8: bool,
    pub(super) kind: Kind,
}

/// What it is, or what it links to.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    File,
    Folder,
    /// A link that leads nowhere.
    LostLink,
    /// A device, a socket.
    Other,
}

/// What lies in a folder and is not hidden, in the order of its names, byte by byte.
///
/// Errors: a folder that cannot be listed, or something in it that cannot be looked at.
pub(super) fn entries(folder: &Path) -> Result<Vec<Entry>> {
    let mut entries = Vec::new();
    for entry in fs::read_dir(folder).map_err(Error::io(folder))? {
        let entry = entry.map_err(Error::io(folder))?;
        let (path, name) = (entry.path(), entry.file_name());
        let (is_utf8, name) = (name.to_str().is_some(), name.to_string_lossy().into_owned());
        if !name.starts_with('.') && !LITTER.contains(&name.as_str()) {
            // Folders say what their files are: only links need another look, and nothing can fail but that.
            let kind = kind(entry.file_type().map_err(Error::io(&path))?, &path)?;
            entries.push(Entry { path, name, is_utf8, kind });
        }
    }
    entries.sort_by(|a, b| a.path.cmp(&b.path));
    Ok(entries)
}

fn kind(found: fs::FileType, path: &Path) -> Result<Kind> {
    let found = if found.is_symlink() {
        match fs::metadata(path) {
            Ok(target) => target.file_type(),
            Err(e) if matches!(e.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) => return Ok(Kind::LostLink),
            Err(e) => return Err(Error::io(path)(e)),
        }
    } else {
        found
    };
    Ok(match () {
        () if found.is_file() => Kind::File,
        () if found.is_dir() => Kind::Folder,
        () => Kind::Other,
    })
}
