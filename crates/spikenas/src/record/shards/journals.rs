use std::fs;
use std::marker::PhantomData;
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde::Serialize;
use serde::de::DeserializeOwned;

use super::follower::Follower;
use super::shard::Shard;
use crate::progress::Progress;
use crate::record::difference::comparable;
use crate::record::files;
use crate::record::lines::Lines;
use crate::record::lock::{FolderLock, try_lock_folder};
use crate::{Error, Result};

/// The folder of the shards' journals, beside the journal into which they are merged.
const FOLDER: &str = "shards";
/// The most journals of a shard: a process that is repeated begins another.
const MOST_JOURNALS: usize = 10_000;
/// Time between two looks at what others do, at first and at most.
const FIRST_LOOK: Duration = Duration::from_millis(50);
const LAST_LOOK: Duration = Duration::from_secs(5);

/// The journals of several processes that share a work: `shards/I-of-N/1.jsonl` and so on beside the journal into which they are
/// merged.
///
/// Every process writes into a file that it has made itself and that no other process writes to, whether the file system can lock
/// or not: one that is repeated reads what was written before, and begins another file. What two processes did twice is there
/// twice, and equal.
pub struct ShardJournals<E> {
    /// The journal into which they are merged.
    journal: PathBuf,
    folder: PathBuf,
    shard: Shard,
    follower: Follower,
    own: Option<Lines>,
    /// Held while this process does its part, where the file system can lock.
    _lock: FolderLock,
    entries: PhantomData<E>,
}

impl<E: Serialize + DeserializeOwned> ShardJournals<E> {
    /// Takes part in a work whose journal is, or will be, at a path.
    ///
    /// Waits, where the file system can lock, as long as another process does the same part. Errors: a stop that was asked for
    /// while it waits, a folder that cannot be written.
    pub fn open(journal: &Path, shard: Shard, header: &impl Serialize, progress: &mut dyn Progress) -> Result<Self> {
        let own = folder_of(journal).join(shard.folder());
        files::create_folder(&own)?;
        let mut looks = Looks::new();
        let lock = loop {
            match try_lock_folder(&own)? {
                Some(lock) => break lock,
                None if looks.is_first() => progress
                    .note(&format!("another process works on shard {shard}: waiting for it, to do what it leaves")),
                None => {}
            }
            looks.wait(progress, &format!("nothing was done: another process works on shard {shard}"))?;
        };
        Self::begun(journal, shard, header, lock)
    }

    fn begun(journal: &Path, shard: Shard, header: &impl Serialize, lock: FolderLock) -> Result<Self> {
        let (folder, follower) = (folder_of(journal), Follower::new(comparable(header)?));
        Ok(Self {
            journal: journal.to_path_buf(),
            folder,
            shard,
            follower,
            own: None,
            _lock: lock,
            entries: PhantomData,
        })
    }

    /// The part that this process does.
    pub fn shard(&self) -> Shard {
        self.shard
    }

    /// Entries of all parts that were written since they were read last, and those of the journal into which they are merged.
    ///
    /// Errors: a journal of another configuration, or that cannot be read.
    pub fn read_all(&mut self) -> Result<Vec<E>> {
        let mut entries = Vec::new();
        if files::is_there(&self.journal)? {
            entries.extend(self.follower.read(&self.journal)?.0);
        }
        for shard in shards_in(&self.folder)? {
            entries.extend(self.read(shard)?.0);
        }
        Ok(entries)
    }

    /// Entries of one part that were written since they were read last, and what is wrong with the next ones. Errors: those of
    /// [`ShardJournals::read_all`].
    pub fn read(&mut self, shard: Shard) -> Result<(Vec<E>, Option<Error>)> {
        let (mut entries, mut fault) = (Vec::new(), None);
        for path in journals_of(&self.folder, shard)? {
            let (more, wrong) = self.follower.read(&path)?;
            entries.extend(more);
            fault = fault.or(wrong);
        }
        Ok((entries, fault))
    }

    /// Adds an entry to this process's own journal, flushed to the system before this returns.
    pub fn append(&mut self, entry: &E) -> Result<()> {
        if self.own.is_none() {
            let mut lines = self.begin()?;
            lines.append_header(self.follower.header())?;
            self.own = Some(lines);
        }
        self.own.as_mut().map_or(Ok(()), |own| own.append(entry))
    }

