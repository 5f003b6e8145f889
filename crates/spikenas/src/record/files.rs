//! Files that are complete or absent, and the difference between "not there" and "cannot be read".

use std::fs::{self, File};
use std::io::{self, ErrorKind, Write};
use std::path::Path;

use serde::de::DeserializeOwned;

use super::disk;
use crate::{Error, Result};

/// Replaces a file in one step; what stood there before stays until the new content is safely on the disk.
pub fn write_atomically(path: &Path, fill: impl FnOnce(&mut dyn Write) -> io::Result<()>) -> Result<()> {
    disk::replace(path, fill).map_err(Error::io(path))
}

/// Writes a text file in one step.
pub fn write_text(path: &Path, text: &str) -> Result<()> {
    write_atomically(path, |out| out.write_all(text.as_bytes()))
}

/// Copies a file in one step.
pub(crate) fn copy(from: &Path, to: &Path) -> Result<()> {
    let mut source = File::open(from).map_err(Error::io(from))?;
    write_atomically(to, |out| io::copy(&mut source, out).map(drop))
}

/// Removes a file.
pub(crate) fn remove(path: &Path) -> Result<()> {
    disk::remove(path).map_err(Error::io(path))
}

/// Whether there is a file or folder.
///
/// Errors: the system cannot tell (no access, a broken disk, links in a circle), or there is a link that leads nowhere, as one to
/// a disk that is not mounted does.
pub fn is_there(path: &Path) -> Result<bool> {
    if path.try_exists().map_err(Error::io(path))? {
        return Ok(true);
    }
    match fs::symlink_metadata(path) {
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(false),
        Err(error) => Err(Error::io(path)(error)),
        Ok(_) => Err(Error::file(path, "is a link to something that is not there: mend or remove it")),
    }
}

/// Whether there is a folder. Errors: it cannot be looked at.
pub fn is_folder(path: &Path) -> Result<bool> {
    match fs::metadata(path) {
        Ok(found) => Ok(found.is_dir()),
        Err(e) if matches!(e.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) => Ok(false),
        Err(e) => Err(Error::io(path)(e)),
    }
}

/// Reads a file, where there is one. Errors: those of [`is_there`], a file that cannot be read.
pub fn read_if_there(path: &Path) -> Result<Option<Vec<u8>>> {
    Ok(if is_there(path)? { Some(fs::read(path).map_err(Error::io(path))?) } else { None })
}

/// Reads a text file.
pub fn read_text(path: &Path) -> Result<String> {
    fs::read_to_string(path).map_err(Error::io(path))
}

/// Reads a text file, where there is one.
pub fn read_text_if_there(path: &Path) -> Result<Option<String>> {
    Ok(if is_there(path)? { Some(read_text(path)?) } else { None })
}

/// Reads TOML that stands in a file. Errors name the file, and the line where it is malformed.
pub(crate) fn parse_toml<T: DeserializeOwned>(path: &Path, text: &str) -> Result<T> {
    toml::from_str(text).map_err(|e| {
        let line = e.span().map_or(0, |span| text[..span.start.min(text.len())].lines().count().max(1));
        Error::file(path, format!("line {line}: {}", e.message().trim().replace('\n', " ")))
    })
}

/// Writes files into a new folder, which is there with all of them or not at all.
///
/// Errors: there is something in its place.
pub fn write_folder(folder: &Path, contents: &[(&str, &str)]) -> Result<()> {
    let (above, name) = (folder.parent().unwrap_or(Path::new("")), folder.file_name().unwrap_or_default());
    create_folder(above)?;
    let beside = above.join(format!(".{}.part", name.display()));
    let write = || {
        let made = disk::NewFolder::begin(beside)?;
        for (name, text) in contents {
            made.write(Path::new(name), |out| out.write_all(text.as_bytes()))?;
        }
        made.finish(folder)
    };
    write().map_err(Error::io(folder))
}

/// Makes a folder and those above it.
pub fn create_folder(path: &Path) -> Result<()> {
    disk::create_folder(path).map_err(Error::io(path))
}

/// Whether a folder holds nothing, or only what a process left that was killed as it wrote the file `first` there.
///
/// Errors: a folder, or an entry of it, that cannot be read.
pub(crate) fn is_unused(folder: &Path, first: &str) -> Result<bool> {
    for entry in fs::read_dir(folder).map_err(Error::io(folder))? {
        let name = entry.map_err(Error::io(folder))?.file_name();
        if !name.to_str().is_some_and(|found| disk::is_part_of(first, found)) {
            return Ok(false);
        }
    }
    Ok(true)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(folder: &Path) -> Vec<String> {
        let entries = fs::read_dir(folder).unwrap();
        let mut names: Vec<_> = entries.map(|e| e.unwrap().file_name().into_string().unwrap()).collect();
        names.sort();
        names
    }

    #[test]
    fn a_write_that_fails_leaves_the_old_file_and_nothing_else() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("record");
        write_atomically(&path, |out| out.write_all(b"old")).unwrap();
        let full = |out: &mut dyn Write| {
            out.write_all(&[0; 100_000])?;
            Err(ErrorKind::StorageFull.into())
        };
        assert!(write_atomically(&path, full).unwrap_err().to_string().contains("record"));
        assert_eq!(read_text(&path).unwrap(), "old");
        assert_eq!(names(folder.path()), ["record"]);
    }

    #[test]
    fn what_a_killed_writer_left_goes_and_what_another_is_writing_stays() {
        let folder = tempfile::tempdir().unwrap();
        let place = |name: &str| folder.path().join(name);
        for name in ["record.part", "record.3.part", "record.old.part", "other.part"] {
            fs::write(place(name), "half").unwrap();
        }
        let live = File::create(place("record.2.part")).unwrap();
        live.lock().unwrap();
        assert!(!is_unused(folder.path(), "record").unwrap());
        write_text(&place("record"), "whole").unwrap();
        assert_eq!(names(folder.path()), ["other.part", "record", "record.2.part", "record.old.part"]);
    }

    #[test]
    fn two_writers_of_one_file_do_not_disturb_each_other() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("page");
        let write = |content: u8| {
            (0..100).for_each(|_| write_atomically(&path, |out| out.write_all(&[content; 5000])).unwrap())
        };
        std::thread::scope(|scope| (0..3).for_each(|content| _ = scope.spawn(move || write(content))));
        let content = fs::read(&path).unwrap();
        assert!(content.len() == 5000 && content.iter().all(|b| *b == content[0]));
        assert_eq!(names(folder.path()), ["page"]);
    }

    #[cfg(unix)]
    #[test]
    fn what_cannot_be_looked_at_is_not_taken_for_absent() {
        use std::os::unix::fs::symlink;
        let folder = tempfile::tempdir().unwrap();
        let place = |name: &str| folder.path().join(name);
        assert!(!is_there(&place("nothing")).unwrap() && read_if_there(&place("nothing/here")).unwrap().is_none());
        symlink(place("circle"), place("circle")).unwrap();
        symlink(place("nothing"), place("nowhere")).unwrap();
        fs::write(place("file"), "").unwrap();
        for name in ["circle", "nowhere", "file/below"] {
            for error in [is_there(&place(name)).map(drop), read_text_if_there(&place(name)).map(drop)] {
                assert!(error.unwrap_err().to_string().contains(name), "{name}");
            }
        }
    }
}
