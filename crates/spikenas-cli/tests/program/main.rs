//! The program as its users meet it: run as a process, judged by its exit status, stdout, stderr and files.
//!
//! One test binary with a module per topic, so that the program is linked against once.

mod choice;
mod clothes;
mod damage;
mod errors;
mod events;
mod fetch;
mod fronts;
mod hostile;
mod images;
mod integers;
mod kept;
mod list;
mod manual;
mod named;
mod place;
mod predict;
mod promises;
mod recordings;
mod records;
mod repeat;
mod reports;
mod resume;
mod searches;
mod seeds;
#[cfg(unix)]
mod shards;
#[cfg(unix)]
mod signals;
mod sizes;
mod streams;
#[cfg(unix)]
mod tables;
#[cfg(unix)]
mod tasks;
mod training;
mod weights_files;
