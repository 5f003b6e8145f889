//! A work that several processes share: each does its part, and writes into a journal of its own.

mod follower;
mod journals;
mod shard;

pub use journals::ShardJournals;
pub(crate) use journals::{Looks, folder_of as shards_folder, read_shards};
pub use shard::Shard;
