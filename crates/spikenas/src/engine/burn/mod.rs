//! The engine of [Burn](https://burn.dev)'s own operations: the graph, node by node, on any of Burn's devices.
//!
//! Layer by layer, all timesteps at once: a feature map is [steps * images, channels, height, width], timestep outermost.

mod engine;
mod feature;
mod interpreter;
mod loss;
mod network;
mod ops;
mod optimiser;
mod tensors;
mod untrained;

pub use engine::BurnEngine;
