//! Datasets of recordings: which there are, how they become frames, and where the frames are kept.
//!
//! A [`Collection`] lists what there is, without reading any of it. Its recordings are counted into frames a few at a time, so that no more
//! of them is in memory than the threads have in hand; the frames, which are few bytes of many, stay in a file beside the recordings.

mod collection;
mod count;
mod folder;
mod kept;
mod measure;
mod open;
mod pace;
mod padding;
mod stamp;

pub(super) use collection::Collection;
pub(super) use folder::of_folder;

#[cfg(test)]
mod tests;
