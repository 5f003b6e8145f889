use std::path::{Path, PathBuf};
use std::time::Duration;

use super::download::Download;
use super::unpack::unpack;
use crate::data::cifar::Layout;
use crate::data::{Contents, Source, check};
use crate::record::files;
use crate::{Error, Result};

/// The folder of a dataset that is now complete, and whether it was downloaded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fetched {
    /// It was complete before.
    AlreadyThere(PathBuf),
    /// It was downloaded.
    Downloaded(PathBuf),
}

/// A compressed archive that holds one folder.
pub(super) struct Archive {
    /// Its file name.
    pub(super) name: &'static str,
    /// Where to get it.
    pub(super) url: String,
    /// MD5 sum of the file, in hexadecimal.
    pub(super) md5: String,
    /// The folder in it.
    pub(super) folder: &'static str,
    /// How long to wait before the second try; before the third, twice as long, and so on.
    pub(super) pause: Duration,
}

/// Brings CIFAR-10 or CIFAR-100 into `data_dir`, unless it is there.
///
/// `from` is another address of the same archive: its checksum must be the official one. `progress` is told the bytes
/// that are there and the size of the whole, if the server gave it.
///
/// Errors: a source that cannot be fetched, a partial copy in the way, a download that fails after five tries, a wrong
/// checksum, a full disk.
pub fn fetch(
    source: &Source,
    data_dir: &Path,
    from: Option<&str>,
    progress: &mut dyn FnMut(u64, Option<u64>),
) -> Result<Fetched> {
    let (archive, layout) = Archive::of(source)
        .zip(Layout::of(source))
        .ok_or_else(|| Error::invalid(format!("data '{source}' cannot be fetched: give cifar10 or cifar100")))?;
    let folder = data_dir.join(layout.folder);
    if folder.exists() {
        return already_there(check(source, data_dir), folder);
    }
    let archive = match from {
        Some(url) => Archive { url: url.into(), ..archive },
        None => archive,
    };
    archive.fetch(data_dir, progress).map(Fetched::Downloaded)
}

/// A complete copy is kept; anything else is an error, left for its owner to judge.
pub(super) fn already_there(report: Result<Contents>, folder: PathBuf) -> Result<Fetched> {
    let reason = match report {
        Ok(report) if report.complete => return Ok(Fetched::AlreadyThere(folder)),
        Ok(Contents { train, test, .. }) => format!("a partial copy of {} + {} images", train.images, test.images),
        Err(error) => format!("there, but not readable ({error})"),
    };
    Err(Error::file(folder, format!("{reason}: move it away or give another folder")))
}

impl Archive {
    /// The official archive of a source, if it has one.
    fn of(source: &Source) -> Option<Self> {
        let (name, md5, folder) = match source {
            Source::Cifar10 => ("cifar-10-binary.tar.gz", "c32a1d4ab5d03f1284b67883e8d87530", Layout::CIFAR10.folder),
            Source::Cifar100 => {
                ("cifar-100-binary.tar.gz", "03b5dce01913d631647c71ecec9e9cb8", Layout::CIFAR100.folder)
            }
            Source::Sample | Source::Folder(_) => return None,
        };
        let url = format!("https://www.cs.toronto.edu/~kriz/{name}");
        Some(Self { name, url, md5: md5.into(), folder, pause: Duration::from_secs(2) })
    }

    /// Downloads and unpacks; returns the folder.
    pub(super) fn fetch(&self, data_dir: &Path, progress: &mut dyn FnMut(u64, Option<u64>)) -> Result<PathBuf> {
        if !(self.url.starts_with("https://") || self.url.starts_with("http://")) {
            return Err(Error::invalid(format!("address '{}': give one with https:// or http://", self.url)));
        }
        files::create_folder(data_dir)?;
        let part = data_dir.join(format!("{}.part", self.name));
        let file = Download::open(&self.url, &part)?.run(&self.md5, self.pause, progress)?;
        let folder = unpack(file, &part, self.folder, data_dir)?;
        std::fs::remove_file(&part).map_err(Error::io(&part))?;
        Ok(folder)
    }
}