    /// Waits until what this process wrote is safely on the disk, and seen by others.
    pub fn sync(&mut self) -> Result<()> {
        self.own.as_mut().map_or(Ok(()), Lines::sync)
    }

    /// A journal that only this process writes to.
    fn begin(&self) -> Result<Lines> {
        let folder = self.folder.join(self.shard.folder());
        let there = journals_of(&self.folder, self.shard)?.len();
        for number in there + 1..=MOST_JOURNALS {
            if let Some(lines) = Lines::begin(&folder.join(name_of(number)))? {
                return Ok(lines);
            }
        }
        Err(Error::file(folder, format!("holds {MOST_JOURNALS} journals: merge them, and remove it")))
    }
}

/// The entries of all shards whose journals lie beside the journal into which they are merged, and one of these shards, of those
/// that are most; nothing where there are none.
///
/// Errors: a journal of another configuration, a line that was changed, one that cannot be read.
pub fn read_shards<E: DeserializeOwned>(journal: &Path, header: &impl Serialize) -> Result<Option<(Vec<E>, Shard)>> {
    let folder = folder_of(journal);
    let mut follower = Follower::new(comparable(header)?);
    let mut entries = Vec::new();
    let shards = shards_in(&folder)?;
    for &shard in &shards {
        for path in journals_of(&folder, shard)? {
            match follower.read(&path)? {
                (more, None) => entries.extend(more),
                (_, Some(fault)) => return Err(fault),
            }
        }
    }
    Ok(shards.last().map(|&shard| (entries, shard)))
}

/// The folder of the shards of the work that a journal is of.
pub(crate) fn folder_of(journal: &Path) -> PathBuf {
    journal.with_file_name(FOLDER)
}

/// The parts that have a folder, in order.
fn shards_in(folder: &Path) -> Result<Vec<Shard>> {
    let mut shards: Vec<Shard> = names(folder)?.iter().filter_map(|name| Shard::of_folder(name)).collect();
    shards.sort_by_key(|shard| (shard.count(), shard.number()));
    Ok(shards)
}

/// The journals of a part, in order.
fn journals_of(folder: &Path, shard: Shard) -> Result<Vec<PathBuf>> {
    let folder = folder.join(shard.folder());
    let number = |name: &String| name.strip_suffix(".jsonl").and_then(|number| number.parse::<usize>().ok());
    let mut numbers: Vec<usize> = names(&folder)?.iter().filter_map(number).collect();
    numbers.sort_unstable();
    let paths = numbers.into_iter().map(|number| folder.join(name_of(number)));
    Ok(paths.collect())
}

/// The name of a part's journal.
fn name_of(number: usize) -> String {
    format!("{number}.jsonl")
}

/// What stands in a folder; nothing where there is none.
fn names(folder: &Path) -> Result<Vec<String>> {
    if !files::is_there(folder)? {
        return Ok(Vec::new());
    }
    let entries = fs::read_dir(folder).map_err(Error::io(folder))?;
    let name = |entry: std::io::Result<fs::DirEntry>| entry.map(|entry| entry.file_name().to_string_lossy().into());
    entries.map(name).collect::<std::io::Result<_>>().map_err(Error::io(folder))
}

/// Looks at what other processes do: often at first, then seldom, since many may look at once.
pub(crate) struct Looks {
    pause: Duration,
    is_first: bool,
}

impl Looks {
    pub fn new() -> Self {
        Self { pause: FIRST_LOOK, is_first: true }
    }

    /// Whether there was no look before; only the first call says so.
    pub fn is_first(&mut self) -> bool {
        std::mem::take(&mut self.is_first)
    }

