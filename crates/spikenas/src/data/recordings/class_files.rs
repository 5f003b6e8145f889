use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::place::Place;
use super::zipped::Zipped;
use crate::record::files::{is_folder, is_there};
use crate::{Error, Result};

/// The recordings of classes: folders of files, or an archive of such folders.
#[derive(Clone, Debug, Default)]
pub(super) struct ClassFiles {
    /// Files of each class, by their names in their order.
    pub classes: BTreeMap<String, Vec<(String, Place)>>,
    /// All that was found, or the archive.
    pub files: Vec<PathBuf>,
}

impl ClassFiles {
    /// Looks for a folder of classes, and where it is not there for its archive; none where neither is.
    ///
    /// Errors: what cannot be looked at, a damaged archive.
    pub fn find(folder: &Path, archive: &Path, extension: &str) -> Result<Option<Self>> {
        if is_folder(folder)? {
            return Self::unpacked(folder, extension).map(Some);
        }
        if is_there(archive)? { Self::packed(archive, extension).map(Some) } else { Ok(None) }
    }

    /// The files of one class, in a folder of its own; none where it is not there.
    pub fn of_class(folder: &Path, archive: &Path, class: &str, extension: &str) -> Result<Option<Self>> {
        if !is_folder(folder)? {
            return if is_there(archive)? { Self::packed(archive, extension).map(Some) } else { Ok(None) };
        }
        let mut found = Self::default();
        found.add_folder(class, folder, extension)?;
        Ok(Some(found))
    }

    fn unpacked(folder: &Path, extension: &str) -> Result<Self> {
        let mut found = Self::default();
        for (name, path) in names(folder)? {
            if is_folder(&path)? {
                found.add_folder(&name, &path, extension)?;
            }
        }
        Ok(found)
    }

    fn add_folder(&mut self, class: &str, folder: &Path, extension: &str) -> Result<()> {
        for (name, path) in names(folder)?.into_iter().filter(|(name, _)| has_extension(name, extension)) {
            self.files.push(path.clone());
            self.classes.entry(class.into()).or_default().push((name, Place::File(path)));
        }
        Ok(())
    }

    /// The files of an archive; the class of each is the folder in which it lies.
    fn packed(archive: &Path, extension: &str) -> Result<Self> {
        let zipped = Arc::new(Zipped::open(archive)?);
        let mut names = zipped.names()?;
        names.sort();
        let mut found = Self { files: vec![archive.to_path_buf()], ..Self::default() };
        for (name, index) in names.into_iter().filter(|(name, _)| has_extension(name, extension)) {
            let mut parts = name.rsplit('/');
            let (Some(file), Some(class)) = (parts.next(), parts.next()) else { continue };
            if !file.starts_with('.') && !parts.any(|part| part == "__MACOSX") {
                let place = Place::Entry(zipped.clone(), index);
                found.classes.entry(class.into()).or_default().push((file.into(), place));
            }
        }
        Ok(found)
    }
}

/// What lies in a folder and is not hidden, in the order of the names.
fn names(folder: &Path) -> Result<Vec<(String, PathBuf)>> {
    let mut names = Vec::new();
    for entry in fs::read_dir(folder).map_err(Error::io(folder))? {
        let entry = entry.map_err(Error::io(folder))?;
        names.push((entry.file_name().to_string_lossy().into_owned(), entry.path()));
    }
    names.retain(|(name, _)| !name.starts_with('.'));
    names.sort();
    Ok(names)
}

fn has_extension(name: &str, extension: &str) -> bool {
    Path::new(name).extension().is_some_and(|found| found.eq_ignore_ascii_case(extension))
}
