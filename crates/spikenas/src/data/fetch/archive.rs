use std::fs::File;
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::checksum::md5_sum;
use super::download::Download;
use super::fetched::Fetched;
use super::origin::{Origin, lock};
use super::recordings;
use super::unpack::unpack;
use crate::data::cifar::Layout;
use crate::data::recordings::NamedRecordings;
use crate::data::{Contents, Source, check};
use crate::progress::Progress;
use crate::record::files;
use crate::{Error, Result, nearest};

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

/// Brings a dataset into `data_dir`, unless it is there: CIFAR-10 or CIFAR-100, which are unpacked, or one of recordings that its authors
/// let anybody download, of which the archives are read as they are.
///
/// `from` is another address of the same archive, or its path on this machine, plain or as `file://`: its checksum must be the
/// official one. Where there are several archives it is what leads to their names: the folder in which they lie.
///
/// Errors: a source that cannot be fetched, a partial copy in the way, a download that fails after five tries, a wrong
/// checksum, a full disk; and a stop that was asked for, within a fraction of a second: the bytes that have come are kept.
pub fn fetch(source: &Source, data_dir: &Path, from: Option<&str>, progress: &mut dyn Progress) -> Result<Fetched> {
    if let Some(named) = NamedRecordings::of(source) {
        return recordings::fetch(named, data_dir, from, progress);
    }
    let (archive, layout) = Archive::of(source).zip(Layout::of(source)).ok_or_else(|| cannot_be_fetched(source))?;
    let folder = data_dir.join(layout.folder);
    if folder.exists() {
        let found = already_there(check(source, data_dir), folder)?;
        archive.remove_leftover(data_dir);
        return Ok(found);
    }
    let archive = match from {
        Some(url) => Archive { url: url.into(), ..archive },
        None => archive,
    };
    archive.fetch(data_dir, progress).map(Fetched::Downloaded)
}

fn cannot_be_fetched(source: &Source) -> Error {
    let name = source.to_string();
    let of_recordings = NamedRecordings::all().into_iter().filter(|named| named.can_be_fetched());
    let known: Vec<&str> =
        ["cifar10", "cifar100"].into_iter().chain(of_recordings.map(|named| named.source.name())).collect();
    let near = nearest(&name, known.iter().copied());
    let meant = near.map_or(String::new(), |near| format!("did you mean {near}? "));
    Error::invalid(format!("data '{name}' cannot be fetched: {meant}give one of {}", known.join(", ")))
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
            _ => return None,
        };
        let url = format!("https://www.cs.toronto.edu/~kriz/{name}");
        Some(Self { name, url, md5: md5.into(), folder, pause: Duration::from_secs(2) })
    }

    /// Downloads, or opens what is on this machine, and unpacks; returns the folder.
    pub(super) fn fetch(&self, data_dir: &Path, progress: &mut dyn Progress) -> Result<PathBuf> {
        let origin = Origin::of(&self.url)?;
        files::create_folder(data_dir)?;
        let part_path = data_dir.join(format!("{}.part", self.name));
        let part = lock(&part_path)?;
        let folder = match origin {
            Origin::Web(url) => {
                let archive = Download::new(url, &part_path, part).run(&self.md5, self.pause, progress)?;
                unpack(archive.file(), &part_path, self.folder, data_dir, progress)?
            }
            Origin::Local(path) => self.unpack_local(&path, data_dir, progress).inspect_err(|_| {
                // The lock of this attempt; what a download left stays.
                if part.length().is_ok_and(|length| length == 0) {
                    let _ = files::remove(&part_path);
                }
            })?,
        };
        files::remove(&part_path)?;
        Ok(folder)
    }

    /// Removes the archive that a process left which was killed after it had unpacked it, unless another one uses it.
    pub(super) fn remove_leftover(&self, data_dir: &Path) {
        let path = data_dir.join(format!("{}.part", self.name));
        // What cannot be removed is in nobody's way.
        if path.is_file() && lock(&path).is_ok() {
            let _ = files::remove(&path);
        }
    }

    /// Checks and unpacks an archive on this machine, which stays as it is.
    fn unpack_local(&self, path: &Path, data_dir: &Path, progress: &mut dyn Progress) -> Result<PathBuf> {
        let file = File::open(path).map_err(Error::io(path))?;
        let found = md5_sum(&file, path, progress, || NOTHING_UNPACKED.into())?;
        if found != self.md5 {
            return Err(Error::file(path, format!("md5 sum {found}, not {}: this is not {}", self.md5, self.name)));
        }
        unpack(&file, path, self.folder, data_dir, progress)
    }
}

const NOTHING_UNPACKED: &str = "nothing was unpacked; fetch it again";
