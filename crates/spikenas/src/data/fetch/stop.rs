use std::path::Path;

use crate::progress::Progress;
use crate::{Error, Result};

/// An error if it is asked to stop, with what is kept.
pub(super) fn check_stop(progress: &dyn Progress, kept: impl FnOnce() -> String) -> Result<()> {
    if progress.is_cancelled() { Err(Error::Interrupted(kept())) } else { Ok(()) }
}

/// What a stop leaves of a download.
pub(super) fn kept(bytes: Result<u64>, path: &Path) -> String {
    match bytes {
        Ok(0) | Err(_) => "nothing was downloaded; fetch it again".into(),
        Ok(bytes) => format!("{bytes} bytes are kept in {}; fetch it again to go on", path.display()),
    }
}
