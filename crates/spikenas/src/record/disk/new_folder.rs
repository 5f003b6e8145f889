use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use super::folder::make_folders;
use super::sync::{folder_of, sync_folder};
use crate::record::trace::{Change, note};

/// A folder that is filled beside its place, and takes it in one step once all that is in it is safely on the disk.
///
/// One that is dropped before is removed. That no other process fills a folder under the same name is the caller's to see to.
#[derive(Debug)]
pub(crate) struct NewFolder(PathBuf);

impl NewFolder {
    /// Begins an empty one. What a killed process left there goes.
    pub(crate) fn begin(beside: PathBuf) -> io::Result<Self> {
        remove_folder(&beside);
        fs::create_dir(&beside)?;
        note(|| Change::Folder(beside.clone()));
        Ok(Self(beside))
    }

    /// Makes a folder in it and those above.
    pub(crate) fn create_folder(&self, path: &Path) -> io::Result<()> {
        make_folders(&self.0.join(path), &mut |_| Ok(()))
    }

    /// Writes a new file in it, in the folders that its path names. Errors: there is one.
    pub(crate) fn write<T>(&self, path: &Path, fill: impl FnOnce(&mut dyn Write) -> io::Result<T>) -> io::Result<T> {
        self.create_folder(path.parent().unwrap_or(Path::new("")))?;
        let path = self.0.join(path);
        let mut file = File::create_new(&path)?;
        let filled = fill(&mut file)?;
        note(|| Change::Write(path.clone(), fs::read(&path).unwrap_or_default()));
        Ok(filled)
    }

    /// Gives it its place, which is in the same folder. Errors: there is something in the place already.
    pub(crate) fn finish(self, place: &Path) -> io::Result<()> {
        sync_below(&self.0)?;
        fs::rename(&self.0, place)?;
        note(|| Change::Rename(self.0.clone(), place.to_path_buf()));
        sync_folder(folder_of(place))
    }
}

impl Drop for NewFolder {
    fn drop(&mut self) {
        remove_folder(&self.0);
    }
}

/// Removes a folder with all that is in it, as far as that is possible, where there is one.
fn remove_folder(path: &Path) {
    if fs::remove_dir_all(path).is_ok() {
        note(|| Change::Remove(path.to_path_buf()));
    }
}

/// Waits until all that lies in a folder is safely on the disk: one wait for the whole file system, where a wait for each of many files
/// takes minutes.
#[cfg(target_os = "linux")]
fn sync_below(folder: &Path) -> io::Result<()> {
    rustix::fs::syncfs(File::open(folder)?)?;
    note(|| Change::SyncAll);
    Ok(())
}

/// Waits until all that lies in a folder is safely on the disk.
#[cfg(not(target_os = "linux"))]
fn sync_below(folder: &Path) -> io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            sync_below(&path)?;
        } else {
            // Some systems sync only what is open for writing.
            super::sync::sync_file(&File::options().write(true).open(&path)?, &path)?;
        }
    }
    sync_folder(folder)
}
