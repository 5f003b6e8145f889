//! Networks in NIR, the exchange format of spiking networks (Pedersen et al. 2024), version 1.0.8, in an HDF5 file.
//!
//! Every LIF layer has its own copies of the convolutions that it reads, with all batch norms folded in: sums of edges into a node
//! are all that importers agree on. A membrane is `v + (x - v) / tau` with a timestep of 1e-4 seconds; the image is shown at every
//! timestep, and the outputs are averaged.

mod export;
mod file;
mod graph;
mod numbers;

pub use export::{Golden, NirExport};
pub use graph::{NirGraph, NirNode, NirOperation};
