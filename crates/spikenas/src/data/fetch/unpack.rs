use std::fs::File;
use std::io::{self, BufReader, Read, Seek, Write};
use std::path::{Component, Path, PathBuf};

use flate2::read::GzDecoder;
use tar::{Archive, Entry, EntryType};

use super::stop::check_stop;
use crate::progress::Progress;
use crate::record::NewFolder;
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
    let size = file.metadata().map_err(Error::io(archive))?.len();
    let beside = data_dir.join(format!(".{folder}.unpacking"));
    let unpacked = NewFolder::begin(beside.clone()).map_err(Error::io(&beside))?;
    let damaged = |error: io::Error| Error::file(archive, format!("damaged ({error}): remove it and try again"));
    let kept = || format!("{size} bytes are kept in {}; fetch it again to go on", archive.display());
    let mut is_empty = true;
    let mut buffer = vec![0; 1 << 16];
    progress.begin("unpacking (files)", 0);
    for entry in Archive::new(GzDecoder::new(BufReader::new(file))).entries().map_err(damaged)? {
        let mut entry = entry.map_err(damaged)?;
        let path = place(&entry, folder).map_err(|reason| Error::file(archive, reason))?;
        let at = beside.join(&path);
        if entry.header().entry_type() == EntryType::Directory {
            unpacked.create_folder(&path).map_err(Error::io(&at))?;
        } else {
            let copy = |out: &mut dyn Write| loop {
                match check_stop(progress, kept).and_then(|()| entry.read(&mut buffer).map_err(damaged)) {
                    Ok(0) => return Ok(Ok(())),
                    Ok(count) => out.write_all(&buffer[..count])?,
                    Err(error) => return Ok(Err(error)),
                }
            };
            unpacked.write(&path, copy).map_err(Error::io(&at))??;
        }
        is_empty = false;
        progress.advance(1, "");
    }
    progress.end();
    if is_empty {
        return Err(Error::file(archive, format!("holds no folder {folder}: remove it and try again")));
    }
    let target = data_dir.join(folder);
    unpacked.finish(&target).map_err(Error::io(&target))?;
    Ok(target)
}

/// Where in `folder` an entry belongs: a file or a folder. Anything else is refused, with the reason.
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
    let is_plain = path.components().all(|part| matches!(part, Component::Normal(_)));
    match path.strip_prefix(folder) {
        Ok(inside) if is_plain => Ok(inside.to_path_buf()),
        _ => Err(format!("entry {path:?} lies outside {folder}: nothing was unpacked")),
    }
}
