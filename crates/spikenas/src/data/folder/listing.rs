//! Which files of a folder are images or recordings of which class, and what is passed over.

use std::path::{Path, PathBuf};

use super::classes;
use super::entries::{Entry, Kind, entries};
use super::medium::Medium;
use super::passed_over::{PassedOver, PassedOverList};
use crate::record::files::is_folder;
use crate::{Error, Result};

/// The file beside `train` and `test` that says that a program made the recordings.
pub(in crate::data) const SIMULATED: &str = "simulated.toml";

/// The most that a message lists.
const LISTED: usize = 5;

/// The images of a folder, or its recordings, and their classes.
pub(in crate::data) struct Listing {
    pub(in crate::data) medium: Medium,
    pub(in crate::data) classes: Vec<String>,
    /// Files and their classes.
    pub(in crate::data) train: Vec<(PathBuf, u16)>,
    pub(in crate::data) test: Vec<(PathBuf, u16)>,
    pub(in crate::data) passed_over: Vec<PassedOver>,
}

impl Listing {
    /// Lists a folder: its images, or its recordings, of whichever there are more. The others are passed over.
    ///
    /// Errors: what cannot be looked at, links that lead nowhere in the place of an image or a class, classes that are in one
    /// split only or hold no image, fewer than two classes or more than 65,536.
    pub(in crate::data) fn of(folder: &Path) -> Result<Self> {
        if !is_folder(folder)? {
            let reason = "no such folder: give sample, cifar10, cifar100 or a folder with train/CLASS and test/CLASS";
            return Err(Error::file(folder, reason));
        }
        let mut lister = Lister { root: folder, others: Vec::new(), lost: Vec::new() };
        let is_other = |entry: &Entry| !["train", "test", SIMULATED].contains(&entry.name.as_str());
        lister.others.extend(entries(folder)?.into_iter().filter(is_other));
        let splits = ["train", "test"].map(|split| folder.join(split));
        let [train, test] = [lister.classes(&splits[0])?, lister.classes(&splits[1])?];
        let [in_train, in_test] = [lister.files(&train)?, lister.files(&test)?];
        lister.check_links()?;
        let names: Vec<String> = train.into_iter().map(|class| class.name).collect();
        classes::check(folder, &names, &test.into_iter().map(|class| class.name).collect::<Vec<_>>())?;
        let count = |medium| in_train.iter().chain(&in_test).flatten().filter(|(_, of)| *of == medium).count();
        let medium =
            if count(Medium::Recordings) > count(Medium::Images) { Medium::Recordings } else { Medium::Images };
        let mut labelled = [Vec::new(), Vec::new()];
        for ((labelled, split), files) in labelled.iter_mut().zip(&splits).zip([in_train, in_test]) {
            for ((label, class), files) in (0..=u16::MAX).zip(&names).zip(files) {
                let (of_medium, others): (Vec<_>, Vec<_>) = files.into_iter().partition(|(_, of)| *of == medium);
                if of_medium.is_empty() {
                    let reason = format!("no {} files: add some or remove the class from both splits", medium.files());
                    return Err(Error::file(split.join(class), reason));
                }
                labelled.extend(of_medium.into_iter().map(|(entry, _)| (entry.path, label)));
                lister.others.extend(others.into_iter().map(|(entry, _)| entry));
            }
        }
        let [train, test] = labelled;
        let passed_over = lister.passed_over(medium)?.into();
        Ok(Self { medium, classes: names, train, test, passed_over })
    }

    /// What is odd about the names of the classes.
    pub(in crate::data) fn class_notes(&self) -> Vec<String> {
        classes::notes(&self.classes)
    }
}

/// What is passed over in a line, if anything is.
pub(in crate::data) fn passed_over_note(passed_over: &[PassedOver]) -> Option<String> {
    (!passed_over.is_empty()).then(|| format!("passed over: {}", shortened(passed_over)))
}

/// The first of several things, and how many there are besides.
fn shortened<T: ToString>(all: &[T]) -> String {
    let listed = all.iter().take(LISTED).map(T::to_string).collect::<Vec<_>>().join(", ");
    let more = if all.len() > LISTED { format!(" and {} more", all.len() - LISTED) } else { String::new() };
    listed + &more
}

