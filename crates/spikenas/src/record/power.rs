//! What a loss of power could leave of the changes that an operation made to the disk, for the tests.
//!
//! What was synced is there. Of the rest, each write may be kept, lost, torn or nothing but zeros, and each name may be kept or lost,
//! whatever came after it.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Debug;
use std::fs;
use std::path::{Path, PathBuf};

use super::trace::{Change, changes_of};
use crate::Result;

/// A folder, as paths below a root: files with their content, folders without.
pub(crate) type Tree = BTreeMap<PathBuf, Option<Vec<u8>>>;

/// A change of a file's content that may not be on the disk yet.
#[derive(Clone)]
enum Data {
    Append(Vec<u8>),
    Cut(usize),
}

/// What happens to a change that was not synced.
#[derive(Clone, Copy, PartialEq)]
enum Fate {
    Kept,
    Lost,
    /// The first half is there.
    Torn,
    /// The file is as long as it should be, and its content is zeros.
    Zeros,
}

#[derive(Clone, Default)]
struct File {
    safe: Vec<u8>,
    pending: Vec<Data>,
}

impl File {
    /// The content if `fate` says what becomes of each pending change.
    fn content(&self, fate: impl Fn(usize) -> Fate) -> Vec<u8> {
        let mut content = self.safe.clone();
        // A write that is lost between others leaves a hole.
        let mut hole = 0;
        for (index, data) in self.pending.iter().enumerate() {
            match (data, fate(index)) {
                (Data::Append(bytes), Fate::Lost) => hole += bytes.len(),
                (Data::Append(bytes), fate) => {
                    content.resize(content.len() + std::mem::take(&mut hole), 0);
                    match fate {
                        Fate::Torn => content.extend(&bytes[..bytes.len() / 2]),
                        Fate::Zeros => content.resize(content.len() + bytes.len(), 0),
                        _ => content.extend(bytes),
                    }
                }
                (Data::Cut(length), Fate::Kept) => content.truncate(*length),
                (Data::Cut(_), _) => {}
            }
        }
        content
    }

    fn become_safe(&mut self) {
        self.safe = self.content(|_| Fate::Kept);
        self.pending.clear();
    }
}

/// A name that appears, or goes. A rename is both, at once.
#[derive(Clone)]
struct Naming {
    folder: PathBuf,
    gone: Option<PathBuf>,
    /// A path and its file; a folder has none.
    new: Option<(PathBuf, Option<usize>)>,
}

/// A disk on which changes are made and become safe.
#[derive(Clone, Default)]
struct Disk {
    files: Vec<File>,
    /// Names that the system shows.
    shown: BTreeMap<PathBuf, Option<usize>>,
    /// Names that are safe.
    safe: BTreeMap<PathBuf, Option<usize>>,
    pending: Vec<Naming>,
}

/// Changes names. With a folder goes, or comes, all that is in it.
fn apply(names: &mut BTreeMap<PathBuf, Option<usize>>, naming: &Naming) {
    let new = naming.new.as_ref();
    if let Some(gone) = &naming.gone {
        names.remove(gone);
        let inside: Vec<PathBuf> = names.keys().filter(|path| path.starts_with(gone)).cloned().collect();
        for path in inside {
            let (file, rest) = (names.remove(&path), path.strip_prefix(gone));
            if let (Some(file), Ok(rest), Some((place, _))) = (file, rest, new) {
                names.insert(place.join(rest), file);
            }
        }
    }
    if let Some((path, file)) = new {
        names.insert(path.clone(), *file);
    }
}

impl Disk {
    /// A disk with a tree that is safe.
    fn of(tree: &Tree) -> Self {
        let mut disk = Self::default();
        for (path, content) in tree {
            let file = content.as_ref().map(|content| {
                disk.files.push(File { safe: content.clone(), pending: Vec::new() });
                disk.files.len() - 1
            });
            disk.safe.insert(path.clone(), file);
        }
        disk.shown.clone_from(&disk.safe);
        disk
    }

    fn name(&mut self, gone: Option<&Path>, new: Option<(&Path, Option<usize>)>) {
        let folder = gone.or(new.map(|(path, _)| path)).and_then(Path::parent).unwrap_or(Path::new("")).to_path_buf();
        let new = new.map(|(path, file)| (path.to_path_buf(), file));
        let naming = Naming { folder, gone: gone.map(Path::to_path_buf), new };
        apply(&mut self.shown, &naming);
        self.pending.push(naming);
    }

    fn create(&mut self, path: &Path, content: &[u8]) {
        let pending = if content.is_empty() { Vec::new() } else { vec![Data::Append(content.to_vec())] };
        self.files.push(File { safe: Vec::new(), pending });
        self.name(None, Some((path, Some(self.files.len() - 1))));
    }

    fn file(&mut self, path: &Path) -> &mut File {
        let index = self.shown[path].expect("a file");
        &mut self.files[index]
    }

