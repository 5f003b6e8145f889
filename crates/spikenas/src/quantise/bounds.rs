//! What a map can become, whatever fires.

use super::integer_network::IntegerConvolution;
use super::pixels::Pixels;
use crate::graph::{Content, Convolved, Map, Source, Stages};

/// The ninth of an average of 3x3 pixels: 3641 parts of 32,768. Nine times the largest number of 16 bits, it stays within 31.
const PARTS: i32 = 3641;
const PARTS_SHIFT: u32 = 15;

/// The average of nine numbers from their sum, rounded to the nearest; half a unit up.
#[inline]
pub(super) fn ninth(sum: i32) -> i16 {
    ((sum * PARTS + (1 << (PARTS_SHIFT - 1))) >> PARTS_SHIFT) as i16
}

/// The least and the largest sum of some of the terms of one channel of a map, zero among them: any partial sum of it, in any
/// order, lies between.
pub(super) fn bounds<T>(stages: &Stages, map: usize, of: &impl Fn(usize, &Convolved) -> [T; 2]) -> [T; 2]
where
    T: Copy + std::ops::Add<Output = T> + Average + Default,
{
    let zero = T::default();
    let Map { content, .. } = &stages.maps[map];
    match content {
        Content::Convolved(convolved) => of(map, convolved),
        Content::Averaged { source, side } => bounds(stages, *source, of).map(|bound| bound.average(*side)),
        Content::Sum(inputs) => inputs.iter().fold([zero, zero], |[least, most], &input| {
            let [a, b] = bounds(stages, input, of);
            [least + a, most + b]
        }),
    }
}

/// A bound of an average of numbers within a bound.
pub(super) trait Average {
    fn average(self, side: usize) -> Self;
}

impl Average for f64 {
    fn average(self, _: usize) -> Self {
        self
    }
}

impl Average for i64 {
    fn average(self, side: usize) -> Self {
        let sum = self * side.pow(2) as i64;
        // The parts are a little more than a ninth, and the rounding may add a half.
        self + sum.signum() * (sum.abs() / 32_768 + 1)
    }
}

/// Bounds of one output channel of a convolution: of weights that stand for a spike, or for a unit of a pixel.
pub(super) fn of_row(row: &[f64], bias: f64, convolved: &Convolved, pixels: &Pixels) -> [f64; 2] {
    let area = convolved.convolution.kernel.side().pow(2);
    let mut bounds = [bias.min(0.0), bias.max(0.0)];
    for (place, &weight) in row.iter().enumerate() {
        let [least, most] = match convolved.source {
            Source::Layer(_) => [0.0, 1.0],
            Source::Image => pixels.range(place / area).map(|value| value as f64),
        };
        let tiles = convolved.tile.pow(2) as f64;
        bounds[0] += tiles * (weight * least).min(weight * most).min(0.0);
        bounds[1] += tiles * (weight * least).max(weight * most).max(0.0);
    }
    bounds
}

impl IntegerConvolution {
    /// Bounds of one output channel in units of its map.
    pub(super) fn bounds(&self, output: usize, convolved: &Convolved, pixels: &Pixels) -> [i64; 2] {
        let step = f64::from(self.step[output]);
        let bias = f64::from(self.bias[output]);
        let weights: Vec<f64> = self.row(output).map(|weight| step * weight).collect();
        // Whole numbers far below 2^53.
        let Some(&shift) = self.shift.get(output) else {
            return of_row(&weights, bias, convolved, pixels).map(|bound| bound as i64);
        };
        let [least, most] = of_row(&weights, 0.0, convolved, pixels).map(|bound| bound / f64::from(1_u32 << shift));
        [(least + bias.min(0.0)).floor() as i64 - 1, (most + bias.max(0.0)).ceil() as i64 + 1]
    }

    /// The largest product of step and sum of one output channel.
    pub(super) fn largest_product(&self, output: usize, convolved: &Convolved, pixels: &Pixels) -> i64 {
        let weights: Vec<f64> = self.row(output).collect();
        let [least, most] = of_row(&weights, 0.0, convolved, pixels);
        (f64::from(self.step[output]) * most.max(-least)) as i64
    }

    fn row(&self, output: usize) -> impl Iterator<Item = f64> {
        let row = self.weights.len() / self.bias.len();
        self.weights[output * row..][..row].iter().map(|&weight| f64::from(weight))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_ninth_is_rounded_to_the_nearest() {
        for sum in -9 * 4000..=9 * 4000 {
            let exact = f64::from(sum) / 9.0;
            assert!((f64::from(ninth(sum)) - exact).abs() < 0.6, "{sum}");
            assert!(i64::from(ninth(sum)).abs() <= (i64::from(sum).abs() / 9).average(3).abs() + 1, "{sum}");
        }
        assert_eq!([ninth(9), ninth(-9), ninth(4), ninth(5), ninth(0)], [1, -1, 0, 1, 0]);
        assert_eq!(ninth(9 * 32_000), 32_001);
    }
}
