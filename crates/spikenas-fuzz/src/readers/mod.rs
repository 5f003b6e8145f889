//! The readers, a file for each kind of input.

pub(crate) mod architecture;
pub(crate) mod archive;
pub(crate) mod budget;
pub(crate) mod checkpoint;
pub(crate) mod cifar;
pub(crate) mod config;
mod event_files;
mod example;
pub(crate) mod idx;
pub(crate) mod image;
pub(crate) mod integers;
pub(crate) mod journal;
pub(crate) mod profile;
pub(crate) mod recording;
pub(crate) mod recordings;
pub(crate) mod records;
pub(crate) mod settings;
pub(crate) mod table;
pub(crate) mod weights;
