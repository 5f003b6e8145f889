//! A trained network -> an integer one, and the engine that defines what it computes.
//!
//! ```text
//! spikes -> weights of 8, 4 or 2 bits, times a step -> maps of 16 bits -> membranes -> spikes
//! ```
//!
//! The factor 1/tau and the batch norms are folded into weights, biases and thresholds. All maps that are added to one another
//! share a unit per channel, so that sums are exact in any order; a convolution's weights are whole numbers times a step, a
//! whole number of units. The unit is as fine as 16 bits allow in the worst case, whatever spikes: no map can overflow, which is
//! proven for every network when it is made.

mod bounds;
mod convert;
mod evaluate;
mod file;
mod fold;
mod grid;
mod integer_network;
mod packed;
mod pixels;
mod ranges;
mod reference;
mod rounding;
mod runner;
#[cfg(test)]
mod tests;

pub use evaluate::{Drift, IntegerTest, LayerDrift, evaluate_integer};
pub use file::IntegerModel;
pub(crate) use fold::Affine;
pub(crate) use grid::cluster_means;
pub use grid::round_weights;
pub use integer_network::{IntegerConvolution, IntegerHidden, IntegerLayer, IntegerNetwork, IntegerOutput};
pub use packed::pack;
pub use pixels::Pixels;
pub use ranges::{LayerRange, ranges};
pub use reference::reference;
pub use rounding::Rounding;
pub use runner::{Outcome, Runner, RunnerState};
