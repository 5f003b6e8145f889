//! A whole run with one seed after the other: search, training and test of each, and their mean.
//!
//! The folder has `seeds.toml` (the configuration of the first seed), `seeds.json` (the results) and a run folder per seed, `seed-1` and
//! so on, with which everything can be done that can be done with a run.

mod record;
mod runner;

pub use record::{SeedResult, SeedsRecord};
pub use runner::{check, free_or_same, run};
