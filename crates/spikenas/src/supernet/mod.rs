//! One network that holds all operations of a space (AutoSNN, Na et al., ICML 2022): trained with one random path a step, it lends its
//! weights to every candidate of a search.
//!
//! [`Supernet`] is an engine whose network draws a path for each step, so that [`train`](crate::train::train) trains it as any other;
//! [`Judge`] shows validation images to candidates that inherit its weights, and [`Fitness`] makes a score of what it sees.

mod fitness;
mod images;
mod judge;
mod network;
mod paths;
mod recipe;
mod record;
mod shared;
mod tensors;

pub use fitness::Fitness;
pub use images::supernet_images;
pub use judge::Judge;
pub use paths::Paths;
pub use recipe::{supernet_recipe, supernet_settings};
pub use record::{Sampled, SupernetRecord};
pub use shared::Supernet;

#[cfg(test)]
mod tests;
