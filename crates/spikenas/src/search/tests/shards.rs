//! Searches that several processes share, here threads: each with journals, scorer and evaluator of its own.

use std::path::{Path, PathBuf};
use std::thread;

use super::*;
use crate::progress::Progress;
use crate::record::{Shard, ShardJournals, read_shards};

fn value(a: &Architecture) -> f64 {
    (convolutions(&a.cells()[0]) * 1.7 + convolutions(&a.cells()[1])).sin()
}

fn of_two_operations(method: Method) -> SearchConfig {
    SearchConfig { iterations: 150, ..config("spikenas-2o", method, Some("2M")) }
}

/// Every method that is shared.
const METHODS: [Method; 5] = [Method::Spikenas, Method::Random, Method::Exhaustive, Method::Evolution, Method::Local];

/// The result of a search, and the counts of its passes.
type Found = (Best, Vec<PassRecord>);

struct Folder(tempfile::TempDir);

impl Folder {
    fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    fn journal(&self) -> PathBuf {
        self.0.path().join("journal.jsonl")
    }

    /// A part of the search; returns its architectures, and whether it was done.
    fn part(&self, config: &SearchConfig, shard: (usize, usize), patience: Patience, fail_after: usize) -> Ended {
        self.part_with(config, shard, patience, fail_after, &mut Silent)
    }

    fn part_with(
        &self,
        config: &SearchConfig,
        (number, count): (usize, usize),
        patience: Patience,
        fail_after: usize,
        progress: &mut dyn Progress,
    ) -> Ended {
        let toy = Toy { fail_after, ..Toy::new(value) };
        let shard = Shard::new(number, count).unwrap();
        let journals = ShardJournals::open(&self.journal(), shard, &header(config), progress).unwrap();
        let kept = Some(Kept::Part(Part::new(journals, patience).unwrap()));
        let problem = Problem::new(config, &network(2), IMAGE).unwrap();
        let mut evaluator = Evaluator::after(problem, &toy, Handed { kept, ..Handed::default() }).unwrap();
        let result = search_part(config, &mut evaluator, progress);
        let Some(Kept::Part(part)) = evaluator.hand_on().kept else { panic!("another kind") };
        assert_eq!(part.written(), toy.calls.borrow().len());
        Ended { calls: toy.calls.into_inner(), lacking: part.lacking(), result }
    }

    /// The result of all parts.
    fn merge(&self, config: &SearchConfig, holes: Holes) -> Result<Found> {
        let fails = Toy { fail_after: 0, ..Toy::new(value) };
        let fills = Toy::new(value);
        let scorer = if holes == Holes::Refused { &fails } else { &fills };
        let shards = read_shards(&self.journal(), &header(config))?.unwrap();
        let journal = Journal::open(&self.journal(), &header(config))?;
        let kept = Some(Kept::Merged(Merged::new(journal, self.0.path().into(), shards, holes)));
        let problem = Problem::new(config, &network(2), IMAGE)?;
        search(config, &mut Evaluator::after(problem, scorer, Handed { kept, ..Handed::default() })?, &mut Silent)
    }

    /// Scores by architecture, in the order of the journal.
    fn scores(&self, config: &SearchConfig) -> Vec<(String, u64)> {
        scores(&self.journal(), config)
    }
}

struct Ended {
    calls: Vec<Architecture>,
    lacking: usize,
    result: Result<()>,
}

fn scores(journal: &Path, config: &SearchConfig) -> Vec<(String, u64)> {
    let journal = Journal::open(journal, &header(config)).unwrap();
    let of = |entry: &JournalEntry| (entry.architecture.to_string(), entry.score.0.to_bits());
    journal.entries().iter().map(of).collect()
}

fn sorted<T: Ord>(mut all: Vec<T>) -> Vec<T> {
    all.sort();
    all
}

/// What one process makes of a search: its result and its journal's scores.
fn alone(config: &SearchConfig) -> (Found, Vec<(String, u64)>) {
    let folder = Folder::new();
    let toy = Toy::new(value);
    let problem = Problem::new(config, &network(2), IMAGE).unwrap();
    let journal = Journal::open(&folder.journal(), &header(config)).unwrap();
    let found = search(config, &mut Evaluator::new(problem, &toy, Some(journal)).unwrap(), &mut Silent).unwrap();
    (found, sorted(folder.scores(config)))
}

#[test]
fn whatever_the_method_three_shards_merge_to_what_one_process_finds() {
    for method in METHODS {
        let (config, folder) = (of_two_operations(method), Folder::new());
        let ended: Vec<Ended> = thread::scope(|scope| {
            let part = |number| folder.part(&config, (number, 3), Patience::Waits, usize::MAX);
            let parts = [1, 2, 3].map(|number| scope.spawn(move || part(number)));
            parts.map(|part| part.join().unwrap()).into()
        });
        let (found, scores) = alone(&config);
        assert!(ended.iter().all(|part| part.result.is_ok() && part.lacking == 0), "{method}");
        let calls: Vec<String> = ended.iter().flat_map(|part| &part.calls).map(ToString::to_string).collect();
        assert_eq!(sorted(calls), scores.iter().map(|(a, _)| a.clone()).collect::<Vec<_>>(), "{method}: each once");
        // Twice: what is merged is not merged again.
        for _ in 0..2 {
            assert_eq!(folder.merge(&config, Holes::Refused).unwrap(), found, "{method}");
            assert_eq!(sorted(folder.scores(&config)), scores, "{method}");
        }
    }
}

