//! The operations of the network, one a file, on maps [steps * images, channels, height, width].

mod batch_norm;
mod convolution;
mod lif;
mod pooling;

pub use batch_norm::{batch_norm, normalise};
pub use convolution::convolution;
pub use lif::lif;
pub use pooling::{average_pool, smooth};
