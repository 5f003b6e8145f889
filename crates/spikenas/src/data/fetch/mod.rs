//! Downloads a dataset's official archive, checks it and unpacks it: all or nothing.
//!
//! A partial download stays in `DATA_DIR/NAME.tar.gz.part`, so that the next try continues from there. The
//! dataset's folder appears in one step, when everything in it is on the disk.

mod archive;
mod checksum;
mod connection;
mod download;
mod stop;
mod unpack;

pub use archive::{Fetched, fetch};
pub use unpack::unpack;

#[cfg(test)]
mod tests;
