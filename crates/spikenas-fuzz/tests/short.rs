//! Every reader on what it accepts, on the kept corpus, and on some seconds of mutations of both: the same inputs in the same order
//! on every machine; a slower one gets to fewer of them.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use spikenas::random::{RngExt, generator, name_key};
use spikenas_fuzz::{READERS, Reader, mutated};

/// Time for mutations of one reader.
const TIME: Duration = Duration::from_secs(2);
/// Most mutations of one reader.
const MUTATIONS: u64 = 20_000;

/// A reader at a time: what it allocates is measured.
static ALONE: Mutex<()> = Mutex::new(());

fn corpus(reader: &Reader) -> Vec<Vec<u8>> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("corpus").join(reader.name);
    let mut paths: Vec<_> = folder.read_dir().into_iter().flatten().flatten().map(|entry| entry.path()).collect();
    paths.sort();
    paths.iter().map(|path| std::fs::read(path).unwrap()).collect()
}

/// Reads an input; one that breaks a promise is kept as a file, which the message names.
fn check(reader: &Reader, input: &[u8]) -> bool {
    catch_unwind(AssertUnwindSafe(|| reader.check(input))).unwrap_or_else(|_| {
        let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!(
            "{}-{:08x}",
            reader.name,
            name_key(&format!("{input:?}"))
        ));
        std::fs::write(&path, input).unwrap();
        panic!("the reader `{}` broke a promise, which is told above, on {}", reader.name, path.display());
    })
}

fn keeps_its_promises(name: &str) {
    let _alone = ALONE.lock().unwrap_or_else(PoisonError::into_inner);
    let reader = Reader::named(name).unwrap();
    let valid = (reader.valid)();
    for (index, input) in valid.iter().enumerate() {
        assert!(check(reader, input), "valid input {index} of `{name}` is refused");
    }
    let inputs = [valid, corpus(reader)].concat();
    inputs.iter().for_each(|input| _ = check(reader, input));
    let (begin, mut generator) = (Instant::now(), generator(&[name_key(name)]));
    for _ in 0..MUTATIONS {
        if begin.elapsed() > TIME {
            break;
        }
        let [one, other] = [0; 2].map(|_| &inputs[generator.random_range(0..inputs.len())]);
        check(reader, &mutated(one, other, &mut generator));
    }
}

/// A test for each reader, and one that none is left out.
macro_rules! readers {
    ($($name:ident)*) => {
        $(#[test] fn $name() { keeps_its_promises(stringify!($name)); })*

        #[test]
        fn every_reader_is_tested() {
            assert_eq!(READERS.iter().map(|reader| reader.name).collect::<Vec<_>>(), [$(stringify!($name)),*]);
        }
    };
}

readers! {
    architecture budget config settings journal search supernet epochs evaluation study seeds front correlation table weights integers profile checkpoint image cifar idx recording spikes gestures frames archive
}
