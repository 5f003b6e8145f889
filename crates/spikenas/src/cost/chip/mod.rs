//! Chips: what is published of them, each figure with its source, and whether a network fits.

mod check;
mod profile;

pub use check::{ChipCheck, ChipEnergy, ChipLimit, Need};
pub use profile::{Figure, Microcontroller, Neuromorphic, Profile, ProfileKind};
