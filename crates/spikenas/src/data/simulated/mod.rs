//! A dataset of recordings that a simulated camera makes of the images of another one.
//!
//! `FOLDER/{train,test}/CLASS/NUMBER.bin` (or `.npz`), and `FOLDER/simulated.toml`, which says what they are and how they were made. A class
//! takes its place when all of it is on the disk, those of the test split first: what was begun goes on, and is never read as a smaller
//! dataset, in which both splits have the same classes.

mod definition;
mod folder_names;
mod make;

pub use definition::Simulation;
pub use make::{Simulated, SimulatedSplit, simulate};
