use std::fs::{File, TryLockError};
use std::path::Path;
use std::time::Duration;

use crate::{Error, Result};

/// Times that a lock which somebody holds is tried again, and the time between them.
const LOOKS: usize = 5;
const A_LOOK: Duration = Duration::from_millis(2);

/// Locks an open file or folder against other processes for as long as it is open.
///
/// Returns a warning where the file system cannot. Errors: another process holds it.
pub(crate) fn lock(file: &File, path: &Path) -> Result<Option<String>> {
    match try_lock(file) {
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

/// Takes the lock, a few times where it is held: [`is_locked`] holds it for a moment.
fn try_lock(file: &File) -> std::result::Result<(), TryLockError> {
    for _ in 0..LOOKS {
        match file.try_lock() {
            Err(TryLockError::WouldBlock) => std::thread::sleep(A_LOOK),
            other => return other,
        }
    }
    file.try_lock()
}

/// Whether a process is writing into a folder that [`lock_folder`] locks: this one or another. What cannot be opened is not locked.
pub(crate) fn is_locked(folder: &Path) -> bool {
    // Where folders cannot be locked, the journal in them is.
    let place = if cfg!(unix) { folder.to_path_buf() } else { folder.join("journal.jsonl") };
    // A shared lock is in the way of no other look.
    File::open(place).is_ok_and(|file| matches!(file.try_lock_shared(), Err(TryLockError::WouldBlock)))
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

    #[cfg(unix)]
    #[test]
    fn a_look_tells_whether_a_folder_is_worked_on_and_is_in_nobodys_way() {
        let folder = tempfile::tempdir().unwrap();
        assert!(!is_locked(folder.path()) && !is_locked(&folder.path().join("nowhere")));
        let (held, _) = lock_folder(folder.path()).unwrap();
        assert!(is_locked(folder.path()));
        drop(held);
        let look = File::open(folder.path()).unwrap();
        look.try_lock_shared().unwrap();
        assert!(!is_locked(folder.path()));
        std::thread::scope(|scope| {
            scope.spawn(move || {
                std::thread::sleep(A_LOOK);
                drop(look);
            });
            lock_folder(folder.path()).unwrap();
        });
    }
}
