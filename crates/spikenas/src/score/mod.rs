//! Training-free figures of merit: zero-cost proxies for the accuracy of a trained network.
//!
//! [`ScoreKind`] names them, a [`Scorer`] gives them to architectures: those of spikes share forward passes between
//! architectures ([`SpikeScorer`]), the others look at one architecture after the other, each with its dead parts cut.

mod batches;
mod config;
mod funnel;
mod kernel_matrix;
mod kind;
mod log_determinant;
mod membrane_entropy;
mod one_by_one;
mod reason;
mod room;
mod scorer;
mod spike_scorer;
mod structure;
mod synflow;
mod zico;

pub use batches::score_batches;
pub use config::ScoreConfig;
pub use kernel_matrix::{Activity, KernelKind, KernelMatrix};
pub use kind::ScoreKind;
pub use log_determinant::log_abs_determinant;
pub use one_by_one::scorer;
pub use reason::reason;
pub use room::check_room;
pub use scorer::{Judged, Listener, Score, Scorer};
pub use spike_scorer::{SpikeScorer, Told};

#[cfg(test)]
mod tests;
