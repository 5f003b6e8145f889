//! What is passed over, counted by folder and kind.

use std::collections::BTreeMap;
use std::fmt;

use serde::Serialize;

/// Files or folders of one kind, in one folder of a dataset, that are no images of a class.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct PassedOver {
    /// The folder, from the dataset's on; empty for that itself.
    pub folder: String,
    /// Their kind, such as `webp file` or `folder`.
    pub kind: String,
    /// How many.
    pub count: usize,
    /// The name of the first.
    pub first: String,
    /// Images inside, where they are folders.
    pub images: usize,
}

impl fmt::Display for PassedOver {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { folder, kind, count, first, images } = self;
        let place = if folder.is_empty() { "beside train and test" } else { &format!("in {folder}") };
        let (plural, more) = if *count == 1 { ("", "") } else { ("s", " …") };
        let inside = if *images > 0 { format!(", images inside: {images}") } else { String::new() };
        write!(f, "{count} {kind}{plural} {place} ({first}{more}{inside})")
    }
}

/// All that was passed over so far, by folder and kind.
#[derive(Default)]
pub(super) struct PassedOverList(BTreeMap<[String; 2], PassedOver>);

impl PassedOverList {
    /// Counts one, with so many images inside.
    pub(super) fn add(&mut self, folder: String, kind: String, name: &str, images: usize) {
        let new = || PassedOver { folder: folder.clone(), kind: kind.clone(), count: 0, first: name.into(), images: 0 };
        let group = self.0.entry([folder.clone(), kind.clone()]).or_insert_with(new);
        group.count += 1;
        group.images += images;
    }
}

impl From<PassedOverList> for Vec<PassedOver> {
    fn from(list: PassedOverList) -> Self {
        list.0.into_values().collect()
    }
}
