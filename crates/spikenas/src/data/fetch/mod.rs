//! Downloads a dataset's official archives and checks them; CIFAR's is unpacked: all or nothing.
//!
//! A partial download stays in a file that ends in `.part`, so that the next try continues from there. The folder of CIFAR appears in one
//! step, when everything in it is on the disk; so does each archive of a dataset of recordings.

mod archive;
mod checksum;
mod connection;
mod download;
mod fetched;
mod origin;
mod recordings;
mod stop;
mod unpack;

pub use archive::fetch;
pub use fetched::Fetched;
pub use unpack::unpack;

#[cfg(test)]
mod tests;
