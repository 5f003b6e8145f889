//! Which files of a folder are images of which class, and what is passed over.

use std::path::{Path, PathBuf};

use super::classes;
use super::entries::{Entry, Kind, entries};
use super::passed_over::{PassedOver, PassedOverList};
use crate::record::files::is_folder;
use crate::{Error, Result};

/// Extensions of the files that are read.
const EXTENSIONS: [&str; 5] = ["png", "jpg", "jpeg", "jpe", "jfif"];

/// The most that a message lists.
const LISTED: usize = 5;

/// The images of a folder and their classes.
pub(in crate::data) struct Listing {
    pub(in crate::data) classes: Vec<String>,
    /// Files and the classes of their images.
    pub(in crate::data) train: Vec<(PathBuf, u16)>,
    pub(in crate::data) test: Vec<(PathBuf, u16)>,
    pub(in crate::data) passed_over: Vec<PassedOver>,
}

impl Listing {
    /// Lists a folder.
    ///
    /// Errors: what cannot be looked at, links that lead nowhere in the place of an image or a class, classes that are in one
    /// split only or hold no image, fewer than two classes or more than 65,536.
    pub(in crate::data) fn of(folder: &Path) -> Result<Self> {
        if !is_folder(folder)? {
            let reason = "no such folder: give sample, cifar10, cifar100 or a folder with train/CLASS and test/CLASS";
            return Err(Error::file(folder, reason));
        }
        let mut lister = Lister { root: folder, passed_over: PassedOverList::default(), lost: Vec::new() };
        for entry in entries(folder)?.iter().filter(|entry| !["train", "test"].contains(&entry.name.as_str())) {
            lister.pass_over(entry)?;
        }
        let splits = ["train", "test"].map(|split| folder.join(split));
        let [train, test] = [lister.classes(&splits[0])?, lister.classes(&splits[1])?];
        let [in_train, in_test] = [lister.images(&train)?, lister.images(&test)?];
        lister.check_links()?;
        let names: Vec<String> = train.into_iter().map(|class| class.name).collect();
        classes::check(folder, &names, &test.into_iter().map(|class| class.name).collect::<Vec<_>>())?;
        for (split, images) in splits.iter().zip([&in_train, &in_test]) {
            if let Some((class, _)) = names.iter().zip(images).find(|(_, images)| images.is_empty()) {
                let reason = "no png, jpg or jpeg files: add some or remove the class from both splits";
                return Err(Error::file(split.join(class), reason));
            }
        }
        let labelled = |images: Vec<Vec<PathBuf>>| {
            let labelled = (0..=u16::MAX).zip(images);
            labelled.flat_map(|(label, paths)| paths.into_iter().map(move |path| (path, label))).collect()
        };
        let passed_over = lister.passed_over.into();
        Ok(Self { classes: names, train: labelled(in_train), test: labelled(in_test), passed_over })
    }

    /// What is odd about the names of the classes.
    pub(in crate::data) fn class_notes(&self) -> Vec<String> {
        classes::notes(&self.classes)
    }

    /// What is passed over in a line, if anything is.
    pub(in crate::data) fn passed_over_note(&self) -> Option<String> {
        (!self.passed_over.is_empty()).then(|| format!("passed over: {}", shortened(&self.passed_over)))
    }
}

/// The first of several things, and how many there are besides.
fn shortened<T: ToString>(all: &[T]) -> String {
    let listed = all.iter().take(LISTED).map(T::to_string).collect::<Vec<_>>().join(", ");
    let more = if all.len() > LISTED { format!(" and {} more", all.len() - LISTED) } else { String::new() };
    listed + &more
}

struct Lister<'a> {
    root: &'a Path,
    passed_over: PassedOverList,
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
                Kind::File | Kind::Other => self.pass_over(&entry)?,
            }
        }
        if classes.is_empty() && self.lost.is_empty() {
            return Err(Error::file(split, "no class folders: images belong into train/CLASS and test/CLASS"));
        }
        Ok(classes)
    }

    /// The images of each class.
    fn images(&mut self, classes: &[Entry]) -> Result<Vec<Vec<PathBuf>>> {
        let mut images = Vec::new();
        for class in classes {
            let mut paths = Vec::new();
            for entry in entries(&class.path)? {
                match entry.kind {
                    Kind::File if is_image(&entry.path) => paths.push(entry.path),
                    Kind::LostLink if is_image(&entry.path) => self.lost.push(self.place(&entry.path)),
                    _ => self.pass_over(&entry)?,
                }
            }
            images.push(paths);
        }
        Ok(images)
    }

    fn pass_over(&mut self, entry: &Entry) -> Result<()> {
        let extension = entry.path.extension().map(|extension| extension.to_string_lossy().to_lowercase());
        let kind = match (entry.kind, extension) {
            (Kind::Folder, _) => "folder".to_string(),
            (Kind::LostLink, _) => "link that leads nowhere".into(),
            (Kind::Other, _) => "device or socket".into(),
            (Kind::File, Some(extension)) => format!("{extension} file"),
            (Kind::File, None) => "file without an extension".into(),
        };
        let images = if entry.kind == Kind::Folder { count_images(&entry.path)? } else { 0 };
        let folder = entry.path.parent().map(|folder| self.place(folder)).unwrap_or_default();
        self.passed_over.add(folder, kind, &entry.name, images);
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

fn is_image(path: &Path) -> bool {
    path.extension().is_some_and(|found| EXTENSIONS.iter().any(|known| found.eq_ignore_ascii_case(known)))
}

/// Number of images in a folder and the folders in it; links to folders are not followed, as they may lead back.
fn count_images(folder: &Path) -> Result<usize> {
    let (mut count, mut folders) = (0, vec![folder.to_path_buf()]);
    while let Some(folder) = folders.pop() {
        for entry in entries(&folder)? {
            match entry.kind {
                Kind::Folder if !entry.path.is_symlink() => folders.push(entry.path),
                Kind::File => count += usize::from(is_image(&entry.path)),
                _ => {}
            }
        }
    }
    Ok(count)
}
