//! How records are kept: files that are complete or absent, journals that grow line by line, versions, and what differs
//! between two configurations. What a record holds is documented where it is made.

#[cfg_attr(not(test), expect(dead_code, reason = "records take it next"))]
mod checksum;
mod difference;
mod disk;
pub mod files;
mod journal;
mod lock;
mod number;
pub(crate) mod trace;
mod version;

pub(crate) use difference::{comparable, list_differences};
pub use journal::Journal;
pub(crate) use lock::lock_folder;
pub use number::Number;
pub use version::FORMAT_VERSION;
#[cfg(feature = "report")]
pub(crate) use version::check_version;
pub(crate) use version::read_record;
