use std::io::ErrorKind;
use std::path::{Path, PathBuf};

/// What else makes room in a budget, before the last way.
fn other_ways(scope: &str) -> &'static str {
    if scope == "network" { ", lower the hidden layer, raise the last pooling, or " } else { " or " }
}

/// What makes room in a memory of a device.
fn device_ways(what: &str) -> &'static str {
    match what {
        "bytes of RAM" => ": raise the RAM, lower the first width, or show fewer timesteps",
        "bytes of flash" => ": raise the flash, lower the bits, or lower the widths",
        _ => ": lower the widths, or take another chip",
    }
}

/// Errors, in one line each: what went wrong, where, and how to fix it.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A value that a person gave is malformed or out of range.
    #[error("{0}")]
    Invalid(String),
    /// No candidate of the search space fits the budget.
    #[error(
        "no architecture of {count} fits {budget} parameters ({scope}); the smallest needs {smallest}: raise the budget{}lower the widths",
        other_ways(.scope)
    )]
    Infeasible {
        /// Candidates of the space.
        count: usize,
        /// The budget in parameters.
        budget: u64,
        /// What the budget counts: `backbone` or `network`.
        scope: &'static str,
        /// Parameters of the smallest candidate, counted alike.
        smallest: u64,
    },
    /// No network fits the budget, whatever its sizes and its cells.
    #[error(
        "no network fits {budget} parameters ({scope}), at any widths: the smallest needs {smallest}, raise the budget"
    )]
    TooSmall {
        /// The budget in parameters.
        budget: u64,
        /// What the budget counts: `backbone` or `network`.
        scope: &'static str,
        /// Parameters of the smallest network, counted alike.
        smallest: u64,
    },
    /// No network fits a limit of the device, whatever its cells.
    #[error("no network fits {limit} {what}, weights of {bits} bits: the smallest needs {smallest}, {} more{}", smallest - limit, device_ways(.what))]
    Device {
        /// Of what: `bytes of flash`.
        what: String,
        /// The most.
        limit: u64,
        /// What the smallest network needs.
        smallest: u64,
        /// Bits of a weight.
        bits: u32,
    },
    /// The system refused a file operation.
    #[error("{}: {source}", path.display())]
    Io {
        /// The file or folder.
        path: PathBuf,
        /// The system's error.
        source: std::io::Error,
    },
    /// A file does not hold what it should.
    #[error("{}: {reason}", path.display())]
    File {
        /// The file or folder.
        path: PathBuf,
        /// What is wrong with it, and a way out.
        reason: String,
    },
    /// A download failed.
    #[error("{url}: {reason}")]
    Download {
        /// The address.
        url: String,
        /// What went wrong.
        reason: String,
    },
    /// A computation gave a value that is not a number.
    #[error("{0}")]
    NotFinite(String),
    /// There is too little memory.
    #[error("{0}")]
    Memory(String),
    /// A training came to values from which no step leads back.
    #[error("{0}")]
    Diverged(String),
    /// The user asked to stop; what was done so far is kept.
    #[error("interrupted: {0}")]
    Interrupted(String),
}

/// [`std::result::Result`] with this crate's [`Error`].
pub type Result<T> = std::result::Result<T, Error>;

impl Error {
    /// An [`Error::Invalid`] with this message.
    pub fn invalid(message: impl Into<String>) -> Self {
        Error::Invalid(message.into())
    }

    /// An [`Error::Invalid`] about a name that is none of the known ones: it asks whether the nearest was meant, and lists all.
    pub fn unknown<'a>(what: &str, name: &str, known: impl IntoIterator<Item = &'a str>) -> Self {
        let known: Vec<&str> = known.into_iter().collect();
        let meant = nearest(name, known.iter().copied()).map_or(String::new(), |near| format!("did you mean {near}? "));
        Self::invalid(format!("unknown {what} `{name}`: {meant}choose from {}", known.join(", ")))
    }

    /// An [`Error::File`] about this path.
    pub fn file(path: impl AsRef<Path>, reason: impl Into<String>) -> Self {
        Error::File { path: path.as_ref().to_path_buf(), reason: reason.into() }
    }

    /// Turns the system's error about a path into an [`Error::Io`]; for `map_err`.
    pub fn io(path: impl AsRef<Path>) -> impl FnOnce(std::io::Error) -> Error {
        let path = path.as_ref().to_path_buf();
        move |source| Error::Io { path, source }
    }

    /// Turns the system's error about a path into an [`Error::File`] that says what was expected there, where nothing is, and into
    /// an [`Error::Io`] otherwise; for `map_err`.
    pub fn io_or_absent(path: impl AsRef<Path>, expected: &str) -> impl FnOnce(std::io::Error) -> Error {
        let (path, expected) = (path.as_ref().to_path_buf(), expected.to_string());
        move |source| match source.kind() {
            ErrorKind::NotFound => Error::file(path, expected),
            _ => Error::io(path)(source),
        }
    }

    /// Whether the user gave wrong input (exit status 2) rather than something having failed (1).
    pub fn is_usage(&self) -> bool {
        matches!(self, Error::Invalid(_))
    }
}

/// The known name that a mistyped one is nearest to, if there is one so near that it may have been meant: a third of its letters
/// changed, left out, added or swapped, at most.
///
/// ```
/// use spikenas::nearest;
///
/// assert_eq!(nearest("fnunel", ["sahd", "funnel"]), Some("funnel"));
/// assert_eq!(nearest("beauty", ["sahd", "funnel"]), None);
/// ```
pub fn nearest<'a>(name: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    // A name is no longer than this; more would only take time.
    const LONGEST: usize = 255;
    let most = name.chars().count() / 3;
    let short = |known: &&str| name.len() <= LONGEST && known.len() <= LONGEST;
    let distances = known.into_iter().filter(short).map(|known| (strsim::osa_distance(name, known), known));
    distances.filter(|(distance, _)| *distance <= most).min_by_key(|(distance, _)| *distance).map(|(_, known)| known)
}
