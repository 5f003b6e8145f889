use rayon::prelude::*;

use crate::isa::{Isa, Operation, Vector};
use crate::{Extent, Sum};

/// Mean and variance of each channel over some values, in f64.
///
/// Two kinds of figures are kept. Plain sums of values and squares suit a channel whose mean is less than 8 of its standard
/// deviations. Four values at a time are added in f32, and then in f64: the variance is off by 3e-5 of itself at the most
/// (by about 3 * 2^-24 where the mean is small). Where the mean is further away, digits that the plain sums have lost in
/// rounding would be most of their difference. There the variance is the sum of squared deviations from the mean, joined
/// over blocks of values by Chan's formula (Chan, Golub and LeVeque 1983); a block that itself lies further than 8 of its
/// deviations from 0 is read twice for it, the second time about its mean and in f64. The bound is the same, whatever the
/// mean is.
#[derive(Clone, Debug, PartialEq)]
pub struct Moments {
    /// Values per channel.
    pub count: u64,
    /// Sum of the values, `[channels]`: four at a time are added in f32.
    pub sum: Vec<f64>,
    /// Sum of their squares, as plainly, `[channels]`.
    squares: Vec<f64>,
    /// Mean, joined from those of blocks, `[channels]`.
    means: Vec<f64>,
    /// Sum of squared deviations from the mean, `[channels]`.
    deviations: Vec<f64>,
}

/// Channels whose values are added at a time.
const CHANNELS: usize = 16;

/// One figure of each of a fixed number of channels, which compilers turn into vectors.
type Figures = [f64; CHANNELS];

/// Below zero where so much of a sum of squares is due to the mean that its digits no longer hold the deviations.
#[inline(always)]
fn margin(deviations: f64, of_mean: f64) -> f64 {
    deviations * 64.0 - of_mean
}

impl Moments {
    /// Moments of no values.
    pub fn zeros(channels: usize) -> Self {
        let zeros = || vec![0.0; channels];
        Self { count: 0, sum: zeros(), squares: zeros(), means: zeros(), deviations: zeros() }
    }

    /// Joins moments of several samples, in their order.
    pub fn total<'a>(parts: impl IntoIterator<Item = &'a Moments>, channels: usize) -> Moments {
        let mut total = Moments::zeros(channels);
        for part in parts {
            total.sum.iter_mut().zip(&part.sum).for_each(|(a, b)| *a += b);
            total.squares.iter_mut().zip(&part.squares).for_each(|(a, b)| *a += b);
            let join = Join::new(total.count, part.count);
            let of_total = total.means.iter_mut().zip(&mut total.deviations);
            for (of_total, of_part) in of_total.zip(part.means.iter().zip(&part.deviations)) {
                join.apply(of_total, of_part);
            }
            total.count += part.count;
        }
        total
    }

    /// Mean of each channel.
    pub fn mean(&self) -> Vec<f64> {
        self.figures().map(|(mean, _)| mean).collect()
    }

    /// Variance of each channel, divided by the count; never below zero.
    pub fn variance(&self) -> Vec<f64> {
        self.figures().map(|(_, variance)| variance).collect()
    }

    /// Mean and variance of each channel, from the figures that suit it.
    fn figures(&self) -> impl Iterator<Item = (f64, f64)> {
        let count = self.count as f64;
        let plain = self.sum.iter().zip(&self.squares).map(move |(sum, squares)| (sum / count, squares / count));
        plain.zip(self.means.iter().zip(&self.deviations)).map(move |((mean, squares), (own_mean, deviations))| {
            let variance = squares - mean * mean;
            if margin(variance, mean * mean) < 0.0 {
                (*own_mean, deviations / count)
            } else {
                (mean, variance.max(0.0))
            }
        })
    }

    /// Adds `channels` values from each pixel, which lie `stride` apart, to the channels from `first` on, which have `seen`
    /// values each.
    #[inline(always)]
    pub(crate) fn add_pixels(&mut self, values: &[f32], stride: usize, channels: usize, first: usize, seen: usize) {
        const PIXELS: usize = 4;
        if values.is_empty() {
            return;
        }
        let pixels = values.len() / stride;
        let (share, join) = (1.0 / pixels as f64, Join::new(seen as u64, pixels as u64));
        for c in (0..channels).step_by(CHANNELS) {
            let (at, width) = (first + c, CHANNELS.min(channels - c));
            let figures = |of: &Self| [&of.sum, &of.squares].map(|figures| load(&figures[at..at + width]));
            let before = figures(self);
            // The last channels are read with what lies behind them, as far as there is as much.
            let beyond = (PIXELS - 1) * stride + c + CHANNELS;
            let groups = (values.len() + PIXELS * stride).saturating_sub(beyond) / (PIXELS * stride);
            let groups = groups.min(pixels / PIXELS);
            let (mut sum, mut squares) = ([0.0f64; CHANNELS], [0.0f64; CHANNELS]);
            for group in 0..groups {
                let lane = |pixel: usize| &values[(group * PIXELS + pixel) * stride + c..][..CHANNELS];
                let (p, q, r, s) = (lane(0), lane(1), lane(2), lane(3));
                for i in 0..CHANNELS {
                    sum[i] += f64::from((p[i] + q[i]) + (r[i] + s[i]));
                    squares[i] += f64::from((p[i] * p[i] + q[i] * q[i]) + (r[i] * r[i] + s[i] * s[i]));
                }
            }
            for i in 0..width {
                self.sum[at + i] += sum[i];
                self.squares[at + i] += squares[i];
            }
            self.add_singly(&values[groups * PIXELS * stride..], stride, c..c + width, at);
            let mut joined = [&self.means, &self.deviations].map(|figures| load(&figures[at..at + width]));
            Block { values, stride, first: c, width, share }.join(before, figures(self), &join, &mut joined);
            self.means[at..at + width].copy_from_slice(&joined[0][..width]);
            self.deviations[at..at + width].copy_from_slice(&joined[1][..width]);
        }
    }

    /// Adds some channels of each pixel, value by value.
    #[inline(always)]
    fn add_singly(&mut self, values: &[f32], stride: usize, channels: std::ops::Range<usize>, at: usize) {
        for pixel in values.chunks_exact(stride) {
            for (i, &value) in pixel[channels.clone()].iter().enumerate() {
                let value = f64::from(value);
                self.sum[at + i] += value;
                self.squares[at + i] += value * value;
            }
        }
    }
}

