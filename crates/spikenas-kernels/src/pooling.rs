use rayon::prelude::*;

use crate::isa::{Isa, Operation, Vector};
use crate::{Extent, Spikes, Sum};

/// What an average is taken over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Window {
    /// 3x3 around each pixel, stride 1; outside counts as 0 and the divisor is always 9.
    Around,
    /// Squares of this side, stride the same; the map's sides are multiples of it.
    Tiles(usize),
}

impl Window {
    /// Rows and columns of the output.
    pub fn output(self, height: usize, width: usize) -> (usize, usize) {
        match self {
            Window::Around => (height, width),
            Window::Tiles(side) => (height / side, width / side),
        }
    }

    fn divisor(self) -> f32 {
        match self {
            Window::Around => 9.0,
            Window::Tiles(side) => (side * side) as f32,
        }
    }

    /// Input positions under output position `at`, along one axis of `length`.
    fn span(self, at: usize, length: usize) -> std::ops::Range<usize> {
        match self {
            Window::Around => at.saturating_sub(1)..(at + 2).min(length),
            Window::Tiles(side) => at * side..(at + 1) * side,
        }
    }
}

/// Average pooling of maps of `height` x `width`; writes `out`, `[distinct steps, samples, pixels, channels]`.
pub fn average_pool(isa: Isa, sum: &Sum<'_>, height: usize, width: usize, window: Window, out: &mut [f32]) {
    sum.check();
    let Extent { samples, pixels, channels, .. } = sum.extent;
    assert_eq!(pixels, height * width, "the sum does not have the height and width given");
    let (rows, columns) = window.output(height, width);
    let length = rows * columns * channels;
    assert_eq!(out.len(), sum.distinct_steps() * samples * length, "the output does not have its shape");
    out.par_chunks_mut(length.max(1)).enumerate().for_each(|(map, out)| {
        isa.run(PoolMap { sum, step: map / samples, sample: map % samples, height, width, window, out });
    });
}

/// Pooling of one map.
struct PoolMap<'a> {
    sum: &'a Sum<'a>,
    step: usize,
    sample: usize,
    height: usize,
    width: usize,
    window: Window,
    out: &'a mut [f32],
}

impl Operation for PoolMap<'_> {
    type Output = ();

    #[inline(always)]
    unsafe fn run<V: Vector>(self) {
        let channels = self.sum.extent.channels;
        let mut map = vec![0.0; self.sum.extent.map()];
        // SAFETY: the caller vouches for the instruction set.
        unsafe { self.sum.read::<V>(self.step, self.sample, 0, &mut map) };
        let columns = self.window.output(self.height, self.width).1;
        let divisor = self.window.divisor();
        for (pixel, out) in self.out.chunks_exact_mut(channels).enumerate() {
            let rows = self.window.span(pixel / columns, self.height);
            let span = self.window.span(pixel % columns, self.width);
            let whole = channels - channels % V::LANES;
            for c in (0..whole).step_by(V::LANES) {
                // SAFETY: the caller vouches for the instruction set; every pixel read and the one written have
                // `channels >= c + LANES` values.
                unsafe {
                    let mut sum = V::splat(0.0);
                    for y in rows.clone() {
                        for x in span.clone() {
                            sum = sum.add(V::load(map.as_ptr().add((y * self.width + x) * channels + c)));
                        }
                    }
                    sum.div(V::splat(divisor)).store(out.as_mut_ptr().add(c));
                }
            }
            for (c, out) in out.iter_mut().enumerate().skip(whole) {
                let row = |y: usize| span.clone().map(move |x| (y * self.width + x) * channels + c);
                *out = rows.clone().flat_map(row).map(|at| map[at]).sum::<f32>() / divisor;
            }
        }
    }
}

