#[cfg(feature = "fetch")]
use std::fs;
use std::fs::{File, OpenOptions};
use std::io::{self, ErrorKind, Read, Write};
use std::path::{Path, PathBuf};

use super::sync::{folder_of, sync_file, sync_folder};
use crate::record::trace::{Change, note};

/// A file that grows at its end.
#[derive(Debug)]
pub(crate) struct Growing {
    path: PathBuf,
    file: File,
}

impl Growing {
    /// Opens a file, or begins an empty one.
    pub(crate) fn open(path: &Path) -> io::Result<Self> {
        let file = OpenOptions::new().read(true).append(true).create(true).open(path)?;
        note(|| Change::Begin(path.to_path_buf()));
        Ok(Self { path: path.to_path_buf(), file })
    }

    /// Begins a file that no other process has begun; nothing where there is one.
    pub(crate) fn begin(path: &Path) -> io::Result<Option<Self>> {
        let file = match OpenOptions::new().append(true).create_new(true).open(path) {
            Err(error) if error.kind() == ErrorKind::AlreadyExists => return Ok(None),
            file => file?,
        };
        note(|| Change::Begin(path.to_path_buf()));
        Ok(Some(Self { path: path.to_path_buf(), file }))
    }

    /// The open file, to be locked and read.
    pub(crate) fn file(&self) -> &File {
        &self.file
    }

    /// Bytes that it holds.
    #[cfg(feature = "fetch")]
    pub(crate) fn length(&self) -> io::Result<u64> {
        self.file.metadata().map(|found| found.len())
    }

    /// All that it holds.
    pub(crate) fn read(&mut self) -> io::Result<Vec<u8>> {
        let mut content = Vec::new();
        self.file.read_to_end(&mut content)?;
        Ok(content)
    }

    /// Adds to the end, in one call to the system: a kill leaves all of it, and only a full disk a part.
    pub(crate) fn append(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.file.write_all(bytes)?;
        note(|| Change::Append(self.path.clone(), bytes.to_vec()));
        Ok(())
    }

    /// Drops what stands behind a length.
    pub(crate) fn cut(&mut self, length: u64) -> io::Result<()> {
        // Through another handle: some systems let one that appends do nothing else.
        OpenOptions::new().write(true).open(&self.path)?.set_len(length)?;
        note(|| Change::Cut(self.path.clone(), length as usize));
        Ok(())
    }

    /// Gives a file its place, with all that it holds; what stood there goes.
    #[cfg(feature = "fetch")]
    pub(crate) fn settle(self, at: &Path) -> io::Result<()> {
        sync_file(&self.file, &self.path)?;
        fs::rename(&self.path, at)?;
        note(|| Change::Rename(self.path.clone(), at.to_path_buf()));
        sync_folder(folder_of(at))
    }

    /// Waits until everything is safely on the disk, its name included.
    pub(crate) fn sync(&mut self) -> io::Result<()> {
        sync_file(&self.file, &self.path)?;
        sync_folder(folder_of(&self.path))
    }
}
