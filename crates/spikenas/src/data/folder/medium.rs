use std::path::Path;

use crate::data::events::Format;

/// Extensions of images.
const IMAGES: [&str; 5] = ["png", "jpg", "jpeg", "jpe", "jfif"];

/// What the files of a folder hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::data) enum Medium {
    /// An image each.
    Images,
    /// What an event camera recorded.
    Recordings,
}

impl Medium {
    /// What a file holds, by its extension.
    pub(super) fn of(path: &Path) -> Option<Self> {
        let extension = path.extension()?;
        let is_in = |known: &[&str]| known.iter().any(|known| extension.eq_ignore_ascii_case(known));
        match () {
            () if is_in(&IMAGES) => Some(Medium::Images),
            () if is_in(&Format::EXTENSIONS) => Some(Medium::Recordings),
            () => None,
        }
    }

    /// The kinds of its files, in words.
    pub(super) fn files(self) -> &'static str {
        match self {
            Medium::Images => "png, jpg or jpeg",
            Medium::Recordings => "aedat, aedat4, bin, dat, npz or raw",
        }
    }
}
