//! Images with labels: where they come from, and how they become batches.
//!
//! A [`Source`] names a dataset; [`Dataset::open`] reads it into memory, whatever its layout; [`Images::batch`] picks,
//! augments and normalises. [`check()`] counts what is there, [`fetch`](fetch()) downloads what is not.

mod batch;
mod check;
mod cifar;
mod dataset;
mod fetch;
mod folder;
mod images;
mod normalisation;
mod sample;
mod source;

pub use batch::Batch;
pub use check::{Report, SplitReport, check};
pub use dataset::Dataset;
pub use fetch::{Fetched, fetch};
pub use images::{Images, shuffled};
pub use normalisation::Normalisation;
pub use source::Source;
