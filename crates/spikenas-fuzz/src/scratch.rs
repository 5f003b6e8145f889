use std::path::{Path, PathBuf};

use tempfile::TempDir;

thread_local! {
    /// A folder of this thread's own, in memory where the system has such a place.
    static FOLDER: TempDir = {
        let memory = Path::new("/dev/shm");
        let folder = if memory.is_dir() { TempDir::with_prefix_in("fuzz-", memory) } else { TempDir::with_prefix("fuzz-") };
        folder.expect("a temporary folder")
    };
}

/// A place of this thread in its folder.
pub(crate) fn place(name: &str) -> PathBuf {
    FOLDER.with(|folder| folder.path().join(name))
}

/// A file that holds an input.
pub(crate) fn file(name: &str, content: &[u8]) -> PathBuf {
    let path = place(name);
    std::fs::write(&path, content).expect("a file in a temporary folder");
    path
}

/// A folder that is made by `fill` when the thread first asks for it.
pub(crate) fn folder(name: &str, fill: impl FnOnce(&Path)) -> PathBuf {
    let path = place(name);
    if !path.exists() {
        std::fs::create_dir_all(&path).expect("a folder in a temporary folder");
        fill(&path);
    }
    path
}

/// The bytes that `write` puts into a file.
pub(crate) fn written<T>(write: impl FnOnce(&Path) -> spikenas::Result<T>) -> Vec<u8> {
    let path = place("written");
    let _ = std::fs::remove_file(&path);
    write(&path).expect("the library writes what it read");
    std::fs::read(&path).expect("a file that was written")
}
