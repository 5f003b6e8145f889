//! The engine on the CPU: event-driven kernels on bit-packed spikes, layer by layer, all timesteps at once.
//!
//! A graph becomes a program of what the kernels compute together; what several networks have in common is one step of it. An
//! executor computes the steps, each once; a backward pass reads what it kept.

mod backward;
mod buffers;
mod classifier;
mod engine;
mod executor;
mod forward;
mod memory;
mod network;
mod norm;
mod parameters;
mod part;
mod program;
mod untrained;

pub use engine::Cpu;
pub use executor::Membranes;
pub use forward::{LayerSpikes, Trace, forward};
pub use norm::RunningStatistics;
pub use parameters::LayerParameters;
pub use spikenas_kernels::{Isa, Spikes};
