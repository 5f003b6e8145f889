//! Convolution on the CPU, directly on padded planes, many pixels and several output channels at a time.

use pulp::{Arch, Simd, WithSimd};
use rayon::prelude::*;

use super::cpu::Operation;

/// Images whose weight gradients are summed by one thread: fixed, so that sums do not depend on the number of threads.
const GROUP: usize = 8;

/// Output channels computed side by side.
const BLOCK: usize = 4;

/// Convolution without bias, stride 1, padded to keep the size: x [images, inputs, height, width] and
/// weight [outputs, inputs, side, side] -> [images, outputs, height, width].
#[derive(Clone, Copy, Debug)]
pub struct DirectConvolution {
    /// Channels read.
    pub inputs: usize,
    /// Channels written.
    pub outputs: usize,
    /// Rows.
    pub height: usize,
    /// Columns.
    pub width: usize,
    /// Side of the kernel, odd.
    pub side: usize,
}

impl DirectConvolution {
    fn pixels(&self) -> usize {
        self.height * self.width
    }

    fn taps(&self) -> usize {
        self.side * self.side
    }

    /// The convolution that takes the gradient of the output to that of the input.
    fn reversed(&self) -> Self {
        Self { inputs: self.outputs, outputs: self.inputs, ..*self }
    }

    /// Weights of [`DirectConvolution::reversed`]: inputs and outputs exchanged, kernels turned by half a turn.
    fn reversed_weights(&self, weight: &[f32]) -> Vec<f32> {
        let taps = self.taps();
        let mut turned = vec![0.0; weight.len()];
        for (index, &value) in weight.iter().enumerate() {
            let (output, input, tap) = (index / taps / self.inputs, index / taps % self.inputs, index % taps);
            turned[(input * self.outputs + output) * taps + taps - 1 - tap] = value;
        }
        turned
    }

    /// Weights in the order in which they are read: [blocks of outputs, inputs, taps, outputs of a block], filled with zeros.
    fn packed(&self, weight: &[f32]) -> Vec<f32> {
        let (taps, blocks) = (self.taps(), self.outputs.div_ceil(BLOCK));
        let mut packed = vec![0.0; blocks * self.inputs * taps * BLOCK];
        for (index, &value) in weight.iter().enumerate() {
            let (output, place) = (index / (self.inputs * taps), index % (self.inputs * taps));
            packed[((output / BLOCK) * self.inputs * taps + place) * BLOCK + output % BLOCK] = value;
        }
        packed
    }

    fn convolve(&self, x: &[f32], packed: &[f32]) -> Vec<f32> {
        let mut y = vec![0.0; x.len() / self.inputs * self.outputs];
        let images = y.par_chunks_mut(self.outputs * self.pixels()).zip(x.par_chunks(self.inputs * self.pixels()));
        images.for_each_init(Vec::new, |padded, (y, x)| {
            Arch::new().dispatch(Forward { shape: *self, x, packed, padded, y });
        });
        y
    }

    fn weight_gradient(&self, x: &[f32], gradient: &[f32]) -> Vec<f32> {
        let (of_input, of_output) = (self.inputs * self.pixels(), self.outputs * self.pixels());
        let groups = x.par_chunks(GROUP * of_input).zip(gradient.par_chunks(GROUP * of_output));
        let partial: Vec<Vec<f32>> = groups
            .map(|(x, gradient)| {
                let (mut sums, mut padded) = (vec![0.0; self.outputs * self.inputs * self.taps()], [vec![], vec![]]);
                for (x, gradient) in x.chunks(of_input).zip(gradient.chunks(of_output)) {
                    let image = WeightGradient { shape: *self, x, gradient, padded: &mut padded, sums: &mut sums };
                    Arch::new().dispatch(image);
                }
                sums
            })
            .collect();
        let mut sums = vec![0.0; self.outputs * self.inputs * self.taps()];
        for part in &partial {
            sums.iter_mut().zip(part).for_each(|(sum, part)| *sum += part);
        }
        sums
    }

    /// Copies planes into ones with `before` zeros on the left, top and bottom, and zeros up to `stride` on the right.
    #[inline(always)]
    fn pad(&self, planes: &[f32], before: usize, stride: usize, padded: &mut Vec<f32>) {
        let plane = (self.height + 2 * before) * stride;
        padded.clear();
        padded.resize(planes.len() / self.pixels() * plane, 0.0);
        for (from, to) in planes.chunks(self.pixels()).zip(padded.chunks_mut(plane)) {
            for (from, to) in from.chunks(self.width).zip(to.chunks_mut(stride).skip(before)) {
                to[before..before + self.width].copy_from_slice(from);
            }
        }
    }
}

impl Operation<2> for DirectConvolution {
    fn forward(&self, [x, weight]: [&[f32]; 2]) -> Vec<f32> {
        self.convolve(x, &self.packed(weight))
    }

    fn backward(&self, [x, weight]: [&[f32]; 2], gradient: &[f32], wanted: [bool; 2]) -> [Vec<f32>; 2] {
        let reversed = self.reversed();
        let of_input = || reversed.convolve(gradient, &reversed.packed(&self.reversed_weights(weight)));
        let of_weight = || self.weight_gradient(x, gradient);
        [if wanted[0] { of_input() } else { vec![] }, if wanted[1] { of_weight() } else { vec![] }]
    }
}

