//! CPU kernels for spiking networks, on slices and shapes.
//!
//! Feature maps are channels-last, `[timesteps, samples, pixels, channels]`; spikes are the same with 64 channels per
//! word, see [`Spikes`]. Values between layers stay sums of raw convolution outputs with a scale and a shift to apply
//! on reading ([`Sum`]), so that batch norms and skip connections cost no pass of their own.
//!
//! Each kernel has one body, compiled for AVX-512, AVX2 and the portable baseline and chosen at run time ([`Isa`]),
//! and a naive reference in its tests. Results are the same bits for any number of threads: work is split by sample,
//! and sums over samples are taken in order. They are the same on each instruction set as well, except for the backward pass
//! ([`spike_gradients`] and what belongs to it) and [`orthogonalised`], which round a product and a sum once where the machine can.
//!
//! This is the only crate of the project with `unsafe` code. No argument of a public function reaches memory that is not its
//! own: lengths are held against sizes whose product does not wrap, or the call panics.

mod affine;
mod aligned;
mod batch_norm;
mod convolution;
mod gradient_sums;
mod hamming;
mod isa;
mod lif;
mod lif_gradient;
mod linear;
mod orthogonal;
mod pooling;
mod sizes;
mod spikes;
mod sum;
mod system;

pub use affine::Affine;
pub use aligned::AlignedValues;
pub use batch_norm::{Moments, moments};
pub use convolution::{
    ConvolutionMaps, GradientKernel, OfAverages, PackedKernel, SpikeGradients, SpikeReader, convolve_images,
    convolve_spikes, image_weight_gradient, linear_input_gradient, linear_weight_gradient, spike_gradients,
};
pub use gradient_sums::{GradientSums, gradient_before_norm, gradient_sums};
pub use hamming::hamming_distances;
pub use isa::Isa;
pub use lif::{LifLayer, LifParameters, LifState, lif_scan};
pub use linear::{PackedLinear, linear_of_averages};
pub use orthogonal::{NEWTON_SCHULZ, NEWTON_SCHULZ_STEPS, orthogonalised};
pub use pooling::average_pool;
pub use spikes::Spikes;
pub use sum::{Extent, Sum, Term, total_over_steps, write_sum};
pub use system::{keep_freed_memory, share_freed_memory};

/// Splits `[steps, samples, length]` by sample: for each, its part of every timestep; nothing where `length` is 0.
fn by_sample<T>(values: &mut [T], length: usize, samples: usize) -> Vec<Vec<&mut [T]>> {
    let mut parts: Vec<Vec<&mut [T]>> = (0..samples).map(|_| Vec::new()).collect();
    for (map, part) in values.chunks_mut(length.max(1)).enumerate() {
        parts[map % samples].push(part);
    }
    parts
}
