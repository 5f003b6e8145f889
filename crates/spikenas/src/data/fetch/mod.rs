//! Downloads a dataset's official archive, checks it and unpacks it: all or nothing.
//!
//! What was downloaded of an archive stays in `DATA_DIR/NAME.tar.gz.part`, so that the next try goes on from there. The
//! dataset's folder appears in one step, when everything in it is on the disk.

mod archive;
mod download;
mod unpack;

pub use archive::{Fetched, fetch};

#[cfg(test)]
mod tests;
