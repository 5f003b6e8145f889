//! Images with labels: where they come from, and how they become batches.
//!
//! A [`Source`] names a dataset; [`Dataset::open`] reads it into memory, whatever its layout; [`Images::batch`] picks,
//! augments and normalises. [`events`] are what event cameras record; datasets of recordings become frames, by a [`Framing`], and
//! [`simulate`](simulate()) makes recordings of images. [`Picture`] is one image file, [`check()`] tells what is there,
//! [`fetch`](fetch()) downloads what is missing.

mod batch;
mod check;
mod cifar;
mod config;
mod dataset;
pub mod events;
#[cfg(feature = "fetch")]
mod fetch;
mod folder;
mod idx;
mod images;
mod known;
mod luminance;
mod normalisation;
mod open;
mod picture;
mod recordings;
mod sample;
mod simulated;
mod source;
mod thumbnail;

pub use batch::{Augmentation, Batch, Fill, Mirror};
pub use check::{Contents, Duplicate, Duplicates, RecordingsContents, SplitContents, check, check_framed};
pub use config::DataConfig;
pub use dataset::{Dataset, Outline, Recorded};
#[cfg(feature = "fetch")]
pub use fetch::{Fetched, fetch, unpack};
pub use folder::PassedOver;
pub(crate) use folder::test_files;
pub use images::{Images, shuffled};
pub use known::{Known, Provenance, count_samples, known};
pub use picture::Picture;
pub use simulated::{Simulated, SimulatedSplit, Simulation, simulate};
pub use source::Source;

pub use crate::graph::Normalisation;
pub use crate::weights::Framing;