    fn make(&mut self, change: &Change) {
        match change {
            Change::Write(path, content) => self.create(path, content),
            Change::Begin(path) if !self.shown.contains_key(path) => self.create(path, &[]),
            Change::Begin(_) => {}
            Change::Append(path, bytes) => self.file(path).pending.push(Data::Append(bytes.clone())),
            Change::Cut(path, length) => self.file(path).pending.push(Data::Cut(*length)),
            Change::Rename(from, to) => {
                let file = self.shown[from];
                self.name(Some(from), Some((to, file)));
            }
            Change::Remove(path) => self.name(Some(path), None),
            Change::Folder(path) => self.name(None, Some((path, None))),
            Change::SyncFile(path) => self.file(path).become_safe(),
            Change::SyncFolder(folder) => {
                let (safe, pending) = std::mem::take(&mut self.pending).into_iter().partition(|n| n.folder == *folder);
                let safe: Vec<Naming> = safe;
                safe.iter().for_each(|naming| apply(&mut self.safe, naming));
                self.pending = pending;
            }
            Change::SyncAll => {
                self.safe.clone_from(&self.shown);
                self.pending.clear();
                for file in &mut self.files {
                    file.become_safe();
                }
            }
        }
    }

    /// What is there after a crash in which names and writes had these fates.
    fn tree(&self, is_named: impl Fn(usize) -> bool, fate: impl Fn(usize, usize) -> Fate) -> Tree {
        let mut names = self.safe.clone();
        for (index, naming) in self.pending.iter().enumerate() {
            if is_named(index) {
                apply(&mut names, naming);
            }
        }
        let made: BTreeSet<PathBuf> = names.iter().filter(|(_, file)| file.is_none()).map(|(p, _)| p.clone()).collect();
        let is_reached = |path: &Path| path.ancestors().skip(1).all(|a| a.as_os_str().is_empty() || made.contains(a));
        let reached = names.into_iter().filter(|(path, _)| is_reached(path));
        reached
            .map(|(path, file)| (path, file.map(|i| self.files[i].content(|w| fate(w, self.files[i].pending.len())))))
            .collect()
    }

    /// What crashes at this moment could leave. The first two of each moment lose all that may be lost, or nothing.
    fn crashes(&self) -> Vec<Tree> {
        let all = |fate: Fate| move |_: usize, _: usize| fate;
        let last = |fate: Fate| move |write: usize, of: usize| if write + 1 == of { fate } else { Fate::Kept };
        let first_lost = |write: usize, _: usize| if write == 0 { Fate::Lost } else { Fate::Kept };
        let mut trees = vec![self.tree(|_| false, all(Fate::Lost)), self.tree(|_| true, all(Fate::Kept))];
        trees.extend([Fate::Lost, Fate::Zeros].map(|fate| self.tree(|_| true, all(fate))));
        trees.extend([Fate::Lost, Fate::Torn, Fate::Zeros].map(|fate| self.tree(|_| true, last(fate))));
        trees.push(self.tree(|_| false, all(Fate::Kept)));
        trees.push(self.tree(|_| true, first_lost));
        for alone in 0..self.pending.len() {
            trees.push(self.tree(|name| name != alone, all(Fate::Kept)));
            trees.push(self.tree(|name| name == alone, all(Fate::Kept)));
        }
        trees
    }
}

/// Everything that a loss of power at any moment could leave below a root, which held a tree before, each once.
fn crashes(root: &Path, before: &Tree, changes: &[Change]) -> Vec<Tree> {
    let mut disk = Disk::of(before);
    let mut seen = BTreeSet::new();
    let mut trees = Vec::new();
    for change in changes {
        disk.make(&below(root, change));
        trees.extend(disk.crashes().into_iter().filter(|tree| seen.insert(tree.clone())));
    }
    trees
}

/// What became of a command that was repeated after each loss of power.
pub(crate) struct Repeated {
    /// What the losses left, each once.
    pub(crate) states: usize,
    /// What the command said where it refused to go on.
    pub(crate) refused: Vec<String>,
}

/// Gives a command below a root that holds a tree, then again below all that a loss of power in it could leave. Panics where it then
/// comes to another result.
pub(crate) fn repeat_after_crashes<T: PartialEq + Debug>(
    before: &Tree,
    command: impl Fn(&Path) -> Result<T> + Send + Sync,
) -> Repeated {
    // Small work is done sooner by one thread than divided.
    let thread = rayon::ThreadPoolBuilder::new().num_threads(1).build().unwrap();
    thread.install(|| repeat(before, command))
}

fn repeat<T: PartialEq + Debug>(before: &Tree, command: impl Fn(&Path) -> Result<T>) -> Repeated {
    let place = |tree: &Tree| {
        // In memory, where there is no wait for a disk.
        let place = tempfile::tempdir_in("/dev/shm").or_else(|_| tempfile::tempdir()).unwrap();
        restore(tree, place.path());
        place
    };
    let first = place(before);
    let (changes, whole) = changes_of(|| command(first.path()));
    let whole = whole.unwrap();
    let trees = crashes(first.path(), before, &changes);
    let mut refused = Vec::new();
    for tree in &trees {
        match command(place(tree).path()) {
            Ok(found) => assert!(found == whole, "{found:?} instead of {whole:?} from {:?}", drawn(tree)),
            Err(error) => refused.push(format!("{error} ({:?})", drawn(tree))),
        }
    }
    Repeated { states: trees.len(), refused }
}

