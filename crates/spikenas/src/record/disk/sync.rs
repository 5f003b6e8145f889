use std::fs::File;
use std::io;
#[cfg(unix)]
use std::io::ErrorKind;
use std::path::Path;

use crate::record::trace::{Change, note};

/// The folder that holds a path.
pub(super) fn folder_of(path: &Path) -> &Path {
    match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        Some(_) => Path::new("."),
        None => path,
    }
}

/// Waits until the content of a file is safely on the disk.
pub(super) fn sync_file(file: &File, path: &Path) -> io::Result<()> {
    file.sync_all()?;
    note(|| Change::SyncFile(path.to_path_buf()));
    Ok(())
}

/// Waits until the names in a folder are safely on the disk, where the system can.
#[cfg(unix)]
pub(super) fn sync_folder(path: &Path) -> io::Result<()> {
    let folder = match File::open(path) {
        // Written to, but not to be listed.
        Err(error) if error.kind() == ErrorKind::PermissionDenied => return Ok(()),
        other => other?,
    };
    match folder.sync_all() {
        Err(error) if [ErrorKind::InvalidInput, ErrorKind::Unsupported].contains(&error.kind()) => return Ok(()),
        other => other?,
    }
    note(|| Change::SyncFolder(path.to_path_buf()));
    Ok(())
}

#[cfg(not(unix))]
pub(super) fn sync_folder(_: &Path) -> io::Result<()> {
    Ok(())
}
