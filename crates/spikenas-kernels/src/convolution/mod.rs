mod dense;
mod event_driven;
mod events;
mod gradient;
mod gradient_kernel;
mod images;
mod kernel;
mod linear_gradient;
mod maps;
mod matrix;
mod transform;
mod winograd;

pub(crate) use event_driven::add_rows;
pub use event_driven::convolve_spikes;
pub(crate) use events::{AT_A_TIME, write_offsets};
pub use gradient::{OfAverages, SpikeGradients, SpikeReader, spike_gradients};
pub use gradient_kernel::GradientKernel;
pub use images::{convolve_images, image_weight_gradient};
pub use kernel::PackedKernel;
pub use linear_gradient::{linear_input_gradient, linear_weight_gradient};
pub use maps::ConvolutionMaps;

#[cfg(test)]
mod tests;
