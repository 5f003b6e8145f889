//! The one place that changes what is on the disk: every file and folder that the program writes, extends, renames or removes.
//!
//! A kill leaves the old content or the new, or a file that grew by whole appends and at most a part of one. So does a loss of
//! power, because a file or folder is synced before it takes its place, and the folder around it after.

mod file;
mod folder;
mod growing;
mod new_folder;
mod sync;

pub(super) use file::{is_part_of, remove, replace};
pub(super) use folder::create_folder;
pub(crate) use growing::Growing;
pub(crate) use new_folder::NewFolder;
