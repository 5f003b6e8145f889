use rayon::prelude::*;

use super::event_driven::write_block;
use super::kernel::PackedKernel;
use super::maps::ConvolutionMaps;
use crate::aligned::AlignedValues;
use crate::isa::{BlockOperation, Isa, Operation, Vector, in_blocks};
use crate::sizes::product;
use crate::{Extent, Moments, Sum};

/// Convolves images, `[samples, channels, height, width]`.
///
/// Writes `out`, `[samples, pixels, outputs]`, and returns the moments of the sums.
pub fn convolve_images(images: &[f32], maps: ConvolutionMaps, kernel: &PackedKernel, out: &mut [f32]) -> Moments {
    maps.check();
    let (length, length_out) = (product([kernel.inputs, maps.pixels()]), product([maps.pixels_out(), kernel.outputs]));
    assert_eq!(images.len(), product([maps.samples, length]), "images do not have the shape given");
    assert_eq!(out.len(), product([maps.samples, length_out]), "the output does not have its shape");
    let parts: Vec<Moments> = out
        .par_chunks_mut(length_out.max(1))
        .enumerate()
        .map(|(sample, out)| {
            let image = &images[sample * length..][..length];
            kernel.isa.run(ConvolveImage { image, maps, kernel, out })
        })
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
        let mut sums = AlignedValues::zeros(product([pixels, kernel.block]));
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
            // SAFETY: the caller vouches for the instruction set.
            unsafe { write_block::<V>(&sums, block, maps, kernel, &mut moments, out) };
        }
        moments
    }
}

/// Gradient of the weights of a convolution of images, `[steps, samples, channels, height, width]`, from that of its sums.
/// Returns `[outputs, channels, side, side]`; there are as many channels as the images have, and none without an image.
pub fn image_weight_gradient(
    isa: Isa,
    images: &[f32],
    maps: ConvolutionMaps,
    side: usize,
    gradient: &Sum<'_>,
) -> Vec<f32> {
    gradient.check();
    assert!(side % 2 == 1, "a kernel's side is odd, not {side}");
    let Extent { steps, samples, pixels, channels: outputs } = gradient.extent;
    assert_eq!((samples, pixels), (maps.samples, maps.pixels()), "the gradient has another extent");
    let all = product([steps, samples, pixels]);
    assert!(images.len().is_multiple_of(all), "images do not have the shape given");
    let inputs = images.len().checked_div(all).unwrap_or(0);
    let taps = product([inputs, side, side]);
    if product([taps, outputs]) == 0 {
        return Vec::new();
    }
    let partial: Vec<Vec<f32>> = images
        .par_chunks((inputs * pixels).max(1))
        .enumerate()
        .map(|(map, image)| {
            isa.run(CorrelateImage { image, step: map / samples, sample: map % samples, maps, inputs, side, gradient })
        })
        .collect();
    let sum = |i: usize| partial.iter().map(|sums| sums[i % taps * outputs + i / taps]).sum();
    (0..outputs * taps).map(sum).collect()
}

/// One image's part of the gradient, `[channels, side, side, outputs]`.
struct CorrelateImage<'a> {
    image: &'a [f32],
    step: usize,
    sample: usize,
    maps: ConvolutionMaps,
    inputs: usize,
    side: usize,
    gradient: &'a Sum<'a>,
}

impl Operation for CorrelateImage<'_> {
    type Output = Vec<f32>;

    #[inline(always)]
    unsafe fn run<V: Vector>(self) -> Vec<f32> {
        let Self { image, step, sample, maps: ConvolutionMaps { height, width, .. }, inputs, side, gradient } = self;
        let (outputs, pad) = (gradient.extent.channels, side / 2);
        let mut map = vec![0.0; gradient.extent.map()];
        // SAFETY: the caller vouches for the instruction set.
        unsafe { gradient.read::<V>(step, sample, 0, &mut map) };
        let mut sums = vec![0.0; inputs * side * side * outputs];
        let whole = outputs - outputs % V::LANES;
        for (tap, sums) in sums.chunks_exact_mut(outputs).enumerate() {
            let (input, ky, kx) = (tap / (side * side), tap / side % side, tap % side);
            let columns = pad.saturating_sub(kx)..width.min((width + pad).saturating_sub(kx));
            for y in pad.saturating_sub(ky)..height.min((height + pad).saturating_sub(ky)) {
                let line = &image[(input * height + y + ky - pad) * width..][..width];
                let values =
                    || columns.clone().map(|x| (line[x + kx - pad], &map[(y * width + x) * outputs..][..outputs]));
                for c in (0..whole).step_by(V::LANES) {
                    // SAFETY: the caller vouches for the instruction set; `c + LANES <= outputs`.
                    unsafe {
                        let mut sum = V::load(sums.as_ptr().add(c));
                        for (value, gradient) in values() {
                            sum = V::splat(value).mul_add(V::load(gradient.as_ptr().add(c)), sum);
                        }
                        sum.store(sums.as_mut_ptr().add(c));
                    }
                }
                for (value, gradient) in values() {
                    sums[whole..].iter_mut().zip(&gradient[whole..]).for_each(|(sum, g)| *sum += value * g);
                }
            }
        }
        sums
    }
}
