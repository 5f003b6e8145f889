use rayon::prelude::*;

use crate::isa::{Isa, Operation, Vector};
use crate::sizes::product;
use crate::{Extent, Sum};

/// Pixels under the window.
const DIVISOR: f32 = 9.0;

/// 3x3 average pooling of maps of `height` x `width`: stride 1, zero padding, and the divisor is always 9.
///
/// Writes `out`, `[distinct steps, samples, pixels, channels]`.
pub fn average_pool(isa: Isa, sum: &Sum<'_>, height: usize, width: usize, out: &mut [f32]) {
    sum.check();
    let Extent { samples, pixels, .. } = sum.extent;
    assert_eq!(pixels, product([height, width]), "the sum does not have the height and width given");
    assert_eq!(out.len(), product([sum.distinct_steps(), sum.extent.step()]), "the output does not have its shape");
    out.par_chunks_mut(sum.extent.map().max(1)).enumerate().for_each(|(map, out)| {
        isa.run(PoolMap { sum, step: map / samples, sample: map % samples, height, width, out });
    });
}

/// Pooling of one map.
struct PoolMap<'a> {
    sum: &'a Sum<'a>,
    step: usize,
    sample: usize,
    height: usize,
    width: usize,
    out: &'a mut [f32],
}

impl Operation for PoolMap<'_> {
    type Output = ();

    #[inline(always)]
    unsafe fn run<V: Vector>(self) {
        let (channels, width) = (self.sum.extent.channels, self.width);
        let mut map = vec![0.0; self.sum.extent.map()];
        // SAFETY: the caller vouches for the instruction set.
        unsafe { self.sum.read::<V>(self.step, self.sample, 0, &mut map) };
        let around = |at: usize, length: usize| at.saturating_sub(1)..(at + 2).min(length);
        for (pixel, out) in self.out.chunks_exact_mut(channels).enumerate() {
            let (rows, columns) = (around(pixel / width, self.height), around(pixel % width, width));
            let whole = channels - channels % V::LANES;
            for c in (0..whole).step_by(V::LANES) {
                // SAFETY: the caller vouches for the instruction set; every pixel read and the one written have
                // `channels >= c + LANES` values.
                unsafe {
                    let mut sum = V::splat(0.0);
                    for y in rows.clone() {
                        for x in columns.clone() {
                            sum = sum.add(V::load(map.as_ptr().add((y * width + x) * channels + c)));
                        }
                    }
                    sum.div(V::splat(DIVISOR)).store(out.as_mut_ptr().add(c));
                }
            }
            for (c, out) in out.iter_mut().enumerate().skip(whole) {
                let row = |y: usize| columns.clone().map(move |x| (y * width + x) * channels + c);
                *out = rows.clone().flat_map(row).map(|at| map[at]).sum::<f32>() / DIVISOR;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Term;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn pooling_equals_naive(height in 1usize..8, width in 1usize..8, channels in 1usize..40, steps in 1usize..3) {
            let extent = Extent { steps, samples: 2, pixels: height * width, channels };
            let values: Vec<f32> = (0..extent.len()).map(|i| (i as f32 * 0.61).sin()).collect();
            let terms = [Term { values: &values, affine: None }];
            for isa in Isa::supported() {
                let mut out = vec![f32::NAN; extent.len()];
                average_pool(isa, &Sum { terms: &terms, affine: None, extent }, height, width, &mut out);
                for (i, got) in out.iter().enumerate() {
                    let (c, pixel, map) = (i % channels, i / channels % extent.pixels, i / extent.map());
                    let mut sum = 0.0f64;
                    for (dy, dx) in (0..3).flat_map(|dy| (0..3).map(move |dx| (dy, dx))) {
                        let (y, x) = ((pixel / width + dy).wrapping_sub(1), (pixel % width + dx).wrapping_sub(1));
                        if y < height && x < width {
                            sum += f64::from(values[map * extent.map() + (y * width + x) * channels + c]);
                        }
                    }
                    // At most 9 terms below 1, each rounded to 2^-24.
                    prop_assert!((f64::from(*got) - sum / 9.0).abs() < 2e-6);
                }
            }
        }
    }
}
