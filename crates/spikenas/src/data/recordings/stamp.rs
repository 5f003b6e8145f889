use std::fs::{self, File};
use std::io::Read;
use std::path::Path;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use rayon::prelude::*;

use super::collection::Collection;
use super::pace::{AT_A_TIME, check_stop};
use crate::progress::Progress;
use crate::random::fingerprint;
use crate::{Error, Result};

/// A file that was written less than this before another may have been written again since, with no later time.
const CLOCK: Duration = Duration::from_secs(2);

/// What the files of a collection look like from outside.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Stamp {
    /// Stands for names, sizes and times of change of all.
    pub print: String,
    /// When the last of them was changed.
    newest: SystemTime,
}

impl Stamp {
    /// Errors: a file that cannot be looked at.
    pub fn of(collection: &Collection) -> Result<Self> {
        let looked: Vec<(u64, SystemTime)> =
            collection.files.iter().map(|path| look(collection, path)).collect::<Result<_>>()?;
        let newest = looked.iter().map(|(_, changed)| *changed).max().unwrap_or(UNIX_EPOCH);
        Ok(Self { print: print(looked.into_iter().map(|(print, _)| print)), newest })
    }

    /// Whether the files had these times well before another was written, so that equal times mean equal files.
    pub fn is_older_than(&self, file: &Path) -> bool {
        let written = fs::metadata(file).and_then(|found| found.modified());
        written.is_ok_and(|written| written.duration_since(self.newest).is_ok_and(|age| age > CLOCK))
    }
}

/// Stands for the name, size and time of change of a file.
fn look(collection: &Collection, path: &Path) -> Result<(u64, SystemTime)> {
    let found = fs::metadata(path).map_err(Error::io(path))?;
    let changed = found.modified().map_err(Error::io(path))?;
    let nanoseconds = changed.duration_since(UNIX_EPOCH).map_or(0, |since| since.as_nanos());
    let text = format!("{} {} {nanoseconds}", name(collection, path), found.len());
    Ok((fingerprint(text.bytes()), changed))
}

/// Stands for the names and the content of all files; all of them are read.
///
/// Errors: a file that cannot be read, a stop that was asked for.
pub(super) fn content(collection: &Collection, progress: &mut dyn Progress) -> Result<String> {
    let mut prints = Vec::with_capacity(collection.files.len());
    progress.begin("comparing recordings with those that the frames are of", collection.files.len());
    for files in collection.files.chunks(AT_A_TIME) {
        check_stop(progress)?;
        let checked: Vec<Result<u64>> = files
            .par_iter()
            .map(|path| Ok(fingerprint(format!("{} {:08x}", name(collection, path), checksum(path)?).bytes())))
            .collect();
        prints.extend(checked.into_iter().collect::<Result<Vec<u64>>>()?);
        progress.advance(files.len(), "");
    }
    progress.end();
    Ok(print(prints))
}

/// A path from the folder of a collection on.
fn name(collection: &Collection, path: &Path) -> String {
    path.strip_prefix(&collection.folder).unwrap_or(path).display().to_string()
}

fn print(parts: impl IntoIterator<Item = u64>) -> String {
    format!("{:016x}", fingerprint(parts.into_iter().flat_map(u64::to_le_bytes)))
}

/// CRC-32 of a file.
fn checksum(path: &Path) -> Result<u32> {
    let mut file = File::open(path).map_err(Error::io(path))?;
    let (mut hasher, mut buffer) = (crc32fast::Hasher::new(), vec![0; 1 << 18]);
    loop {
        match file.read(&mut buffer).map_err(Error::io(path))? {
            0 => return Ok(hasher.finalize()),
            count => hasher.update(&buffer[..count]),
        }
    }
}
