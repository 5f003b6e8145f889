use std::fmt;

use super::size::too_many_pixels;

/// Why a JPEG is not whole.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fault {
    /// It ends early.
    Cut,
    /// Something in it cannot be.
    Damaged(&'static str),
    /// It claims to be that wide and high.
    Huge([usize; 2]),
}

pub(super) type Result<T> = std::result::Result<T, Fault>;

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Fault::Cut => f.write_str("the JPEG is cut off (its end marker is missing)"),
            Fault::Damaged(what) => write!(f, "the JPEG is damaged ({what})"),
            Fault::Huge([width, height]) => f.write_str(&too_many_pixels(*width, *height)),
        }
    }
}
