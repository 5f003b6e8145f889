use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{self, BufWriter, ErrorKind, Write};
use std::path::{Path, PathBuf};

use super::sync::{folder_of, sync_file, sync_folder};
use crate::record::trace::{Change, note};

/// The most processes that may write the same file at once.
const WRITERS: usize = 8;

/// Replaces a file in one step; what stood there before stays until the new content is safely on the disk.
///
/// The content is written beside the place, under a name that no other process writes to. What is no file, such as a pipe or
/// `/dev/null`, is written to where it stands.
pub(crate) fn replace(path: &Path, fill: impl FnOnce(&mut dyn Write) -> io::Result<()>) -> io::Result<()> {
    if fs::metadata(path).is_ok_and(|found| !found.is_file() && !found.is_dir()) {
        return fill(&mut OpenOptions::new().write(true).open(path)?);
    }
    remove_leftovers(path);
    let (part, file) = create_part(path)?;
    let write = || {
        let mut buffered = BufWriter::new(file);
        fill(&mut buffered)?;
        let file = buffered.into_inner().map_err(|e| e.into_error())?;
        note(|| Change::Write(part.clone(), fs::read(&part).unwrap_or_default()));
        sync_file(&file, &part)?;
        fs::rename(&part, path)
    };
    if let Err(error) = write() {
        // Half a file is useless, and the disk may be full.
        drop_part(&part);
        return Err(error);
    }
    note(|| Change::Rename(part, path.to_path_buf()));
    sync_folder(folder_of(path))
}

/// Removes a file.
pub(crate) fn remove(path: &Path) -> io::Result<()> {
    fs::remove_file(path)?;
    note(|| Change::Remove(path.to_path_buf()));
    sync_folder(folder_of(path))
}

/// Whether a name is that of an unfinished file beside the place of `name`.
pub(crate) fn is_part_of(name: &str, found: &str) -> bool {
    let middle = found.strip_prefix(name).and_then(|rest| rest.strip_suffix(".part"));
    middle.is_some_and(|middle| middle.bytes().all(|b| b == b'.' || b.is_ascii_digit()))
}

/// The `number`-th name of an unfinished file beside a place: `NAME.part`, `NAME.2.part`, …
fn part_path(path: &Path, number: usize) -> PathBuf {
    let mut part = path.as_os_str().to_owned();
    if number > 1 {
        part.push(format!(".{number}"));
    }
    part.push(".part");
    part.into()
}

/// Begins a file beside a place, and locks it for as long as it is open: what is not locked was left by a process that is gone.
///
/// It gets the first name that no other process is writing to.
fn create_part(path: &Path) -> io::Result<(PathBuf, File)> {
    for number in 1..=WRITERS {
        let part = part_path(path, number);
        let file = match OpenOptions::new().write(true).create_new(true).open(&part) {
            Err(error) if error.kind() == ErrorKind::AlreadyExists => continue,
            other => other?,
        };
        // Between these two calls another process may have taken it for a leftover.
        if matches!(file.try_lock(), Err(TryLockError::WouldBlock)) {
            continue;
        }
        match is_at(&file, &part) {
            Ok(true) => return Ok((part, file)),
            Ok(false) => {}
            Err(error) => {
                drop_part(&part);
                return Err(error);
            }
        }
    }
    Err(ErrorKind::AlreadyExists.into())
}

/// Whether an open file is the one that stands at a path.
#[cfg(unix)]
fn is_at(file: &File, path: &Path) -> io::Result<bool> {
    use std::os::unix::fs::MetadataExt;
    let open = file.metadata()?;
    match fs::metadata(path) {
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(false),
        found => found.map(|found| (found.dev(), found.ino()) == (open.dev(), open.ino())),
    }
}

/// Whether an open file is still there; elsewhere than on Unix none can be removed.
#[cfg(not(unix))]
fn is_at(_: &File, path: &Path) -> io::Result<bool> {
    path.try_exists()
}

/// Removes what killed processes left beside a place, as far as that is possible.
fn remove_leftovers(path: &Path) {
    for part in (1..=WRITERS).map(|number| part_path(path, number)) {
        let Ok(file) = File::open(&part) else { continue };
        // Its process may just have given it its place, and another have begun one of the same name.
        if file.try_lock().is_ok() && is_at(&file, &part).unwrap_or(false) {
            drop_part(&part);
        }
    }
}

/// Removes an unfinished file, as far as that is possible; whether that is safely on the disk does not matter.
fn drop_part(part: &Path) {
    if fs::remove_file(part).is_ok() {
        note(|| Change::Remove(part.to_path_buf()));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::record::trace::changes_of;

    #[cfg(unix)]
    #[test]
    fn a_file_is_safe_before_it_takes_its_place_and_its_name_after() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("record");
        let (changes, result) = changes_of(|| replace(&path, |out| out.write_all(b"new")));
        result.unwrap();
        let [
            Change::Write(part, content),
            Change::SyncFile(synced),
            Change::Rename(from, to),
            Change::SyncFolder(last),
        ] = &changes[..]
        else {
            panic!("{changes:?}")
        };
        assert_eq!((part, content.as_slice(), to), (synced, b"new".as_slice(), &path));
        assert_eq!((from, last.as_path()), (part, folder.path()));
    }

    #[cfg(unix)]
    #[test]
    fn a_device_is_written_to_and_stays() {
        replace(Path::new("/dev/null"), |out| out.write_all(b"page")).unwrap();
        assert!(!fs::metadata("/dev/null").unwrap().is_file());
    }
}
