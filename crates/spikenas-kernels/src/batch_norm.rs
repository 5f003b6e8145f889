use rayon::prelude::*;

use crate::isa::{Isa, Operation, Vector};
use crate::{Extent, Sum};

/// Sum and sum of squares of each channel over some values, in f64.
#[derive(Clone, Debug, PartialEq)]
pub struct Moments {
    /// Values a channel.
    pub count: u64,
    /// `[channels]`
    pub sum: Vec<f64>,
    /// `[channels]`
    pub squares: Vec<f64>,
}

impl Moments {
    /// Of no values.
    pub fn zeros(channels: usize) -> Self {
        Self { count: 0, sum: vec![0.0; channels], squares: vec![0.0; channels] }
    }

    /// Joins moments of several samples, in their order.
    pub fn total<'a>(parts: impl IntoIterator<Item = &'a Moments>, channels: usize) -> Moments {
        let mut total = Moments::zeros(channels);
        for part in parts {
            total.count += part.count;
            total.sum.iter_mut().zip(&part.sum).for_each(|(a, b)| *a += b);
            total.squares.iter_mut().zip(&part.squares).for_each(|(a, b)| *a += b);
        }
        total
    }

    /// Mean of each channel.
    pub fn mean(&self) -> Vec<f64> {
        self.sum.iter().map(|s| s / self.count as f64).collect()
    }

    /// Variance of each channel, divided by the count; never below zero.
    pub fn variance(&self) -> Vec<f64> {
        let mean = self.mean();
        self.squares.iter().zip(mean).map(|(s, m)| (s / self.count as f64 - m * m).max(0.0)).collect()
    }

    /// Adds `channels` values from each pixel, which lie `stride` apart, to the channels from `first` on.
    ///
    /// A few values are added in f32, then the sums in f64: half the work, and no error beyond that of one f32 addition.
    #[inline(always)]
    pub(crate) fn add_pixels(&mut self, values: &[f32], stride: usize, channels: usize, first: usize) {
        const BLOCK: usize = 16;
        const PIXELS: usize = 4;
        let whole = channels - channels % BLOCK;
        let pixels = values.chunks_exact(PIXELS * stride);
        let rest = pixels.remainder();
        for c in (0..whole).step_by(BLOCK) {
            let (mut sum, mut squares) = ([0.0f64; BLOCK], [0.0f64; BLOCK]);
            for pixels in pixels.clone() {
                let lane = |pixel: usize| &pixels[pixel * stride + c..][..BLOCK];
                let (p, q, r, s) = (lane(0), lane(1), lane(2), lane(3));
                for i in 0..BLOCK {
                    sum[i] += f64::from((p[i] + q[i]) + (r[i] + s[i]));
                    squares[i] += f64::from((p[i] * p[i] + q[i] * q[i]) + (r[i] * r[i] + s[i] * s[i]));
                }
            }
            for i in 0..BLOCK {
                self.sum[first + c + i] += sum[i];
                self.squares[first + c + i] += squares[i];
            }
        }
        self.add_singly(rest, stride, 0..whole, first);
        self.add_singly(values, stride, whole..channels, first);
    }

    /// Adds some channels of each pixel, value by value.
    #[inline(always)]
    fn add_singly(&mut self, values: &[f32], stride: usize, channels: std::ops::Range<usize>, first: usize) {
        for pixel in values.chunks_exact(stride) {
            for c in channels.clone() {
                let value = f64::from(pixel[c]);
                self.sum[first + c] += value;
                self.squares[first + c] += value * value;
            }
        }
    }
}

/// A batch norm with its statistics folded in: `y = scale * x + shift`, each `[channels]`.
#[derive(Clone, Debug, PartialEq)]
pub struct Affine {
    /// `weight / sqrt(variance + epsilon)`
    pub scale: Vec<f32>,
    /// `bias - mean * scale`
    pub shift: Vec<f32>,
}

