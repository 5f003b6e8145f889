use std::fs::{self, File};
use std::io::{self, BufReader, Read, Seek, Write};
use std::path::{Component, Path, PathBuf};

use flate2::read::GzDecoder;
use tar::{Archive, Entry, EntryType};

use super::stop::check_stop;
use crate::progress::Progress;
use crate::{Error, Result};

/// Unpacks the one folder of an archive into `data_dir`, in one step, and returns it. Two unpackings of one folder at once
/// are the caller's to prevent.
///
/// Errors: an archive that is damaged or holds anything but files and folders inside that folder, or a stop that was asked for;
/// then nothing is left.
pub fn unpack(
    mut file: &File,
    archive: &Path,
    folder: &str,
    data_dir: &Path,
    progress: &mut dyn Progress,
) -> Result<PathBuf> {
    file.rewind().map_err(Error::io(archive))?;
    let beside = Beside::create(data_dir, folder)?;
    let damaged = |error: io::Error| Error::file(archive, format!("damaged ({error}): remove it and try again"));
    progress.begin("unpacking (files)", 0);
    for entry in Archive::new(GzDecoder::new(BufReader::new(file))).entries().map_err(damaged)? {
        let mut entry = entry.map_err(damaged)?;
        let path = place(&entry, folder).map_err(|reason| Error::file(archive, reason))?;
        let path = beside.0.join(path);
        if entry.header().entry_type() == EntryType::Directory {
            fs::create_dir_all(&path).map_err(Error::io(&path))?;
        } else {
            let size = fs::metadata(archive).map_or(0, |m| m.len());
            let kept = || format!("{size} bytes are kept in {}; fetch it again to go on", archive.display());
            write_file(&mut entry, &path, || check_stop(progress, kept))?;
        }
        progress.advance(1, "");
    }
    progress.end();
    let unpacked = beside.0.join(folder);
    if !unpacked.is_dir() {
        return Err(Error::file(archive, format!("holds no folder {folder}: remove it and try again")));
    }
    let target = data_dir.join(folder);
    fs::rename(unpacked, &target).map_err(Error::io(&target))?;
    Ok(target)
}

/// A folder beside the one to be, which goes when it is dropped.
struct Beside(PathBuf);

impl Beside {
    fn create(data_dir: &Path, folder: &str) -> Result<Self> {
        let path = data_dir.join(format!(".{folder}.unpacking"));
        // What a killed process left.
        let _ = fs::remove_dir_all(&path);
        fs::create_dir(&path).map_err(Error::io(&path))?;
        Ok(Self(path))
    }
}

impl Drop for Beside {
    fn drop(&mut self) {
        // It was moved, or nobody can help.
        let _ = fs::remove_dir_all(&self.0);
    }
}

/// Where an entry belongs: a file or folder inside `folder`. Anything else is refused, with the reason.
fn place<R: Read>(entry: &Entry<'_, R>, folder: &str) -> std::result::Result<PathBuf, String> {
    /// No system has longer paths, and a message with one helps nobody.
    const LONGEST: usize = 4096;
    let length = entry.path_bytes().len();
    if length > LONGEST {
        return Err(format!("an entry has a name of {length} bytes, {LONGEST} are the most: remove it and try again"));
    }
    let path = entry.path().map_err(|error| error.to_string())?;
    let kind = entry.header().entry_type();
    if !matches!(kind, EntryType::Regular | EntryType::Directory) {
        return Err(format!("entry {path:?} is no file or folder but {kind:?}: nothing was unpacked"));
    }
    let inside = path.components().all(|part| matches!(part, Component::Normal(_))) && path.starts_with(folder);
    if inside {
        Ok(path.into_owned())
    } else {
        Err(format!("entry {path:?} lies outside {folder}: nothing was unpacked"))
    }
}

/// Writes a new file, safely on the disk: the folder is renamed into place only after that. `check` may end it halfway.
fn write_file(content: &mut impl Read, path: &Path, check: impl Fn() -> Result<()>) -> Result<()> {
    path.parent().map_or(Ok(()), fs::create_dir_all).map_err(Error::io(path))?;
    let mut file = File::create_new(path).map_err(Error::io(path))?;
    let mut buffer = vec![0; 1 << 16];
    loop {
        check()?;
        match content.read(&mut buffer).map_err(Error::io(path))? {
            0 => return file.sync_all().map_err(Error::io(path)),
            count => file.write_all(&buffer[..count]).map_err(Error::io(path))?,
        }
    }
}
