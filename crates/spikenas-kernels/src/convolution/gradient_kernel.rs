use super::winograd::{self, Tiles};
use crate::aligned::AlignedValues;
use crate::isa::Vector;
use crate::sizes::product;

/// Weights that take the gradient of a convolution's sums to that of its inputs: `[points, blocks, outputs, block]`.
///
/// A point is what one product of matrices is for: one point of a transformed tile where the side is 3, a tap of the kernel
/// elsewhere, turned by half a turn, since a gradient goes the other way.
/// "Outputs" are the convolution's, which are read here; a block is some of its inputs, which are written. Both are
/// padded with zeros.
#[derive(Clone, Debug)]
pub struct GradientKernel {
    pub(super) inputs: usize,
    pub(super) outputs: usize,
    pub(super) side: usize,
    block: usize,
    values: AlignedValues,
}

impl GradientKernel {
    /// Packs the weights of a convolution, `[outputs, inputs, side, side]`, of an odd side.
    pub fn new(outputs: usize, inputs: usize, side: usize, weights: &[f32]) -> Self {
        assert_eq!(weights.len(), product([outputs, inputs, side, side]), "weights do not have the shape given");
        assert!(side % 2 == 1, "a kernel's side is odd, not {side}");
        let block = if inputs > 16 { 32 } else { 16 };
        let points = if side == winograd::SIDE { winograd::POINTS } else { side * side };
        let mut kernel = Self { inputs, outputs, side, block, values: AlignedValues::default() };
        kernel.values = AlignedValues::zeros(product([points, kernel.row(), outputs]));
        for (index, weights) in weights.chunks_exact(side * side).enumerate() {
            let (output, input) = (index / inputs, index % inputs);
            let put = |(point, value): (usize, f32)| {
                let first = kernel.first(point, input / block);
                kernel.values[first + output * block + input % block] = value;
            };
            match side {
                winograd::SIDE => winograd::transformed(weights).into_iter().enumerate().for_each(put),
                _ => weights.iter().rev().copied().enumerate().for_each(put),
            }
        }
        kernel
    }

    /// Values of a pixel that is written.
    pub(super) fn row(&self) -> usize {
        self.inputs.next_multiple_of(self.block)
    }

    /// Where the weights of a point and block begin.
    fn first(&self, point: usize, block: usize) -> usize {
        (point * (self.row() / self.block) + block) * self.outputs * self.block
    }
}

/// Maps with a border of zeros, as far as the kernel, or a whole tile, reads: `[rows, columns, channels]`.
pub(super) struct Bordered {
    pub(super) values: AlignedValues,
    pub(super) height: usize,
    pub(super) width: usize,
    /// Pixels of a row with its border.
    pub(super) stride: usize,
    /// Pixels of the border at the top and left.
    pub(super) pad: usize,
    /// Values of a pixel, padded to whole vectors of every instruction set.
    pub(super) row: usize,
}

impl Bordered {
    pub(super) fn new(height: usize, width: usize, channels: usize, side: usize) -> Self {
        let (row, pad) = (channels.next_multiple_of(16), side / 2);
        let bordered = |length: usize| match side {
            winograd::SIDE => length.next_multiple_of(winograd::TILE) + 2 * pad,
            _ => length + 2 * pad,
        };
        let [rows, stride] = [height, width].map(bordered);
        Self { values: AlignedValues::zeros(product([rows, stride, row])), height, width, stride, pad, row }
    }

    /// The pixels of a row, to write.
    #[inline(always)]
    pub(super) fn line(&mut self, y: usize) -> &mut [f32] {
        let first = ((y + self.pad) * self.stride + self.pad) * self.row;
        &mut self.values[first..][..self.width * self.row]
    }
}

/// Adds a convolution to `[pixels, row of the kernel]`.
///
/// # Safety
/// The machine supports `V`; `map` has the channels that the kernel reads, and a border for its side.
#[inline(always)]
pub(super) unsafe fn convolve<V: Vector>(map: &Bordered, kernel: &GradientKernel, tiles: &mut Tiles, out: &mut [f32]) {
    if kernel.side == winograd::SIDE {
        // SAFETY: the caller's promises are handed on.
        return unsafe { winograd::convolve::<V>(map, kernel, tiles, out) };
    }
    let (side, row) = (kernel.side, kernel.row());
    // Without a border, the pixels of all lines follow each other.
    let (lines, pixels) = if side == 1 { (1, map.height * map.width) } else { (map.height, map.width) };
    for (y, out) in out.chunks_exact_mut(pixels * row).enumerate().take(lines) {
        for tap in 0..side * side {
            let from = &map.values[((y + tap / side) * map.stride + tap % side) * map.row..];
            // SAFETY: the caller's promises are handed on.
            unsafe { multiply::<V, true>(from, map.row, pixels, kernel, tap, out) };
        }
    }
}

