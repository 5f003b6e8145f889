use std::path::PathBuf;

/// The folder of a dataset that is now complete, and whether it was there before.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fetched {
    /// It was complete before.
    AlreadyThere(PathBuf),
    /// It was downloaded, or unpacked from an archive on this machine.
    Downloaded(PathBuf),
}
