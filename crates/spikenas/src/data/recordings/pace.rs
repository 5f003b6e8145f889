use crate::progress::Progress;
use crate::{Error, Result};

/// Recordings between two looks at whether to stop.
pub(super) const AT_A_TIME: usize = 64;

/// Errors: it is asked to stop.
pub(super) fn check_stop(progress: &dyn Progress) -> Result<()> {
    if progress.is_cancelled() {
        return Err(Error::Interrupted("no frames are kept; repeat the command to count them".into()));
    }
    Ok(())
}
