//! Average pooling on the CPU, plane by plane.

use rayon::prelude::*;

use super::cpu::{Operation, zeros};
use super::vectorised::vectorised;

/// Means of squares of `side` pixels that do not overlap: [planes, height, width] -> [planes, height / side, width / side].
///
/// Both sides must be multiples of `side`.
#[derive(Clone, Copy, Debug)]
pub struct AveragePool {
    /// Rows of the input.
    pub height: usize,
    /// Columns of the input.
    pub width: usize,
    /// Side of a square.
    pub side: usize,
}

impl AveragePool {
    fn factor(&self) -> f32 {
        1.0 / (self.side * self.side) as f32
    }

    fn sizes(&self) -> (usize, usize) {
        (self.height * self.width, self.height / self.side * (self.width / self.side))
    }
}

impl Operation<1> for AveragePool {
    fn forward(&self, [x]: [&[f32]; 1]) -> Vec<f32> {
        let (from, to) = self.sizes();
        let mut y = zeros(x.len() / from * to);
        y.par_chunks_mut(to).zip(x.par_chunks(from)).for_each(|(y, x)| {
            for (y, rows) in y.chunks_mut(self.width / self.side).zip(x.chunks(self.side * self.width)) {
                for row in rows.chunks(self.width) {
                    for (y, pixels) in y.iter_mut().zip(row.chunks(self.side)) {
                        *y += pixels.iter().sum::<f32>();
                    }
                }
                y.iter_mut().for_each(|y| *y *= self.factor());
            }
        });
        y
    }

    fn backward(&self, [x]: [&[f32]; 1], gradient: &[f32], _: [bool; 1]) -> [Vec<f32>; 1] {
        let (from, to) = self.sizes();
        let mut found = zeros(x.len());
        found.par_chunks_mut(from).zip(gradient.par_chunks(to)).for_each(|(found, dy)| {
            for (rows, dy) in found.chunks_mut(self.side * self.width).zip(dy.chunks(self.width / self.side)) {
                for row in rows.chunks_mut(self.width) {
                    for (pixels, dy) in row.chunks_mut(self.side).zip(dy) {
                        pixels.fill(dy * self.factor());
                    }
                }
            }
        });
        [found]
    }
}

/// Mean of the 3x3 pixels around each one, those outside counted as zeros: [planes, height, width], its own adjoint.
#[derive(Clone, Copy, Debug)]
pub struct Smooth {
    /// Rows.
    pub height: usize,
    /// Columns.
    pub width: usize,
}

impl Smooth {
    fn run(&self, x: &[f32]) -> Vec<f32> {
        let mut y = zeros(x.len());
        let plane = self.height * self.width;
        y.par_chunks_mut(plane).zip(x.par_chunks(plane)).for_each_init(
            || vec![0.0; self.width],
            |column_sums, (y, x)| {
                vectorised(
                    #[inline(always)]
                    || self.plane(x, y, column_sums),
                )
            },
        );
        y
    }

    #[inline(always)]
    fn plane(&self, x: &[f32], y: &mut [f32], column_sums: &mut [f32]) {
        for (row, y) in y.chunks_mut(self.width).enumerate() {
            column_sums.fill(0.0);
            let rows = row.saturating_sub(1) * self.width..(row + 2).min(self.height) * self.width;
            for x in x[rows].chunks(self.width) {
                column_sums.iter_mut().zip(x).for_each(|(sum, x)| *sum += x);
            }
            y.copy_from_slice(column_sums);
            y.iter_mut().skip(1).zip(&*column_sums).for_each(|(y, left)| *y += left);
            y.iter_mut().zip(&column_sums[1..]).for_each(|(y, right)| *y += right);
            y.iter_mut().for_each(|y| *y /= 9.0);
        }
    }
}

impl Operation<1> for Smooth {
    fn forward(&self, [x]: [&[f32]; 1]) -> Vec<f32> {
        self.run(x)
    }

    fn backward(&self, _: [&[f32]; 1], gradient: &[f32], _: [bool; 1]) -> [Vec<f32>; 1] {
        [self.run(gradient)]
    }
}