/// The figures of some channels, and zeros.
#[inline(always)]
fn load(from: &[f64]) -> Figures {
    let mut figures = [0.0; CHANNELS];
    figures[..from.len()].copy_from_slice(from);
    figures
}

/// Some channels of pixels that lie `stride` apart.
struct Block<'a> {
    values: &'a [f32],
    stride: usize,
    first: usize,
    width: usize,
    /// The values of one pixel.
    share: f64,
}

impl Block<'_> {
    /// Joins the mean and the deviations of the block, which the plain sums have taken since `before`, to those of values
    /// before it.
    #[inline(always)]
    fn join(&self, before: [Figures; 2], after: [Figures; 2], join: &Join, joined: &mut [Figures; 2]) {
        let (mut means, mut deviations, mut margins) = ([0.0; CHANNELS], [0.0; CHANNELS], [0.0; CHANNELS]);
        for i in 0..CHANNELS {
            let sum = after[0][i] - before[0][i];
            means[i] = sum * self.share;
            deviations[i] = (after[1][i] - before[1][i]) - sum * means[i];
            margins[i] = margin(deviations[i], sum * means[i]);
        }
        if margins.iter().any(|&margin| margin < 0.0) {
            [means, deviations] = self.read_again(margins, [means, deviations]);
        }
        for i in 0..CHANNELS {
            let difference = means[i] - joined[0][i];
            joined[0][i] += difference * join.of_mean;
            joined[1][i] += deviations[i] + difference * difference * join.of_square;
        }
    }

    /// Means, and sums of squared deviations from them, put right where a margin is below zero: from the distances to means
    /// that are nearly right.
    #[cold]
    #[inline(never)]
    fn read_again(&self, margins: Figures, [mut means, mut deviations]: [Figures; 2]) -> [Figures; 2] {
        let (mut distances, mut squares) = ([0.0; CHANNELS], [0.0; CHANNELS]);
        for pixel in self.values.chunks_exact(self.stride) {
            for (i, &value) in pixel[self.first..][..self.width].iter().enumerate() {
                let distance = f64::from(value) - means[i];
                distances[i] += distance;
                squares[i] += distance * distance;
            }
        }
        for i in (0..self.width).filter(|&i| margins[i] < 0.0) {
            let off = distances[i] * self.share;
            means[i] += off;
            deviations[i] = (squares[i] - distances[i] * off).max(0.0);
        }
        [means, deviations]
    }
}

/// Chan's formula for some values and some more: shares of their numbers.
struct Join {
    /// Share of the difference of the means in the mean of all.
    of_mean: f64,
    /// Share of its square in the deviations of all.
    of_square: f64,
}

impl Join {
    #[inline(always)]
    fn new(count: u64, more: u64) -> Self {
        let of_mean = more as f64 / (count + more).max(1) as f64;
        Self { of_mean, of_square: count as f64 * of_mean }
    }

