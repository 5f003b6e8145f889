use std::fs::{File, TryLockError};
use std::path::Path;
use std::time::Duration;

use crate::{Error, Result};

/// Times that a lock which somebody holds is tried again, and the time between them.
const LOOKS: usize = 5;
const A_LOOK: Duration = Duration::from_millis(2);

/// How a file or folder is held.
#[derive(Clone, Copy)]
enum Hold {
    /// By one process.
    Alone,
    /// By several that work together, against one that wants it alone.
    Shared,
}

/// Locks an open file or folder against other processes for as long as it is open.
///
/// Returns a warning where the file system cannot. Errors: another process holds it.
pub(crate) fn lock(file: &File, path: &Path) -> Result<Option<String>> {
    hold(file, path, Hold::Alone)
}

fn hold(file: &File, path: &Path, how: Hold) -> Result<Option<String>> {
    match try_hold(file, how) {
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
fn try_hold(file: &File, how: Hold) -> std::result::Result<(), TryLockError> {
    let attempt = || match how {
        Hold::Alone => file.try_lock(),
        Hold::Shared => file.try_lock_shared(),
    };
    for _ in 0..LOOKS {
        match attempt() {
            Err(TryLockError::WouldBlock) => std::thread::sleep(A_LOOK),
            other => return other,
        }
    }
    attempt()
}

/// Whether a process is writing into a folder that [`lock_folder`] or [`share_folder`] locks: this one or another. What cannot be
/// opened is not locked.
pub(crate) fn is_locked(folder: &Path) -> bool {
    // Where folders cannot be locked, the journal in them is.
    let place = if cfg!(unix) { folder.to_path_buf() } else { folder.join("journal.jsonl") };
    // Another look is over in a moment.
    File::open(place).is_ok_and(|file| matches!(try_hold(&file, Hold::Alone), Err(TryLockError::WouldBlock)))
}

/// Locks a folder, as [`lock`] does; the lock lasts as long as what is returned.
pub(crate) fn lock_folder(path: &Path) -> Result<(Option<File>, Option<String>)> {
    hold_folder(path, Hold::Alone)
}

/// Locks a folder for one of several processes that work in it together, against one that [`lock_folder`] locks it for.
pub(crate) fn share_folder(path: &Path) -> Result<(Option<File>, Option<String>)> {
    hold_folder(path, Hold::Shared)
}

#[cfg(unix)]
fn hold_folder(path: &Path, how: Hold) -> Result<(Option<File>, Option<String>)> {
    let folder = File::open(path).map_err(Error::io(path))?;
    let warning = hold(&folder, path, how)?;
    Ok((Some(folder), warning))
}

/// Folders cannot be locked here; the files in them that grow are.
#[cfg(not(unix))]
fn hold_folder(_: &Path, _: Hold) -> Result<(Option<File>, Option<String>)> {
    Ok((None, None))
}

/// A folder that is locked as long as this is there, where the system and its file system can.
pub(super) struct FolderLock {
    _folder: Option<File>,
}

/// Locks a folder as [`lock_folder`] does; nothing where another process holds it.
#[cfg(unix)]
pub(super) fn try_lock_folder(path: &Path) -> Result<Option<FolderLock>> {
    let folder = File::open(path).map_err(Error::io(path))?;
    let is_held = matches!(try_hold(&folder, Hold::Alone), Err(TryLockError::WouldBlock));
    Ok((!is_held).then_some(FolderLock { _folder: Some(folder) }))
}

/// Folders cannot be locked here.
#[cfg(not(unix))]
pub(super) fn try_lock_folder(_: &Path) -> Result<Option<FolderLock>> {
    Ok(Some(FolderLock { _folder: None }))
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
        look.try_lock().unwrap();
        std::thread::scope(|scope| {
            scope.spawn(move || {
                std::thread::sleep(A_LOOK);
                drop(look);
            });
            lock_folder(folder.path()).unwrap();
        });
    }

    #[cfg(unix)]
    #[test]
    fn several_processes_share_a_folder_and_keep_one_out_that_wants_it_alone() {
        let folder = tempfile::tempdir().unwrap();
        let (first, second) = (share_folder(folder.path()).unwrap(), share_folder(folder.path()).unwrap());
        assert!(is_locked(folder.path()) && try_lock_folder(folder.path()).unwrap().is_none());
        assert!(lock_folder(folder.path()).unwrap_err().to_string().contains("another process is writing here"));
        drop((first, second));
        let alone = lock_folder(folder.path()).unwrap();
        assert!(share_folder(folder.path()).unwrap_err().to_string().contains("another process is writing here"));
        drop(alone);
        assert!(try_lock_folder(folder.path()).unwrap().is_some() && !is_locked(folder.path()));
    }
}
