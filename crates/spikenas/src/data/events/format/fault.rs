use std::fmt;

/// What is wrong with a recording, and where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::data::events) struct Fault {
    what: String,
    at: usize,
}

pub(super) type Result<T> = std::result::Result<T, Fault>;

impl Fault {
    /// Something at a byte of the file, or of the array or packet that `what` names.
    pub fn new(at: usize, what: impl Into<String>) -> Self {
        Self { what: what.into(), at }
    }

    /// The same, in a part of the file.
    pub fn within(self, part: &str) -> Self {
        Self { what: format!("{part}: {}", self.what), ..self }
    }

    /// The file ends within something that begins at a byte.
    pub fn cut(at: usize, what: &str) -> Self {
        Self::new(at, format!("cut off within {what}"))
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} (byte {})", self.what, self.at)
    }
}
