//! Datasets of recordings: which there are, how they become frames, and where the frames are kept.
//!
//! A [`Collection`] lists what there is, without reading any of it. Its recordings are counted into frames a few at a time, so that no more
//! of them is in memory than the threads have in hand; the frames, which are few bytes of many, stay in a file beside the recordings.

mod class_files;
mod collection;
mod count;
mod folder;
mod kept;
mod measure;
mod open;
mod pace;
mod padding;
mod place;
mod sets;
mod spikes;
mod stamp;
mod survey;
mod zipped;

pub(super) use collection::Collection;
pub(super) use count::shape_of_frames;
pub(super) use folder::of_folder;
pub(super) use sets::{Archive, Expected, NamedRecordings};

#[cfg(test)]
mod tests;
