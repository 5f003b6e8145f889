//! How records are kept: files that are whole or not there, journals that grow line by line, versions, and what differs between
//! two configurations. What stands in a record is said where it is made.

mod difference;
pub mod files;
mod journal;
mod number;
mod version;

pub(crate) use difference::{comparable, list_differences};
pub use journal::Journal;
pub use number::Number;
pub use version::FORMAT_VERSION;
pub(crate) use version::{check_version, read_record};