/// Average pooling of spikes over squares of `side`, flattened as a classifier reads them:
/// `[maps, channels * rows * columns]`, channel-major.
pub fn average_pool_spikes(spikes: &Spikes, height: usize, width: usize, side: usize) -> Vec<f32> {
    assert_eq!(spikes.pixels(), height * width, "spikes do not have the height and width given");
    let window = Window::Tiles(side);
    let (rows, columns) = window.output(height, width);
    let (channels, cells) = (spikes.channels(), rows * columns);
    let mut out = vec![0.0; spikes.maps() * channels * cells];
    out.par_chunks_mut((channels * cells).max(1)).enumerate().for_each(|(map, out)| {
        let words = spikes.map(map);
        for y in 0..rows * side {
            for x in 0..columns * side {
                let cell = y / side * columns + x / side;
                let pixel = &words[(y * width + x) * spikes.words_per_pixel()..][..spikes.words_per_pixel()];
                for (index, &word) in pixel.iter().enumerate() {
                    let mut bits = word;
                    while bits != 0 {
                        let channel = index * 64 + bits.trailing_zeros() as usize;
                        out[channel * cells + cell] += 1.0;
                        bits &= bits - 1;
                    }
                }
            }
        }
        out.iter_mut().for_each(|o| *o /= window.divisor());
    });
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Term;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn pooling_equals_naive(rows in 1usize..4, columns in 1usize..4, channels in 1usize..40, steps in 1usize..3, tiles in 1usize..4, around: bool) {
            let side = if around { 1 } else { tiles };
            let (height, width) = (rows * side, columns * side);
            let extent = Extent { steps, samples: 2, pixels: height * width, channels };
            let values: Vec<f32> = (0..extent.len()).map(|i| (i as f32 * 0.61).sin()).collect();
            let terms = [Term { values: &values, affine: None }];
            let window = if around { Window::Around } else { Window::Tiles(side) };
            for isa in Isa::supported() {
                let mut out = vec![f32::NAN; steps * 2 * rows * columns * channels];
                average_pool(isa, &Sum { terms: &terms, affine: None, extent }, height, width, window, &mut out);
                for (i, got) in out.iter().enumerate() {
                    let (c, p, map) = (i % channels, i / channels % (rows * columns), i / channels / (rows * columns));
                    let (oy, ox) = ((p / columns) as isize, (p % columns) as isize);
                    let (first, last) = if around { (-1, 2) } else { (0, side as isize) };
                    let mut sum = 0.0f64;
                    for (dy, dx) in (first..last).flat_map(|dy| (first..last).map(move |dx| (dy, dx))) {
                        let (y, x) = (oy * side as isize + dy, ox * side as isize + dx);
                        if (0..height as isize).contains(&y) && (0..width as isize).contains(&x) {
                            sum += f64::from(values[map * extent.map() + (y as usize * width + x as usize) * channels + c]);
                        }
                    }
                    let expected = sum / if around { 9.0 } else { (side * side) as f64 };
                    // At most 9 terms below 1, each rounded to 2^-24.
                    prop_assert!((f64::from(*got) - expected).abs() < 2e-6);
                }
            }
        }

        #[test]
        fn pooled_spikes_are_counted_channel_major(rows in 1usize..4, columns in 1usize..4, channels in 1usize..90, side in 1usize..4) {
            let (height, width) = (rows * side, columns * side);
            let active: Vec<bool> = (0..2 * height * width * channels).map(|i| i % 3 == 0 || i % 11 == 4).collect();
            let spikes = Spikes::pack(2, height * width, channels, &active);
            let out = average_pool_spikes(&spikes, height, width, side);
            for (i, got) in out.iter().enumerate() {
                let (cell, c, map) = (i % (rows * columns), i / (rows * columns) % channels, i / (rows * columns) / channels);
                let (oy, ox) = (cell / columns, cell % columns);
                let count = (0..side * side).filter(|k| spikes.get(map, (oy * side + k / side) * width + ox * side + k % side, c)).count();
                prop_assert_eq!(*got, count as f32 / (side * side) as f32);
            }
        }
    }
}
