use std::fs;
use std::io::{self, ErrorKind};
use std::path::Path;

use super::sync::{folder_of, sync_folder};
use crate::record::trace::{Change, note};

/// Makes a folder and those above it, safely on the disk when this returns.
pub(crate) fn create_folder(path: &Path) -> io::Result<()> {
    make_folders(path, &mut |made| sync_folder(folder_of(made)))
}

/// Makes a folder and those above it, and tells of each that was not there.
pub(super) fn make_folders(path: &Path, made: &mut dyn FnMut(&Path) -> io::Result<()>) -> io::Result<()> {
    if path.as_os_str().is_empty() || path.is_dir() {
        return Ok(());
    }
    path.parent().map_or(Ok(()), |above| make_folders(above, made))?;
    match fs::create_dir(path) {
        // Another process was faster.
        Err(error) if error.kind() == ErrorKind::AlreadyExists && path.is_dir() => return Ok(()),
        other => other?,
    }
    note(|| Change::Folder(path.to_path_buf()));
    made(path)
}
