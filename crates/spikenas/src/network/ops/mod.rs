//! The operations of the network, one a file, on maps [steps * images, channels, height, width].

#[cfg(test)]
mod agreement;
mod batch_norm;
mod batch_norm_cpu;
mod convolution;
mod convolution_cpu;
mod cpu;
mod lif;
mod pooling;
mod pooling_cpu;
mod sum;
mod vectorised;

pub use batch_norm::{batch_norm, normalise};
pub use convolution::{convolution, convolution_of_spikes};
pub use lif::lif;
pub use pooling::{average_pool, smooth};
pub use sum::sum;
