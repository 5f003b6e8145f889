use rayon::prelude::*;

use super::transform;
use crate::aligned::AlignedValues;
use crate::sizes::product;

/// Inputs of a block; the last may be half as many.
pub(super) const BLOCK: usize = 32;

/// Weights that take the gradient of a convolution's sums to that of its inputs: `[points, blocks, outputs, block]`.
///
/// There is one product of matrices per point: a point of a transformed tile where the side is 3, a tap of the kernel
/// elsewhere. Kernels are turned by half a turn, as the backward pass needs them.
/// "Outputs" are the convolution's, which are read here; a block is some of its inputs, which are written. Both are
/// padded with zeros.
#[derive(Clone, Debug)]
pub struct GradientKernel {
    pub(super) inputs: usize,
    pub(super) outputs: usize,
    pub(super) side: usize,
    /// Values of a pixel that is written: the inputs, padded to whole or half blocks.
    pub(super) row: usize,
    pub(super) values: AlignedValues,
}

impl GradientKernel {
    /// Packs the weights of a convolution, `[outputs, inputs, side, side]`, of an odd side.
    pub fn new(outputs: usize, inputs: usize, side: usize, weights: &[f32]) -> Self {
        assert_eq!(weights.len(), product([outputs, inputs, side, side]), "weights do not have the shape given");
        assert!(side % 2 == 1, "a kernel's side is odd, not {side}");
        let points = if side == transform::SIDE { transform::POINTS } else { side * side };
        let row = inputs.next_multiple_of(BLOCK / 2);
        let kernel = Self { inputs, outputs, side, row, values: AlignedValues::default() };
        let mut values = AlignedValues::zeros(product([points, row, outputs]));
        if side == 1 {
            kernel.pack_rows(weights, &mut values);
            return Self { values, ..kernel };
        }
        values.par_chunks_mut((row * outputs).max(1)).enumerate().for_each(|(point, values)| {
            for (index, weights) in weights.chunks_exact(side * side).enumerate() {
                let (output, input) = (index / inputs, index % inputs);
                let (first, block) = kernel.block(0, input / BLOCK);
                values[first + output * block + input % BLOCK] = match side {
                    transform::SIDE => transform::transformed(weights, point),
                    _ => weights[side * side - 1 - point],
                };
            }
        });
        Self { values, ..kernel }
    }

    /// The only point of a kernel of side 1, a block at a time.
    fn pack_rows(&self, weights: &[f32], values: &mut [f32]) {
        for (output, weights) in weights.chunks_exact(self.inputs.max(1)).enumerate() {
            for (index, weights) in weights.chunks(BLOCK).enumerate() {
                let (first, block) = self.block(0, index);
                values[first + output * block..][..weights.len()].copy_from_slice(weights);
            }
        }
    }

    /// Where the weights of a point and block begin, and how many inputs the block has.
    #[inline(always)]
    pub(super) fn block(&self, point: usize, index: usize) -> (usize, usize) {
        ((point * self.row + index * BLOCK) * self.outputs, BLOCK.min(self.row - index * BLOCK))
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
            transform::SIDE => length.next_multiple_of(transform::TILE) + 2 * pad,
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