impl Affine {
    /// Folds statistics and parameters of a batch norm, each `[channels]`.
    pub fn fold(mean: &[f64], variance: &[f64], weight: &[f32], bias: &[f32], epsilon: f64) -> Self {
        let scale: Vec<f64> = variance.iter().zip(weight).map(|(v, w)| f64::from(*w) / (v + epsilon).sqrt()).collect();
        let shift = mean.iter().zip(bias).zip(&scale).map(|((m, b), s)| (f64::from(*b) - m * s) as f32).collect();
        Self { scale: scale.into_iter().map(|s| s as f32).collect(), shift }
    }

    /// Channels.
    pub fn channels(&self) -> usize {
        self.scale.len()
    }
}

/// Moments of each channel of a sum over samples and pixels, one for each distinct timestep.
pub fn moments(isa: Isa, sum: &Sum<'_>) -> Vec<Moments> {
    sum.check();
    let Extent { samples, channels, .. } = sum.extent;
    (0..sum.distinct_steps())
        .map(|step| {
            let parts: Vec<Moments> =
                (0..samples).into_par_iter().map(|sample| isa.run(MapMoments { sum, step, sample })).collect();
            Moments::total(&parts, channels)
        })
        .collect()
}

/// Moments of one map.
struct MapMoments<'a> {
    sum: &'a Sum<'a>,
    step: usize,
    sample: usize,
}

/// Pixels that are read at a time: about 4096 values, which stay in the nearest cache.
pub(crate) fn pixels_at_a_time(channels: usize) -> usize {
    (4096 / channels).max(1)
}

impl Operation for MapMoments<'_> {
    type Output = Moments;

    #[inline(always)]
    unsafe fn run<V: Vector>(self) -> Moments {
        let Extent { pixels, channels, .. } = self.sum.extent;
        let mut moments = Moments::zeros(channels);
        let mut buffer = vec![0.0; pixels_at_a_time(channels).min(pixels) * channels];
        let mut pixel = 0;
        while pixel < pixels {
            let count = (buffer.len() / channels).min(pixels - pixel);
            let values = &mut buffer[..count * channels];
            // SAFETY: the caller vouches for the instruction set.
            unsafe { self.sum.read::<V>(self.step, self.sample, pixel, values) };
            moments.add_pixels(values, channels, channels, 0);
            pixel += count;
        }
        moments.count = pixels as u64;
        moments
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Term;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn moments_equal_those_of_the_naive_sum(
            steps in 1usize..3, samples in 1usize..4, pixels in 1usize..40, channels in 1usize..40, constant: bool, outer_scale: bool, seed in 0u32..1000,
        ) {
            let extent = Extent { steps, samples, pixels, channels };
            let wave = |i: usize, k: f32| (i as f32 * k + seed as f32).sin();
            let a: Vec<f32> = (0..extent.len()).map(|i| wave(i, 0.7)).collect();
            let b: Vec<f32> = (0..if constant { extent.step() } else { extent.len() }).map(|i| wave(i, 1.3)).collect();
            let affine = vec![Affine { scale: (0..channels).map(|c| wave(c, 2.1)).collect(), shift: (0..channels).map(|c| wave(c, 3.3)).collect() }];
            let terms = [Term { values: &a, affine: Some(&affine) }, Term { values: &b, affine: None }];
            let outer = affine.clone();
            let sum = Sum { terms: &terms, affine: outer_scale.then_some(outer.as_slice()), extent };
            for isa in Isa::supported() {
                for (step, moments) in moments(isa, &sum).iter().enumerate() {
                    for c in 0..channels {
                        let values: Vec<f64> = (0..samples * pixels).map(|p| {
                            let x = a[step * extent.step() + p * channels + c] * affine[0].scale[c] + affine[0].shift[c];
                            let y = b[if constant { 0 } else { step * extent.step() } + p * channels + c];
                            let sum = x + y;
                            f64::from(if outer_scale { sum * affine[0].scale[c] + affine[0].shift[c] } else { sum })
                        }).collect();
                        let mean = values.iter().sum::<f64>() / values.len() as f64;
                        let variance = values.iter().map(|v| (v - mean).powi(2)).sum::<f64>() / values.len() as f64;
                        // Rounding of the f32 terms only: values stay below 4.
                        prop_assert!((moments.mean()[c] - mean).abs() < 2e-6);
                        prop_assert!((moments.variance()[c] - variance).abs() < 1e-5);
                    }
                }
            }
        }
    }
}