#[test]
fn shards_that_do_not_wait_come_further_pass_by_pass() {
    let (config, folder) = (of_two_operations(Method::Spikenas), Folder::new());
    let round = || [1, 2].map(|number| folder.part(&config, (number, 2), Patience::Ends, usize::MAX));
    let [first, second] = round();
    // The first lacks what the second has not scored yet; the second has all of pass 1 and goes on with pass 2.
    assert!(first.lacking > 0 && second.lacking == 0 && second.calls.len() > first.calls.len());
    let hole = folder.merge(&config, Holes::Refused).unwrap_err().to_string();
    assert!(hole.contains("pass 2 of 2: ") && hole.contains("shard 1 of 2"), "{hole}");
    let [first, second] = round();
    assert!(first.lacking == 0 && second.calls.is_empty());
    assert_eq!(folder.merge(&config, Holes::Refused).unwrap(), alone(&config).0);
    assert!(round().iter().all(|part| part.calls.is_empty() && part.lacking == 0));
}

#[test]
fn a_killed_shard_goes_on_and_computes_no_score_twice() {
    let (config, folder) = (of_two_operations(Method::Exhaustive), Folder::new());
    let all = folder.part(&config, (2, 2), Patience::Waits, usize::MAX).calls.len();
    let mut calls = all;
    for killed_after in [0, 3, 17] {
        let ended = folder.part(&config, (1, 2), Patience::Waits, killed_after);
        assert!(ended.result.is_err());
        calls += ended.calls.len();
        // A kill in the middle of a line, of the journal that was written last.
        let own = folder.0.path().join("shards/1-of-2");
        if let Some(last) = (1..9).map(|n| own.join(format!("{n}.jsonl"))).take_while(|path| path.exists()).last() {
            let mut text = std::fs::read(&last).unwrap();
            text.extend_from_slice(b"{\"architecture\":\"0111 00");
            std::fs::write(&last, text).unwrap();
        }
    }
    calls += folder.part(&config, (1, 2), Patience::Waits, usize::MAX).calls.len();
    let (found, scores) = alone(&config);
    assert_eq!(folder.merge(&config, Holes::Refused).unwrap(), found);
    assert_eq!((sorted(folder.scores(&config)), calls), (scores.clone(), scores.len()));
}

#[test]
fn a_hole_is_named_and_one_process_can_fill_it() {
    let (config, folder) = (of_two_operations(Method::Exhaustive), Folder::new());
    folder.part(&config, (1, 3), Patience::Waits, usize::MAX).result.unwrap();
    folder.part(&config, (2, 3), Patience::Waits, 40).result.unwrap_err();
    let error = folder.merge(&config, Holes::Refused).unwrap_err().to_string();
    assert!(
        error.contains("exhaustive search: ") && error.contains("shards 2, 3 of 3") && error.contains(" more)"),
        "{error}"
    );
    assert!(folder.scores(&config).is_empty(), "nothing is merged by halves");
    let (found, scores) = alone(&config);
    assert_eq!(folder.merge(&config, Holes::Filled).unwrap(), found);
    assert_eq!(sorted(folder.scores(&config)), scores);
}

#[test]
fn another_number_of_shards_goes_on_from_the_scores_of_the_first() {
    let (config, folder) = (of_two_operations(Method::Exhaustive), Folder::new());
    let first = folder.part(&config, (1, 2), Patience::Waits, usize::MAX).calls.len();
    let rest: usize =
        (1..=5).map(|number| folder.part(&config, (number, 5), Patience::Waits, usize::MAX).calls.len()).sum();
    let (found, scores) = alone(&config);
    assert_eq!((folder.merge(&config, Holes::Refused).unwrap(), first + rest), (found, scores.len()));
}

#[test]
fn shards_of_other_settings_are_refused_with_what_differs() {
    let (config, folder) = (of_two_operations(Method::Random), Folder::new());
    folder.part(&config, (1, 2), Patience::Ends, usize::MAX).result.unwrap();
    let other = SearchConfig { seed: 9, ..config.clone() };
    folder.merge(&other, Holes::Refused).unwrap_err();
    let refusal = folder.merge(&other, Holes::Filled).unwrap_err().to_string();
    assert!(refusal.contains("1.jsonl") && refusal.contains("search.seed 1 -> 9"), "{refusal}");
    let shard = Shard::new(2, 2).unwrap();
    let journals = ShardJournals::open(&folder.journal(), shard, &header(&other), &mut Silent).unwrap();
    assert!(Part::new(journals, Patience::Waits).is_err());
}

#[cfg(unix)]
#[test]
fn a_second_process_of_a_shard_waits_and_does_what_the_first_leaves() {
    struct Told(std::sync::mpsc::Sender<String>);
    impl Progress for Told {
        fn note(&mut self, message: &str) {
            self.0.send(message.into()).unwrap();
        }
    }
    let (config, folder) = (of_two_operations(Method::Exhaustive), Folder::new());
    let shard = Shard::new(1, 1).unwrap();
    let first: ShardJournals<JournalEntry> =
        ShardJournals::open(&folder.journal(), shard, &header(&config), &mut Silent).unwrap();
    let (sender, receiver) = std::sync::mpsc::channel();
    thread::scope(|scope| {
        let second = scope.spawn(|| folder.part_with(&config, (1, 1), Patience::Waits, usize::MAX, &mut Told(sender)));
        let told = receiver.recv().unwrap();
        assert!(told.contains("another process works on shard 1 of 1"), "{told}");
        drop(first);
        assert!(second.join().unwrap().result.is_ok());
    });
    assert_eq!(folder.merge(&config, Holes::Refused).unwrap(), alone(&config).0);
}
