//! Architecture + network settings -> every layer with its shapes; the one truth for memory, score, network and export.
//!
//! ```text
//! input -> stem -> cell 1 -> reduction -> cell 2 -> … -> last activation -> pooling -> classifier -> mean over timesteps
//!          once    \__________________________ at each of T timesteps ________________________/
//! ```
//!
//! The macro-architecture is SNASNet's (Kim et al. 2022). With one cell, the reduction follows it; with three, one
//! stands before each cell but the first.

mod config;
mod layers;
mod layout;
mod parameters;
mod shape;

pub use config::{Initialisation, NetworkConfig};
pub use layers::{
    BatchNorm, CellPlan, Classifier, Convolution, EdgePlan, Lif, Linear, Plan, Reduction, SpikingConvolution,
};
pub use parameters::{Parameter, ParameterKind};
pub use shape::Shape;
