use std::fs::{File, TryLockError};
use std::path::Path;

use crate::{Error, Result};

/// Locks an open file or folder against other processes for as long as it is open.
///
/// Returns a warning where the file system cannot. Errors: another process holds it.
pub(crate) fn lock(file: &File, path: &Path) -> Result<Option<String>> {
    match file.try_lock() {
        Ok(()) => Ok(None),
        Err(TryLockError::WouldBlock) => {
            Err(Error::file(path, "another process is writing here: wait for it or choose another folder"))
        }
        Err(TryLockError::Error(error)) => Ok(Some(format!(
            "warning: {}: this file system cannot lock ({error}): nothing keeps two processes apart that write here",
            path.display()
        ))),
    }
}

/// Locks a folder, as [`lock`] does; the lock lasts as long as what is returned.
#[cfg(unix)]
pub(crate) fn lock_folder(path: &Path) -> Result<(Option<File>, Option<String>)> {
    let folder = File::open(path).map_err(Error::io(path))?;
    let warning = lock(&folder, path)?;
    Ok((Some(folder), warning))
}

/// Folders cannot be locked here; the files in them that grow are.
#[cfg(not(unix))]
pub(crate) fn lock_folder(_: &Path) -> Result<(Option<File>, Option<String>)> {
    Ok((None, None))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_second_lock_is_refused_until_the_first_is_gone() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("journal");
        let open = || File::options().append(true).create(true).open(&path).unwrap();
        let first = open();
        assert_eq!(lock(&first, &path).unwrap(), None);
        assert!(lock(&open(), &path).unwrap_err().to_string().contains("another process is writing here"));
        drop(first);
        assert_eq!(lock(&open(), &path).unwrap(), None);
    }
}
