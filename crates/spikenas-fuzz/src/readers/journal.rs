//! `journal.jsonl` of a search, or of one of its shards: a header, then a line for each candidate.

use std::path::Path;

use spikenas::Silent;
use spikenas::record::{Shard, ShardJournals};
use spikenas::search::{Journal, JournalEntry, JournalHeader};

use super::example;
use crate::promises::accepted;
use crate::{checksums, scratch};

pub(crate) fn valid() -> Vec<Vec<u8>> {
    let whole = example::file("run", "journal.jsonl");
    let lines: Vec<&[u8]> = whole.split_inclusive(|&b| b == b'\n').collect();
    vec![lines[..3].concat(), lines[..1].concat()]
}

pub(crate) fn read(input: &[u8]) -> bool {
    checksums::both(input, checksums::of_text, read_one)
}

fn read_one(input: &[u8]) -> bool {
    let open = |path: &Path| Journal::open(path, &header());
    let path = scratch::file("journal.jsonl", input);
    let shared = read_shared(input);
    let Some(entries) = accepted(open(&path)).map(|journal| journal.entries().to_vec()) else { return false };
    assert_eq!(open(&path).expect("what was opened can be opened").entries(), entries);
    assert_eq!(shared.as_ref(), Some(&entries), "what a journal takes, a shard does");
    let copy = scratch::place("copy.jsonl");
    let _ = std::fs::remove_file(&copy);
    let mut journal = open(&copy).expect("a new journal");
    for entry in &entries {
        journal.append(entry.clone()).expect("an entry that was read");
    }
    drop(journal);
    assert_eq!(open(&copy).expect("what is written can be read").entries(), entries);
    true
}

/// The same lines as the journal of a shard, which are read while others write them.
fn read_shared(input: &[u8]) -> Option<Vec<JournalEntry>> {
    let (journal, shard) = (scratch::place("shared/journal.jsonl"), Shard::new(1, 1).expect("a shard"));
    let folder = scratch::folder("shared/shards/1-of-1", |_| ());
    std::fs::write(folder.join("1.jsonl"), input).expect("a file in a temporary folder");
    let mut journals =
        ShardJournals::open(&journal, shard, &header(), &mut Silent).expect("a folder that nobody locks");
    let first = accepted(journals.read_all())?;
    assert_eq!(journals.read_all().expect("what was read"), [], "each line is read once");
    Some(first)
}

/// The header of the example's journal.
fn header() -> JournalHeader {
    thread_local! {
        static HEADER: JournalHeader = {
            let text = example::file("run", "journal.jsonl");
            let first = text.split(|&b| b == b'\n').next().unwrap_or_default();
            serde_json::from_slice(first).expect("a header that was written")
        };
    }
    HEADER.with(Clone::clone)
}