/// A register of pixels from anywhere in a row.
#[inline(always)]
fn load<S: Simd>(row: &[f32], at: usize) -> S::f32s {
    S::as_simd_f32s(&row[at..at + S::F32_LANES]).0[0]
}

/// The convolution of one image.
struct Forward<'a> {
    shape: DirectConvolution,
    x: &'a [f32],
    packed: &'a [f32],
    padded: &'a mut Vec<f32>,
    y: &'a mut [f32],
}

impl WithSimd for Forward<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        if self.shape.width <= S::F32_LANES {
            self.run::<S, 1>(simd);
        } else {
            self.run::<S, 2>(simd);
        }
    }
}

impl Forward<'_> {
    #[inline(always)]
    fn run<S: Simd, const REGISTERS: usize>(self, simd: S) {
        let shape = self.shape;
        let (side, taps, step) = (shape.side, shape.taps(), REGISTERS * S::F32_LANES);
        let before = side / 2;
        let stride = shape.width.next_multiple_of(step) + 2 * before;
        let plane = (shape.height + 2 * before) * stride;
        shape.pad(self.x, before, stride, self.padded);
        let blocks = self.packed.chunks(shape.inputs * taps * BLOCK);
        for (packed, y) in blocks.zip(self.y.chunks_mut(BLOCK * shape.pixels())) {
            for row in 0..shape.height {
                for column in (0..shape.width).step_by(step) {
                    let mut sums = [[simd.splat_f32s(0.0); REGISTERS]; BLOCK];
                    for (x, weights) in self.padded.chunks(plane).zip(packed.chunks(taps * BLOCK)) {
                        for (dy, weights) in weights.chunks(side * BLOCK).enumerate() {
                            let x = &x[(row + dy) * stride + column..][..step + 2 * before];
                            for (dx, weights) in weights.as_chunks::<BLOCK>().0.iter().enumerate() {
                                let pixels: [_; REGISTERS] =
                                    std::array::from_fn(|r| load::<S>(x, dx + r * S::F32_LANES));
                                for (sums, &weight) in sums.iter_mut().zip(weights) {
                                    let weight = simd.splat_f32s(weight);
                                    for (sum, &pixels) in sums.iter_mut().zip(&pixels) {
                                        *sum = simd.mul_add_e_f32s(pixels, weight, *sum);
                                    }
                                }
                            }
                        }
                    }
                    for (sums, y) in sums.iter().zip(y.chunks_mut(shape.pixels())) {
                        let y = &mut y[row * shape.width..][..shape.width];
                        for (sum, y) in sums.iter().zip(y[column..].chunks_mut(S::F32_LANES)) {
                            y.copy_from_slice(&pulp::bytemuck::cast_slice(std::slice::from_ref(sum))[..y.len()]);
                        }
                    }
                }
            }
        }
    }
}

/// Adds one image's part to the gradient of the weights: `dw[o, i, tap] += sum over pixels of dy[o, p] * x[i, p + tap]`.
struct WeightGradient<'a> {
    shape: DirectConvolution,
    x: &'a [f32],
    gradient: &'a [f32],
    padded: &'a mut [Vec<f32>; 2],
    sums: &'a mut [f32],
}

impl WithSimd for WeightGradient<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        match self.shape.side {
            3 => self.run::<S, 3>(simd),
            1 => self.run::<S, 1>(simd),
            side => unreachable!("kernels have a side of 1 or 3, not {side}"),
        }
    }
}

impl WeightGradient<'_> {
    #[inline(always)]
    fn run<S: Simd, const SIDE: usize>(self, simd: S) {
        let shape = self.shape;
        let before = SIDE / 2;
        // Zeros right of the gradient make what lies right of x there count for nothing.
        let filled = shape.width.next_multiple_of(S::F32_LANES);
        let stride = filled + 2 * before;
        let [x, gradient] = self.padded;
        shape.pad(self.x, before, stride, x);
        shape.pad(self.gradient, 0, filled, gradient);
        let (plane, of_output) = ((shape.height + 2 * before) * stride, shape.height * filled);
        let blocks = self.sums.chunks_mut(BLOCK * shape.inputs * SIDE * SIDE);
        for (sums, gradient) in blocks.zip(gradient.chunks(BLOCK * of_output)) {
            for (input, x) in x.chunks(plane).enumerate() {
                for dy in 0..SIDE {
                    let mut found = [[simd.splat_f32s(0.0); SIDE]; BLOCK];
                    for row in 0..shape.height {
                        let x = &x[(row + dy) * stride..][..stride];
                        for column in (0..filled).step_by(S::F32_LANES) {
                            let x: [_; SIDE] = std::array::from_fn(|dx| load::<S>(x, column + dx));
                            for (found, gradient) in found.iter_mut().zip(gradient.chunks(of_output)) {
                                let gradient = load::<S>(gradient, row * filled + column);
                                for (found, &x) in found.iter_mut().zip(&x) {
                                    *found = simd.mul_add_e_f32s(x, gradient, *found);
                                }
                            }
                        }
                    }
                    for (found, sums) in found.iter().zip(sums.chunks_mut(shape.inputs * SIDE * SIDE)) {
                        let sums = &mut sums[(input * SIDE + dy) * SIDE..][..SIDE];
                        sums.iter_mut().zip(found).for_each(|(sum, &f)| *sum += simd.reduce_sum_f32s(f));
                    }
                }
            }
        }
    }
}
