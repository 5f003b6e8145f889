//! What an operation does to the disk, in order. Only tests look at it; elsewhere nothing is noted.

#[cfg(test)]
use std::cell::RefCell;
use std::path::PathBuf;

/// A change of the disk, or a wait until changes are safe there.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(not(test), allow(dead_code, reason = "tests read it"))]
pub(crate) enum Change {
    /// A new file with this content.
    Write(PathBuf, Vec<u8>),
    /// An empty file, where there is none.
    Begin(PathBuf),
    /// Bytes at the end of a file.
    Append(PathBuf, Vec<u8>),
    /// A file loses what stands behind a length.
    Cut(PathBuf, usize),
    /// A file, or a folder with all that is in it, takes another name.
    Rename(PathBuf, PathBuf),
    /// A file, or a folder with all that is in it, goes.
    Remove(PathBuf),
    /// A new folder.
    Folder(PathBuf),
    /// The content of a file is safe.
    SyncFile(PathBuf),
    /// The names in a folder are safe.
    SyncFolder(PathBuf),
    /// Everything is safe.
    SyncAll,
}

#[cfg(test)]
thread_local! {
    static CHANGES: RefCell<Option<Vec<Change>>> = const { RefCell::new(None) };
}

/// Notes a change that was made.
#[cfg(test)]
pub(super) fn note(change: impl FnOnce() -> Change) {
    CHANGES.with_borrow_mut(|changes| {
        if let Some(changes) = changes {
            changes.push(change());
        }
    });
}

#[cfg(not(test))]
pub(super) fn note(_: impl FnOnce() -> Change) {}

/// What an operation does to the disk on this thread.
#[cfg(test)]
pub(crate) fn changes_of<T>(operation: impl FnOnce() -> T) -> (Vec<Change>, T) {
    CHANGES.set(Some(Vec::new()));
    let result = operation();
    (CHANGES.take().unwrap_or_default(), result)
}