    /// Waits until the next. Errors: a stop that was asked for, with what is done.
    pub fn wait(&mut self, progress: &dyn Progress, done: &str) -> Result<()> {
        let mut left = self.pause;
        while !left.is_zero() {
            if progress.is_cancelled() {
                return Err(Error::Interrupted(done.into()));
            }
            let step = left.min(FIRST_LOOK);
            std::thread::sleep(step);
            left -= step;
        }
        self.pause = (self.pause * 3 / 2).min(LAST_LOOK);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use serde::Deserialize;

    use super::*;
    use crate::progress::Silent;

    #[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
    struct Entry {
        number: usize,
    }

    #[derive(Serialize)]
    struct Head {
        version: u32,
        seed: u64,
    }

    const HEAD: Head = Head { version: crate::record::FORMAT_VERSION, seed: 1 };

    fn shard(number: usize) -> Shard {
        Shard::new(number, 2).unwrap()
    }

    fn open(journal: &Path, number: usize) -> ShardJournals<Entry> {
        ShardJournals::open(journal, shard(number), &HEAD, &mut Silent).unwrap()
    }

    fn numbers(entries: &[Entry]) -> Vec<usize> {
        let mut numbers: Vec<usize> = entries.iter().map(|entry| entry.number).collect();
        numbers.sort_unstable();
        numbers
    }

    #[test]
    fn where_nothing_can_be_locked_two_processes_of_a_shard_write_files_of_their_own() {
        let folder = tempfile::tempdir().unwrap();
        let journal = folder.path().join("journal.jsonl");
        fs::create_dir_all(folder.path().join("shards/1-of-2")).unwrap();
        // Neither holds a lock.
        let mut both = [(); 2].map(|()| {
            let folder = tempfile::tempdir().unwrap();
            let lock = try_lock_folder(folder.path()).unwrap().unwrap();
            ShardJournals::begun(&journal, shard(1), &HEAD, lock).unwrap()
        });
        std::thread::scope(|scope| {
            for (index, one) in both.iter_mut().enumerate() {
                scope.spawn(move || {
                    (0..100).for_each(|number| one.append(&Entry { number: 2 * number + index }).unwrap())
                });
            }
        });
        let (entries, found) = read_shards::<Entry>(&journal, &HEAD).unwrap().unwrap();
        assert_eq!((numbers(&entries), found), ((0..200).collect(), shard(1)));
        for name in ["1.jsonl", "2.jsonl"] {
            let text = fs::read_to_string(folder.path().join("shards/1-of-2").join(name)).unwrap();
            assert_eq!(text.lines().count(), 101, "{name}");
        }
    }

    #[test]
    fn what_others_write_is_read_once_and_a_line_when_it_is_whole() {
        let folder = tempfile::tempdir().unwrap();
        let journal = folder.path().join("journal.jsonl");
        let (mut first, mut second) = (open(&journal, 1), open(&journal, 2));
        assert_eq!(first.read_all().unwrap(), []);
        second.append(&Entry { number: 1 }).unwrap();
        assert_eq!(numbers(&first.read(shard(2)).unwrap().0), [1]);
        second.append(&Entry { number: 2 }).unwrap();
        let path = folder.path().join("shards/2-of-2/1.jsonl");
        let whole = fs::read(&path).unwrap();
        // What a shared file system may show of a line: a part, or its length alone.
        let end = whole.len();
        fs::write(&path, &whole[..end - 5]).unwrap();
        assert!(matches!(first.read(shard(2)).unwrap(), (entries, None) if entries.is_empty()));
        fs::write(&path, [&whole[..end - 12], &[0; 11], b"\n"].concat()).unwrap();
        let (entries, fault) = first.read(shard(2)).unwrap();
        assert!(entries.is_empty() && fault.unwrap().to_string().contains("1.jsonl: line 3 is "));
        assert!(read_shards::<Entry>(&journal, &HEAD).unwrap_err().to_string().contains("line 3 is damaged"));
        fs::write(&path, whole).unwrap();
        assert_eq!(numbers(&first.read_all().unwrap()), [2]);
        assert_eq!(first.read_all().unwrap(), []);
    }

    #[test]
    fn a_repeated_process_begins_a_file_where_it_has_something_to_write() {
        let folder = tempfile::tempdir().unwrap();
        let journal = folder.path().join("journal.jsonl");
        open(&journal, 1).append(&Entry { number: 1 }).unwrap();
        let mut again = open(&journal, 1);
        assert_eq!(numbers(&again.read_all().unwrap()), [1]);
        drop(again);
        assert_eq!(journals_of(&folder_of(&journal), shard(1)).unwrap().len(), 1);
        let other = ShardJournals::<Entry>::open(&journal, shard(2), &Head { seed: 2, ..HEAD }, &mut Silent);
        let error = other.unwrap().read_all().unwrap_err().to_string();
        assert!(error.contains("1.jsonl: belongs to another configuration (seed 1 -> 2)"), "{error}");
    }
}
