//! How good an untrained network looks: a forward pass on the kernels, a kernel matrix of its spikes, a determinant.
//!
//! [`forward`] runs a plan layer by layer, all timesteps at once, and returns the spikes of every LIF layer;
//! [`ScoreKind`] makes one number of them; a [`Scorer`] does both for one architecture after the other, with the same
//! images and, for equal parts, the same weights.

mod batch_norm;
mod buffers;
mod executor;
mod feature_map;
mod forward;
mod funnel;
mod graph;
mod kernel_matrix;
mod kind;
mod log_determinant;
mod parameters;
mod scorer;

pub use batch_norm::RunningStatistics;
pub(crate) use batch_norm::{EPSILON, NormStatistics};
pub(crate) use buffers::{Buffer, Buffers};
pub(crate) use executor::{Executor, Pass, Value};
pub(crate) use feature_map::Part;
pub use forward::{LayerSpikes, Membranes, Mode, Trace, forward};
pub(crate) use graph::{Goal, Graph, Id, Map, Node};
pub use kernel_matrix::{KernelKind, KernelMatrix};
pub use kind::ScoreKind;
pub use log_determinant::log_abs_determinant;
pub use parameters::LayerParameters;
pub use scorer::{ArchitectureScorer, Score, ScoreConfig, Scorer};