/// The paths of a tree, with the lengths of its files.
fn drawn(tree: &Tree) -> Vec<(&Path, Option<usize>)> {
    tree.iter().map(|(path, content)| (path.as_path(), content.as_ref().map(Vec::len))).collect()
}

/// All that is below a root.
pub(crate) fn tree_of(root: &Path) -> Tree {
    let (mut tree, mut open) = (Tree::new(), vec![root.to_path_buf()]);
    while let Some(folder) = open.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            let content = if path.is_dir() { None } else { Some(fs::read(&path).unwrap()) };
            tree.insert(path.strip_prefix(root).unwrap().to_path_buf(), content);
            if path.is_dir() {
                open.push(path);
            }
        }
    }
    tree
}

/// A change with paths below a root.
fn below(root: &Path, change: &Change) -> Change {
    let path = |path: &PathBuf| path.strip_prefix(root).unwrap_or(path).to_path_buf();
    match change {
        Change::Write(at, content) => Change::Write(path(at), content.clone()),
        Change::Begin(at) => Change::Begin(path(at)),
        Change::Append(at, bytes) => Change::Append(path(at), bytes.clone()),
        Change::Cut(at, length) => Change::Cut(path(at), *length),
        Change::Rename(from, to) => Change::Rename(path(from), path(to)),
        Change::Remove(at) => Change::Remove(path(at)),
        Change::Folder(at) => Change::Folder(path(at)),
        Change::SyncFile(at) => Change::SyncFile(path(at)),
        Change::SyncFolder(at) => Change::SyncFolder(path(at)),
        Change::SyncAll => Change::SyncAll,
    }
}

/// Puts what a crash left below a root.
fn restore(tree: &Tree, root: &Path) {
    for (path, content) in tree {
        match content {
            Some(content) => fs::write(root.join(path), content).unwrap(),
            None => fs::create_dir_all(root.join(path)).unwrap(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::record::files::write_text;

    fn contents(trees: &[Tree], path: &str) -> BTreeSet<Option<String>> {
        let content = |tree: &Tree| tree.get(Path::new(path)).cloned().flatten();
        trees.iter().map(|tree| content(tree).map(|c| String::from_utf8(c).unwrap())).collect()
    }

    #[test]
    fn a_file_that_is_replaced_safely_is_the_old_or_the_new() {
        let root = tempfile::tempdir().unwrap();
        let path = root.path().join("record");
        let (changes, ()) = changes_of(|| ["old", "new"].iter().for_each(|text| write_text(&path, text).unwrap()));
        let expected = [None, Some("old".to_string()), Some("new".to_string())];
        assert_eq!(contents(&crashes(root.path(), &Tree::new(), &changes), "record"), BTreeSet::from(expected));
    }

    #[test]
    fn what_is_not_synced_may_be_anything() {
        let path = |name: &str| PathBuf::from(name);
        let changes = [
            Change::Write(path("part"), b"text".to_vec()),
            Change::Rename(path("part"), path("record")),
            Change::Append(path("record"), b"more".to_vec()),
        ];
        let found = contents(&crashes(Path::new("/root"), &Tree::new(), &changes), "record");
        for text in ["", "text", "te", "\0\0\0\0", "textmo", "textmore", "\0\0\0\0more", "text\0\0\0\0"] {
            assert!(found.contains(&Some(text.to_string())), "{text:?} of {found:?}");
        }
        assert!(found.contains(&None));
    }

    #[test]
    fn a_folder_takes_all_that_is_in_it_along() {
        let path = |name: &str| PathBuf::from(name);
        let fill = [Change::Folder(path("new")), Change::Write(path("new/file"), b"text".to_vec())];
        let place = [Change::Rename(path("new"), path("place")), Change::SyncFolder(path(""))];
        let found = |changes: &[&[Change]]| crashes(Path::new("/root"), &Tree::new(), &changes.concat());
        let whole = BTreeSet::from([None, Some("text".to_string())]);
        let safely = found(&[&fill, &[Change::SyncAll], &place]);
        assert_eq!(contents(&safely, "place/file"), whole);
        assert!(safely.iter().all(|tree| tree.contains_key(&path("place")) == tree.contains_key(&path("place/file"))));
        let hastily = found(&[&fill, &place]);
        assert!(
            hastily.iter().any(|tree| tree.contains_key(&path("place")) && !tree.contains_key(&path("place/file")))
        );
    }

    #[test]
    fn what_was_there_before_is_safe() {
        let before = Tree::from([(PathBuf::from("record"), Some(b"old".to_vec()))]);
        let changes = [Change::Append("record".into(), b"er".to_vec())];
        let found = contents(&crashes(Path::new("/root"), &before, &changes), "record");
        assert_eq!(found, ["old", "olde", "old\0\0", "older"].map(|text| Some(text.to_string())).into());
    }
}