struct Lister<'a> {
    root: &'a Path,
    /// What is passed over.
    others: Vec<Entry>,
    /// Links that lead nowhere.
    lost: Vec<String>,
}

impl Lister<'_> {
    /// A path from the root on.
    fn place(&self, path: &Path) -> String {
        path.strip_prefix(self.root).unwrap_or(path).display().to_string()
    }

    /// The folders of a split.
    fn classes(&mut self, split: &Path) -> Result<Vec<Entry>> {
        if !is_folder(split)? {
            return Err(Error::file(split, "no such folder: images belong into train/CLASS and test/CLASS"));
        }
        let mut classes = Vec::new();
        for entry in entries(split)? {
            match entry.kind {
                Kind::Folder if !entry.is_utf8 => {
                    return Err(Error::file(&entry.path, "the name is not UTF-8: rename the folder"));
                }
                Kind::Folder => classes.push(entry),
                Kind::LostLink => self.lost.push(self.place(&entry.path)),
                Kind::File | Kind::Other => self.others.push(entry),
            }
        }
        if classes.is_empty() && self.lost.is_empty() {
            return Err(Error::file(split, "no class folders: images belong into train/CLASS and test/CLASS"));
        }
        Ok(classes)
    }

    /// The images and recordings of each class.
    fn files(&mut self, classes: &[Entry]) -> Result<Vec<Vec<(Entry, Medium)>>> {
        let mut all = Vec::new();
        for class in classes {
            let mut files = Vec::new();
            for entry in entries(&class.path)? {
                match (entry.kind, Medium::of(&entry.path)) {
                    (Kind::File, Some(medium)) => files.push((entry, medium)),
                    (Kind::LostLink, Some(_)) => self.lost.push(self.place(&entry.path)),
                    _ => self.others.push(entry),
                }
            }
            all.push(files);
        }
        Ok(all)
    }

    /// All that is passed over in a folder of images, or of recordings.
    fn passed_over(&self, medium: Medium) -> Result<PassedOverList> {
        let mut list = PassedOverList::default();
        for entry in &self.others {
            self.pass_over(entry, medium, &mut list)?;
        }
        Ok(list)
    }

    fn pass_over(&self, entry: &Entry, medium: Medium, list: &mut PassedOverList) -> Result<()> {
        let extension = entry.path.extension().map(|extension| extension.to_string_lossy().to_lowercase());
        let kind = match (entry.kind, extension) {
            (Kind::Folder, _) => "folder".to_string(),
            (Kind::LostLink, _) => "link that leads nowhere".into(),
            (Kind::Other, _) => "device or socket".into(),
            (Kind::File, Some(extension)) => format!("{extension} file"),
            (Kind::File, None) => "file without an extension".into(),
        };
        let images = if entry.kind == Kind::Folder { count_inside(&entry.path, medium)? } else { 0 };
        let folder = entry.path.parent().map(|folder| self.place(folder)).unwrap_or_default();
        list.add(folder, kind, &entry.name, images);
        Ok(())
    }

    /// Whether all links lead somewhere.
    fn check_links(&self) -> Result<()> {
        match self.lost.len() {
            0 => Ok(()),
            count => {
                let verb = if count == 1 { "link leads" } else { "links lead" };
                let names = shortened(&self.lost);
                Err(Error::file(self.root, format!("{count} {verb} nowhere ({names}): mend or remove what is there")))
            }
        }
    }
}

/// Number of images, or of recordings, in a folder and the folders in it; links to folders are not followed, as they may lead back.
fn count_inside(folder: &Path, medium: Medium) -> Result<usize> {
    let (mut count, mut folders) = (0, vec![folder.to_path_buf()]);
    while let Some(folder) = folders.pop() {
        for entry in entries(&folder)? {
            match entry.kind {
                Kind::Folder if !entry.path.is_symlink() => folders.push(entry.path),
                Kind::File => count += usize::from(Medium::of(&entry.path) == Some(medium)),
                _ => {}
            }
        }
    }
    Ok(count)
}