/// The product of `rows` rows, `row` apart, with the weights of a point: `[rows, row of the kernel]`, added to what is
/// there or written over it.
///
/// # Safety
/// The machine supports `V`; the rows have the channels that the kernel reads.
#[inline(always)]
pub(super) unsafe fn multiply<V: Vector, const ADD: bool>(
    values: &[f32],
    row: usize,
    rows: usize,
    kernel: &GradientKernel,
    point: usize,
    out: &mut [f32],
) {
    // As many rows as give about eight sums in registers, sixteen where there are 32 of them.
    // SAFETY: the caller's promises are handed on; a block is as many vectors as the case says.
    unsafe {
        match (kernel.block / V::LANES, V::LANES) {
            (1, _) => multiply_rows::<V, ADD, 1, 8>(values, row, rows, kernel, point, out),
            (2, 16) => multiply_rows::<V, ADD, 2, 8>(values, row, rows, kernel, point, out),
            (2, _) => multiply_rows::<V, ADD, 2, 4>(values, row, rows, kernel, point, out),
            (4, _) => multiply_rows::<V, ADD, 4, 2>(values, row, rows, kernel, point, out),
            (8, _) => multiply_rows::<V, ADD, 8, 1>(values, row, rows, kernel, point, out),
            (vectors, _) => unreachable!("a block of {vectors} vectors"),
        }
    }
}

/// # Safety
/// As [`multiply`], and a block is `N` vectors.
#[inline(always)]
unsafe fn multiply_rows<V: Vector, const ADD: bool, const N: usize, const P: usize>(
    values: &[f32],
    row: usize,
    rows: usize,
    kernel: &GradientKernel,
    point: usize,
    out: &mut [f32],
) {
    assert!(values.len() >= rows * row && out.len() >= rows * kernel.row());
    for block in 0..kernel.row() / kernel.block {
        let weights = kernel.values[kernel.first(point, block)..][..kernel.outputs * kernel.block].as_ptr();
        let mut first = 0;
        while first < rows {
            // SAFETY: the rows lie within both slices; the caller's promises.
            unsafe {
                let from = values.as_ptr().add(first * row);
                let to = out.as_mut_ptr().add(first * kernel.row() + block * kernel.block);
                if first + P <= rows {
                    multiply_block::<V, ADD, N, P>(from, row, weights, kernel, to);
                    first += P;
                } else {
                    multiply_block::<V, ADD, N, 1>(from, row, weights, kernel, to);
                    first += 1;
                }
            }
        }
    }
}

/// `P` rows times one block of weights.
///
/// # Safety
/// As [`multiply_rows`]; the pointers are valid for the rows.
#[inline(always)]
unsafe fn multiply_block<V: Vector, const ADD: bool, const N: usize, const P: usize>(
    from: *const f32,
    row: usize,
    weights: *const f32,
    kernel: &GradientKernel,
    to: *mut f32,
) {
    // SAFETY: the caller's promises.
    unsafe {
        let mut sums = [[V::splat(0.0); N]; P];
        if ADD {
            for (p, sums) in sums.iter_mut().enumerate() {
                for (n, sum) in sums.iter_mut().enumerate() {
                    *sum = V::load(to.add(p * kernel.row() + n * V::LANES));
                }
            }
        }
        for channel in 0..kernel.outputs {
            let mut factors = [V::splat(0.0); N];
            for (n, factor) in factors.iter_mut().enumerate() {
                *factor = V::load(weights.add(channel * kernel.block + n * V::LANES));
            }
            for (p, sums) in sums.iter_mut().enumerate() {
                let value = V::splat(*from.add(p * row + channel));
                for (sum, factor) in sums.iter_mut().zip(factors) {
                    *sum = factor.mul_add(value, *sum);
                }
            }
        }
        for (p, sums) in sums.iter().enumerate() {
            for (n, sum) in sums.iter().enumerate() {
                sum.store(to.add(p * kernel.row() + n * V::LANES));
            }
        }
    }
}
