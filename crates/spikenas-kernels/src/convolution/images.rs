use rayon::prelude::*;

use super::ConvolutionMaps;
use super::event_driven::write_block;
use super::kernel::PackedKernel;
use crate::Moments;
use crate::aligned::AlignedValues;
use crate::isa::{BlockOperation, Operation, Vector, in_blocks};

/// Convolves images, `[samples, channels, height, width]`.
///
/// Writes `out`, `[samples, pixels, outputs]`, and returns the moments of the sums.
pub fn convolve_images(images: &[f32], maps: ConvolutionMaps, kernel: &PackedKernel, out: &mut [f32]) -> Moments {
    let (length, length_out) = (kernel.inputs * maps.pixels(), maps.pixels_out() * kernel.outputs);
    assert_eq!(images.len(), maps.samples * length, "images do not have the shape given");
    assert_eq!(out.len(), maps.samples * length_out, "the output does not have its shape");
    let parts: Vec<Moments> = out
        .par_chunks_mut(length_out.max(1))
        .zip(images.par_chunks(length.max(1)))
        .map(|(out, image)| kernel.isa.run(ConvolveImage { image, maps, kernel, out }))
        .collect();
    Moments::total(&parts, kernel.outputs)
}

/// Convolution of one image.
struct ConvolveImage<'a> {
    image: &'a [f32],
    maps: ConvolutionMaps,
    kernel: &'a PackedKernel,
    out: &'a mut [f32],
}

impl Operation for ConvolveImage<'_> {
    type Output = Moments;

    #[inline(always)]
    unsafe fn run<V: Vector>(self) -> Moments {
        // SAFETY: the caller vouches for the instruction set.
        unsafe { in_blocks::<V, _>(self.kernel.block, self) }
    }
}

impl BlockOperation for ConvolveImage<'_> {
    type Output = Moments;

    #[inline(always)]
    unsafe fn run_blocks<V: Vector, const N: usize>(self) -> Moments {
        let Self { image, maps, kernel, out } = self;
        let (pixels, pad) = (maps.pixels(), kernel.side / 2);
        let mut moments = Moments::zeros(kernel.outputs);
        moments.count = pixels as u64;
        let mut sums = AlignedValues::zeros(pixels * kernel.block);
        for block in 0..kernel.blocks() {
            for (pixel, to) in sums.chunks_exact_mut(kernel.block).enumerate() {
                let (y, x) = (pixel / maps.width, pixel % maps.width);
                // SAFETY: the caller vouches for the instruction set.
                let mut sum = [unsafe { V::splat(0.0) }; N];
                for ky in pad.saturating_sub(y)..kernel.side.min(maps.height + pad - y) {
                    for kx in pad.saturating_sub(x)..kernel.side.min(maps.width + pad - x) {
                        let from = (y + ky - pad) * maps.width + x + kx - pad;
                        for input in 0..kernel.inputs {
                            let (chunk, channel) = (input / kernel.chunk, input % kernel.chunk);
                            let row = kernel.first(block, ky, chunk) + (kx * kernel.chunk + channel) * kernel.block;
                            // SAFETY: the caller vouches for the instruction set; a row of weights has `N` vectors.
                            unsafe {
                                let value = V::splat(image[input * pixels + from]);
                                let row = kernel.values[row..][..kernel.block].as_ptr();
                                for (n, sum) in sum.iter_mut().enumerate() {
                                    *sum = sum.add(value.mul(V::load(row.add(n * V::LANES))));
                                }
                            }
                        }
                    }
                }
                for (n, sum) in sum.iter().enumerate() {
                    // SAFETY: the caller vouches for the instruction set; `to` holds `N` vectors.
                    unsafe { sum.store(to.as_mut_ptr().add(n * V::LANES)) };
                }
            }
            write_block(&sums, block, maps, kernel, &mut moments, out);
        }
        moments
    }
}
