use std::fs::TryLockError;
use std::path::{Path, PathBuf};

use crate::record::Growing;
use crate::{Error, Result};

/// Where an archive is.
pub(super) enum Origin<'a> {
    Web(&'a str),
    Local(PathBuf),
}

impl<'a> Origin<'a> {
    pub(super) fn of(address: &'a str) -> Result<Self> {
        match address.split_once("://") {
            Some(("http" | "https", _)) => Ok(Self::Web(address)),
            Some(("file", path)) => Ok(Self::Local(path.strip_prefix("localhost").unwrap_or(path).into())),
            None if !address.is_empty() => Ok(Self::Local(address.into())),
            _ => Err(Error::invalid(format!(
                "address '{address}': give one with https:// or http://, or the path of the archive"
            ))),
        }
    }
}

/// Opens the part file, with what an earlier download left in it, and locks it against others.
pub(super) fn lock(path: &Path) -> Result<Growing> {
    let part = Growing::open(path).map_err(Error::io(path))?;
    // Some file systems have no locks: only the protection is lost there.
    if let Err(TryLockError::WouldBlock) = part.file().try_lock() {
        return Err(Error::file(path, "another download writes to this file: wait for its end"));
    }
    Ok(part)
}
