//! Convolution on the CPU, directly on padded planes, many pixels and several output channels at a time.
//!
//! A padded plane has `side / 2` zeros around it. Flattened, pixel p of the output reads `p + dy * stride + dx` of it for
//! every tap (dy, dx), so that all pixels of an image are one long row; what falls between the rows is dropped.

use pulp::{Arch, Simd, WithSimd};
use rayon::prelude::*;

use super::cpu::{Operation, zeros};

/// Images whose weight gradients are summed by one thread: fixed, so that sums do not depend on the number of threads.
const GROUP: usize = 8;

/// Pixels after which sums over pixels, kept side by side in vector registers, are added up.
const RUN: usize = 2048;

/// Output channels computed side by side.
const BLOCK: usize = 8;

/// Vector registers from which twice as many sums can be kept as in 16.
const MANY_REGISTERS: usize = 32;

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
        let mut y = zeros(x.len() / self.inputs * self.outputs);
        let images = y.par_chunks_mut(self.outputs * self.pixels()).zip(x.par_chunks(self.inputs * self.pixels()));
        images.for_each_init(Vec::new, |padded, (y, x)| {
            Arch::new().dispatch(Forward { shape: *self, x, packed, padded, y });
        });
        y
    }

    fn weight_gradient(&self, x: &[f32], gradient: &[f32]) -> Vec<f32> {
        let (of_input, of_output) = (self.inputs * self.pixels(), self.outputs * self.pixels());
        let groups = x.par_chunks(GROUP * of_input).zip(gradient.par_chunks(GROUP * of_output));
        let together = (RUN / self.pixels()).clamp(1, GROUP);
        let partial: Vec<Vec<f32>> = groups
            .map(|(x, gradient)| {
                let (mut sums, mut padded) = (vec![0.0; self.outputs * self.inputs * self.taps()], [vec![], vec![]]);
                for (x, gradient) in x.chunks(together * of_input).zip(gradient.chunks(together * of_output)) {
                    let images = WeightGradient { shape: *self, x, gradient, padded: &mut padded, sums: &mut sums };
                    Arch::new().dispatch(images);
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

    /// Columns of a padded plane.
    fn stride(&self) -> usize {
        self.width + self.side - 1
    }

    /// Pixels of the output as one long row.
    fn row(&self) -> usize {
        self.height * self.stride()
    }

    /// Copies planes, each to `length` numbers with rows [`DirectConvolution::stride`] apart, the rest zeros.
    #[inline(always)]
    fn spread(&self, planes: &[f32], before: usize, length: usize, spread: &mut Vec<f32>) {
        let stride = self.stride();
        spread.clear();
        spread.resize(planes.len() / self.pixels() * length, 0.0);
        for (from, to) in planes.chunks(self.pixels()).zip(spread.chunks_mut(length)) {
            for (from, to) in from.chunks(self.width).zip(to.chunks_mut(stride).skip(before)) {
                to[before..before + self.width].copy_from_slice(from);
            }
        }
    }

    /// Length of a padded plane from which `row` pixels can be computed.
    fn padded_length(&self, row: usize) -> usize {
        row + (self.side - 1) * (self.stride() + 1)
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

/// Adds products of each output with x, moved by 0 to SIDE - 1 pixels, to the sums found so far.
#[inline(always)]
fn correlate<S: Simd, const SIDE: usize, const BLOCK: usize>(
    simd: S,
    x: &[f32],
    outputs: [&[f32]; BLOCK],
    mut found: [[S::f32s; SIDE]; BLOCK],
) -> [[S::f32s; SIDE]; BLOCK] {
    let outputs = outputs.map(|output| S::as_simd_f32s(output).0);
    let count = outputs[0].len();
    let outputs = outputs.map(|output| &output[..count]);
    for i in 0..count {
        let x = &x[i * S::F32_LANES..][..S::F32_LANES + SIDE - 1];
        let x: [_; SIDE] = std::array::from_fn(|dx| load::<S>(x, dx));
        for (found, output) in found.iter_mut().zip(outputs) {
            for (found, &x) in found.iter_mut().zip(&x) {
                *found = simd.mul_add_e_f32s(x, output[i], *found);
            }
        }
    }
    found
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
        match (self.shape.side, S::REGISTER_COUNT >= MANY_REGISTERS) {
            (1, true) => self.run::<S, 1, 2>(simd),
            (1, false) => self.run::<S, 1, 1>(simd),
            (_, true) => self.run::<S, 3, 2>(simd),
            (_, false) => self.run::<S, 3, 1>(simd),
        }
    }
}

impl Forward<'_> {
    #[inline(always)]
    fn run<S: Simd, const SIDE: usize, const REGISTERS: usize>(self, simd: S) {
        let shape = self.shape;
        let (taps, step, stride) = (SIDE * SIDE, REGISTERS * S::F32_LANES, shape.stride());
        let row = shape.row().next_multiple_of(step);
        let length = shape.padded_length(row);
        shape.spread(self.x, SIDE / 2, length, self.padded);
        let mut sums = vec![0.0; BLOCK * row];
        let blocks = self.packed.chunks(shape.inputs * taps * BLOCK);
        for (packed, y) in blocks.zip(self.y.chunks_mut(BLOCK * shape.pixels())) {
            for start in (0..row).step_by(step) {
                let mut found = [[simd.splat_f32s(0.0); REGISTERS]; BLOCK];
                for (x, weights) in self.padded.chunks(length).zip(packed.chunks_exact(taps * BLOCK)) {
                    for dy in 0..SIDE {
                        let x = &x[start + dy * stride..][..step + SIDE - 1];
                        for dx in 0..SIDE {
                            let x: [_; REGISTERS] = std::array::from_fn(|r| load::<S>(x, dx + r * S::F32_LANES));
                            for (o, found) in found.iter_mut().enumerate() {
                                let weight = simd.splat_f32s(weights[(dy * SIDE + dx) * BLOCK + o]);
                                for (found, &x) in found.iter_mut().zip(&x) {
                                    *found = simd.mul_add_e_f32s(x, weight, *found);
                                }
                            }
                        }
                    }
                }
                for (found, sums) in found.iter().zip(sums.chunks_mut(row)) {
                    sums[start..start + step].copy_from_slice(pulp::bytemuck::cast_slice(found));
                }
            }
            for (sums, y) in sums.chunks(row).zip(y.chunks_mut(shape.pixels())) {
                for (sums, y) in sums.chunks(stride).zip(y.chunks_mut(shape.width)) {
                    y.copy_from_slice(&sums[..shape.width]);
                }
            }
        }
    }
}

/// Adds some images' part to the gradient of the weights: `dw[o, i, tap] += sum over pixels of dy[o, p] * x[i, p + tap]`.
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
        match (self.shape.side, S::REGISTER_COUNT >= MANY_REGISTERS) {
            (1, _) => self.run::<S, 1, 8>(simd),
            (_, true) => self.run::<S, 3, 8>(simd),
            (_, false) => self.run::<S, 3, 4>(simd),
        }
    }
}

impl WeightGradient<'_> {
    #[inline(always)]
    fn run<S: Simd, const SIDE: usize, const BLOCK: usize>(self, simd: S) {
        let (shape, stride) = (self.shape, self.shape.stride());
        // The gradient is zero between its rows, so what x holds there counts for nothing.
        let row = shape.row().next_multiple_of(S::F32_LANES);
        let length = shape.padded_length(row);
        let [x, gradient] = self.padded;
        shape.spread(self.x, SIDE / 2, length, x);
        shape.spread(self.gradient, 0, row, gradient);
        for (block, sums) in self.sums.chunks_mut(BLOCK * shape.inputs * SIDE * SIDE).enumerate() {
            for input in 0..shape.inputs {
                for dy in 0..SIDE {
                    let mut found = [[simd.splat_f32s(0.0); SIDE]; BLOCK];
                    let images = x.chunks(shape.inputs * length).zip(gradient.chunks(shape.outputs * row));
                    for (x, gradient) in images {
                        let x = &x[input * length + dy * stride..][..row + SIDE - 1];
                        // The last block may be ragged: what it has too many repeats its first output, and is dropped.
                        let outputs: [&[f32]; BLOCK] = std::array::from_fn(|o| {
                            let output = block * BLOCK + o;
                            let output = if output < shape.outputs { output } else { block * BLOCK };
                            &gradient[output * row..][..row]
                        });
                        found = correlate(simd, x, outputs, found);
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

#[cfg(test)]
mod tests {
    use super::*;

    const SHAPE: DirectConvolution = DirectConvolution { inputs: 3, outputs: 11, height: 6, width: 19, side: 3 };

    /// Small whole numbers, so that sums are exact in any order.
    fn numbers(count: usize) -> Vec<f32> {
        (0..count).map(|i| (i * 7919 % 13) as f32 - 6.0).collect()
    }

    /// Visits every product: indices of output, input and weight.
    fn products(s: DirectConvolution, mut visit: impl FnMut(usize, usize, usize)) {
        let inside =
            |at: usize, move_by: usize, size: usize| (at + move_by).checked_sub(s.side / 2).filter(|&p| p < size);
        for output in 0..s.outputs * s.pixels() {
            let (channel, row, column) = (output / s.pixels(), output / s.width % s.height, output % s.width);
            for place in 0..s.inputs * s.taps() {
                let (input, dy, dx) = (place / s.taps(), place / s.side % s.side, place % s.side);
                if let (Some(y), Some(x)) = (inside(row, dy, s.height), inside(column, dx, s.width)) {
                    visit(output, (input * s.height + y) * s.width + x, channel * s.inputs * s.taps() + place);
                }
            }
        }
    }

    fn agrees(shape: DirectConvolution, simd: impl Simd) {
        let (x, weight) =
            (numbers(shape.inputs * shape.pixels()), numbers(shape.outputs * shape.inputs * shape.taps()));
        let gradient = numbers(shape.outputs * shape.pixels());
        let (mut y, mut sums) = (vec![0.0; gradient.len()], vec![0.0; weight.len()]);
        let packed = shape.packed(&weight);
        simd.vectorize(Forward { shape, x: &x, packed: &packed, padded: &mut Vec::new(), y: &mut y });
        let padded = &mut [vec![], vec![]];
        simd.vectorize(WeightGradient { shape, x: &x, gradient: &gradient, padded, sums: &mut sums });
        let (mut expected_y, mut expected_sums) = (vec![0.0; y.len()], vec![0.0; sums.len()]);
        products(shape, |output, input, w| {
            expected_y[output] += x[input] * weight[w];
            expected_sums[w] += gradient[output] * x[input];
        });
        assert_eq!(y, expected_y, "{shape:?} on {simd:?}");
        assert_eq!(sums, expected_sums, "{shape:?} on {simd:?}");
    }

    #[test]
    fn every_instruction_set_agrees_with_the_plain_loops() {
        for shape in
            [SHAPE, DirectConvolution { side: 1, ..SHAPE }, DirectConvolution { width: 1, outputs: 8, ..SHAPE }]
        {
            agrees(shape, pulp::Scalar::new());
            #[cfg(target_arch = "x86_64")]
            {
                pulp::x86::V3::try_new().into_iter().for_each(|v3| agrees(shape, v3));
                pulp::x86::V4::try_new().into_iter().for_each(|v4| agrees(shape, v4));
            }
        }
    }
}
