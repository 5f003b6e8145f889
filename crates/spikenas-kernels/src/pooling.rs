use rayon::prelude::*;

use crate::isa::{Isa, Operation, Vector};
use crate::{Extent, Sum};

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
    }
}
