//! Every reader of `spikenas` on inputs that nobody would write.
//!
//! A [`Reader`] is a function of the library that reads what a user types or a file holds, with inputs that it accepts and the
//! promises that it must keep for every input: no panic, memory in proportion, a message where it is refused; and what is
//! accepted, written and read again is the same.
//!
//! The tests of this crate try the kept corpus and some seconds of mutations, the same ones every time. The program
//! `libfuzzer` searches with coverage for as long as it is let; `docs/reliability.md` says how.
#![forbid(unsafe_code)]

mod checksums;
mod mutation;
mod promises;
mod reader;
mod readers;
mod scratch;

pub use mutation::mutated;
pub use reader::{READERS, Reader};
