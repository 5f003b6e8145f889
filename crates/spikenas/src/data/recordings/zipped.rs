use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use zip::ZipArchive;

use crate::data::events::{Format, Recording};
use crate::{Error, Result};

/// Bytes that a compressed one may become at most: recordings shrink to a half or so.
const MOST_PER_BYTE: u64 = 64;

/// A zip archive of recordings, of which several threads read at once.
#[derive(Debug)]
pub(in crate::data) struct Zipped {
    path: PathBuf,
    archive: ZipArchive<Shared>,
}

impl Zipped {
    /// Errors: a file that cannot be read, or is no zip archive.
    pub fn open(path: &Path) -> Result<Self> {
        let file = File::open(path).map_err(Error::io(path))?;
        let shared = Shared { file: Arc::new(Mutex::new(file)), at: 0 };
        let archive = ZipArchive::new(shared).map_err(|e| damaged(path, &e))?;
        Ok(Self { path: path.to_path_buf(), archive })
    }

    /// Names of its files, and their numbers.
    ///
    /// Errors: a name that is no text.
    pub fn names(&self) -> Result<Vec<(String, usize)>> {
        let mut names = Vec::new();
        for index in 0..self.archive.len() {
            let name = self.archive.name_for_index(index).transpose().map_err(|e| damaged(&self.path, &e))?;
            names.extend(name.filter(|name| !name.ends_with('/')).map(|name| (name.into_owned(), index)));
        }
        Ok(names)
    }

    /// The archive, and a file in it, as a path.
    pub fn path_of(&self, index: usize) -> PathBuf {
        let name = self.archive.name_for_index(index).and_then(|name| name.ok().map(|name| name.into_owned()));
        self.path.join(name.unwrap_or_else(|| index.to_string()))
    }

    /// Errors: those of [`Recording::read`]; a file that is damaged, or becomes far longer than recordings do.
    pub fn read(&self, index: usize) -> Result<Recording> {
        let path = self.path_of(index);
        let bytes = self.bytes(index).map_err(|e| damaged(&path, &e))?;
        let named = |e: Error| Error::file(&path, e.to_string());
        let format = Format::of(&path, &bytes).map_err(named)?;
        Recording::decode(format, &bytes).map_err(named)
    }

    /// What a file in it holds.
    pub fn bytes(&self, index: usize) -> zip::result::ZipResult<Vec<u8>> {
        // Threads share the table of its files, and have a place each.
        let mut archive = self.archive.clone();
        let file = archive.by_index(index)?;
        let most = file.compressed_size().saturating_mul(MOST_PER_BYTE).saturating_add(1 << 16);
        let mut bytes = Vec::new();
        file.take(most + 1).read_to_end(&mut bytes)?;
        if bytes.len() as u64 > most {
            return Err(io::Error::other(format!("more than {MOST_PER_BYTE} times as long as compressed")).into());
        }
        Ok(bytes)
    }
}

fn damaged(path: &Path, why: &dyn std::fmt::Display) -> Error {
    Error::file(path, format!("damaged ({why}): replace or remove it"))
}

/// A place in a file that others read, too.
#[derive(Clone, Debug)]
struct Shared {
    file: Arc<Mutex<File>>,
    at: u64,
}

impl Read for Shared {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let mut file = self.file.lock().unwrap_or_else(PoisonError::into_inner);
        file.seek(SeekFrom::Start(self.at))?;
        let count = file.read(into)?;
        self.at += count as u64;
        Ok(count)
    }
}

impl Seek for Shared {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        let from = match to {
            SeekFrom::Start(at) => Some(at),
            SeekFrom::Current(by) => self.at.checked_add_signed(by),
            SeekFrom::End(by) => {
                let file = self.file.lock().unwrap_or_else(PoisonError::into_inner);
                file.metadata()?.len().checked_add_signed(by)
            }
        };
        self.at = from.ok_or_else(|| io::Error::from(io::ErrorKind::InvalidInput))?;
        Ok(self.at)
    }
}
