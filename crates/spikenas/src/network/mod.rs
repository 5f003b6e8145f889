//! The trainable network: a [`Plan`](crate::plan::Plan) and its [`Weights`](crate::weights::Weights) on a device.
//!
//! Layer by layer, all timesteps at once: a feature map is [steps * images, channels, height, width], timestep outermost.

mod backward;
mod device;
mod feature;
mod features;
mod forward;
mod loss;
mod memory;
mod ops;
mod optimiser;
mod pass;
mod state;

pub use device::{DEVICES, Device, device, is_cpu};
pub use forward::{Mode, Output, Spikes};
pub use loss::loss;
pub use memory::training_memory;
pub use optimiser::{Optimiser, OptimiserState};
pub use state::{Gradients, Network};
