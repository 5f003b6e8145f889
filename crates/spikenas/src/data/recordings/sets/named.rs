use std::path::{Path, PathBuf};

use super::super::collection::Collection;
use crate::data::Source;
use crate::weights::Framing;
use crate::{Error, Result};

/// A dataset of recordings with a name.
#[derive(Debug)]
pub(in crate::data) struct NamedRecordings {
    /// Its name.
    pub source: Source,
    /// Its folder under the data folder.
    pub folder: &'static str,
    /// Samples of a complete copy.
    pub expected: Expected,
    /// What it is, in a few words.
    pub words: &'static str,
    /// How it becomes frames where nobody says.
    pub framing: Framing,
    /// What has to lie in its folder.
    pub files: &'static str,
    /// Its official archives, of which each is read as it is.
    pub archives: &'static [Archive],
    /// Where it comes from.
    pub page: &'static str,
    /// Its licence.
    pub licence: &'static str,
    /// Lists its samples in its folder; none where nothing of it is there.
    pub list: fn(&Path) -> Result<Option<Collection>>,
}

/// A file of a dataset as its authors give it.
#[derive(Clone, Copy, Debug)]
pub(in crate::data) struct Archive {
    pub name: &'static str,
    /// MD5 sum in hexadecimal.
    pub md5: &'static str,
    /// Where to get it without a person; none where only a page leads there.
    pub url: Option<&'static str>,
}

/// Samples of a complete copy.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::data) enum Expected {
    /// Training and test samples.
    Splits([usize; 2]),
    /// Samples of both, where nobody gave a split.
    InAll(usize),
}

impl Expected {
    /// Whether so many training and test samples are all.
    pub fn is_met(self, counts: [usize; 2]) -> bool {
        match self {
            Expected::Splits(expected) => counts == expected,
            Expected::InAll(expected) => counts.iter().sum::<usize>() == expected,
        }
    }
}

impl NamedRecordings {
    /// Whether its authors let anybody download it, without a form to fill in.
    pub fn can_be_fetched(&self) -> bool {
        self.archives.iter().all(|archive| archive.url.is_some())
    }

    /// Where it lies.
    pub fn place(&self, data_dir: &Path) -> PathBuf {
        data_dir.join(self.folder)
    }

    /// Its samples.
    ///
    /// Errors: nothing of it is there, what is there is damaged or not what it should be.
    pub fn open(&self, data_dir: &Path) -> Result<Collection> {
        let place = self.place(data_dir);
        (self.list)(&place)?.ok_or_else(|| {
            let name = self.source.name();
            let or = if self.can_be_fetched() {
                format!("get it by fetching {name} into {}, or ", data_dir.display())
            } else {
                String::new()
            };
            Error::file(&place, format!("nothing of {name} is there: {or}put {} of {} there", self.files, self.page))
        })
    }
}
