//! How records are kept: files that are complete or absent, journals that grow line by line, versions, and what differs
//! between two configurations. What a record holds is documented where it is made.

mod checksum;
mod definition;
mod difference;
mod disk;
pub mod files;
mod journal;
mod lines;
mod lock;
mod number;
#[cfg(test)]
pub(crate) mod power;
mod seal;
mod shards;
pub(crate) mod trace;
mod version;

pub(crate) use definition::{begin_record, check_definition};
pub(crate) use difference::{comparable, list_differences};
pub(crate) use disk::Growing;
pub(crate) use disk::NewFolder;
pub use journal::Journal;
pub(crate) use lines::{append_line, parse_line, read_lines, write_lines};
#[cfg(feature = "report")]
pub(crate) use lock::is_locked;
pub(crate) use lock::{lock_folder, share_folder};
pub use number::Number;
pub(crate) use shards::{Looks, read_shards, shards_folder};
pub use shards::{Shard, ShardJournals};
#[cfg(feature = "report")]
pub(crate) use version::check_version;
pub use version::{FORMAT_VERSION, write_record};
pub(crate) use version::{check_toml_unchanged, read_record, read_record_if_there, write_toml};
