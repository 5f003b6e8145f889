//! Architecture + network settings + shape of an image -> the graph of layers, from which memory, engines, scores,
//! reports and exports take all that they know of a network.
//!
//! ```text
//! input -> stem -> cell 1 -> reduction -> cell 2 -> … -> last activation -> pooling -> classifier -> mean over timesteps
//!          once    \__________________________ at each of T timesteps ________________________/
//! ```
//!
//! The macro-architecture is SNASNet's (Kim et al. 2022). With one cell, the reduction follows it; with three, one
//! stands before each cell but the first. The wiring of cells is looked at here and nowhere else.

mod build;
mod config;
mod layer;
mod naming;
mod network_graph;
mod node_id;
mod normalisation;
mod parameter;
mod shape;
mod stages;

pub use config::{Dynamics, Initialisation, NetworkConfig, Sizes};
pub use layer::{AveragePool, BatchNorm, Convolution, Layer, Lif, Linear};
pub use naming::layer_place;
pub use network_graph::{Graph, Node, Place, Time};
pub use node_id::NodeId;
pub use normalisation::Normalisation;
pub use parameter::{Parameter, ParameterKind};
pub use shape::Shape;
pub use stages::{Classifier, Content, Convolved, Map, Source, Spiking, Stage, Stages};