    /// Joins the mean and the deviations of more values to those of some.
    #[inline(always)]
    fn apply(&self, (mean, deviations): (&mut f64, &mut f64), (of_more, deviations_of_more): (&f64, &f64)) {
        let difference = of_more - *mean;
        *mean += difference * self.of_mean;
        *deviations += deviations_of_more + difference * difference * self.of_square;
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
    (4096 / channels.max(1)).max(1)
}

impl Operation for MapMoments<'_> {
    type Output = Moments;

    #[inline(always)]
    unsafe fn run<V: Vector>(self) -> Moments {
        let Extent { pixels, channels, .. } = self.sum.extent;
        let mut moments = Moments::zeros(channels);
        let mut buffer = vec![0.0; pixels_at_a_time(channels).min(pixels) * channels];
        let mut pixel = 0;
        while pixel < pixels && channels > 0 {
            let count = (buffer.len() / channels).min(pixels - pixel);
            let values = &mut buffer[..count * channels];
            // SAFETY: the caller vouches for the instruction set.
            unsafe { self.sum.read::<V>(self.step, self.sample, pixel, values) };
            moments.add_pixels(values, channels, channels, 0, pixel);
            pixel += count;
        }
        moments.count = pixels as u64;
        moments
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Affine, Term};
    use proptest::prelude::*;

    /// Count, mean and variance in two passes.
    fn naive(values: impl Iterator<Item = f32> + Clone) -> (f64, f64) {
        let count = values.clone().count() as f64;
        let mean = values.clone().map(f64::from).sum::<f64>() / count;
        (mean, values.map(|v| (f64::from(v) - mean).powi(2)).sum::<f64>() / count)
    }

    #[test]
    fn a_mean_far_above_the_deviation_takes_no_digits_of_the_variance() {
        for (mean, deviation) in
            [(1e3, 1e-2), (1e4, 1e-1), (1e4, 2e-3), (-3e5, 1.0), (10.0, 1.0), (0.5, 1e-6), (7.3, 0.0)]
        {
            for (samples, pixels, channels) in [(3, 1000, 16), (2, 1, 3), (5, 37, 40), (2, 9, 5000), (8, 2, 16)] {
                let extent = Extent { steps: 1, samples, pixels, channels };
                let values: Vec<f32> = (0..extent.len())
                    .map(|i| mean + deviation * ((i as f32 * 0.73).sin() + ((i / extent.map()) as f32).cos()))
                    .collect();
                let terms = [Term { values: &values, affine: None }];
                for isa in Isa::supported() {
                    let found = &moments(isa, &Sum { terms: &terms, affine: None, extent })[0];
                    for (c, (got_mean, got)) in found.mean().into_iter().zip(found.variance()).enumerate() {
                        let (mean, variance) = naive(values.iter().copied().skip(c).step_by(channels));
                        assert!((got_mean - mean).abs() <= 2e-7 * mean.abs(), "{got_mean} {mean}");
                        // In f64, the mean of a constant is rounded.
                        let rounding = 1e-30 * mean * mean;
                        assert!(
                            (got - variance).abs() <= 3e-5 * variance + rounding,
                            "{extent:?} {isa:?}: {got} {variance}"
                        );
                    }
                }
            }
        }
    }

    #[test]
    fn one_far_block_among_near_ones_takes_no_digits_of_the_variance() {
        let extent = Extent { steps: 1, samples: 2, pixels: 1024, channels: 16 };
        let near_at = |i: usize| i < 4096;
        let values: Vec<f32> =
            (0..extent.len()).map(|i| (i as f32 * 0.73).sin() + if near_at(i) { 0.0 } else { 1e3 }).collect();
        let terms = [Term { values: &values, affine: None }];
        let found = &moments(Isa::best(), &Sum { terms: &terms, affine: None, extent })[0];
        for (c, got) in found.variance().into_iter().enumerate() {
            let (_, variance) = naive(values.iter().copied().skip(c).step_by(16));
            assert!((got - variance).abs() <= 3e-5 * variance, "{got} {variance}");
        }
    }

    #[test]
    fn plain_sums_serve_a_channel_whose_mean_is_near() {
        let extent = Extent { steps: 1, samples: 3, pixels: 4, channels: 16 };
        // Blocks of four pixels far from 0, but of means that spread around it.
        let values: Vec<f32> =
            (0..extent.len()).map(|i| [5.0, -6.0, 2.0][i / extent.map()] + (i as f32 * 0.73).sin() / 10.0).collect();
        let terms = [Term { values: &values, affine: None }];
        let found = &moments(Isa::best(), &Sum { terms: &terms, affine: None, extent })[0];
        for (c, (mean, variance)) in found.mean().into_iter().zip(found.variance()).enumerate() {
            assert_eq!(mean, found.sum[c] / 12.0);
            assert_eq!(variance, found.squares[c] / 12.0 - mean * mean);
        }
    }

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
