use rayon::prelude::*;

use crate::aligned::AlignedValues;
use crate::isa::Isa;
use crate::sizes::product;

/// Most outputs that are summed at a time.
const MOST_OUTPUTS: usize = 32;

/// Rows of weights of this many outputs that are used at a time: 24 KB, which stay in the nearest cache.
const ROWS: usize = 192;

/// Channels of a word of spikes.
const WORD: usize = 64;

/// Weights of a convolution, laid out for event-driven sums: `[blocks, kernel rows, chunks, kernel columns, chunk, block]`.
///
/// A block is as many outputs as are summed at a time, a chunk as many inputs as one row of the kernel takes from the
/// nearest cache for them. The last of each is padded with zeros.
#[derive(Clone, Debug)]
pub struct PackedKernel {
    pub(super) isa: Isa,
    pub(super) side: usize,
    pub(super) inputs: usize,
    pub(super) outputs: usize,
    pub(super) block: usize,
    pub(super) chunk: usize,
    pub(super) values: AlignedValues,
}

impl PackedKernel {
    /// Packs weights of PyTorch's shape `[outputs, inputs, side, side]`.
    pub fn new(isa: Isa, outputs: usize, inputs: usize, side: usize, weights: &[f32]) -> Self {
        let length = product([outputs, inputs, side, side]);
        assert_eq!(weights.len(), length, "weights do not have the shape given");
        assert!(side % 2 == 1, "a kernel's side is odd, not {side}");
        let block = if outputs > MOST_OUTPUTS / 2 { MOST_OUTPUTS } else { MOST_OUTPUTS / 2 };
        let chunk = ((ROWS / (side * WORD)).max(1) * WORD).min(inputs);
        let mut kernel =
            Self { isa: isa.available(), side, inputs, outputs, block, chunk, values: AlignedValues::default() };
        let of_output = inputs * side * side;
        let of_block = product([side, kernel.chunks(), side, chunk, block]);
        let mut values = AlignedValues::zeros(product([kernel.blocks(), of_block]));
        let blocks = values.par_chunks_mut(of_block.max(1)).zip(weights.par_chunks((block * of_output).max(1)));
        blocks.for_each(|(values, weights)| {
            for index in 0..of_output {
                let (input, row, column) = (index / (side * side), index / side % side, index % side);
                let first = kernel.first(0, row, input / chunk) + (column * chunk + input % chunk) * block;
                let packed = &mut values[first..][..block];
                for (value, &weight) in packed.iter_mut().zip(weights[index..].iter().step_by(of_output)) {
                    *value = weight;
                }
            }
        });
        kernel.values = values;
        kernel
    }

    /// Output channels.
    pub fn outputs(&self) -> usize {
        self.outputs
    }

    pub(super) fn blocks(&self) -> usize {
        self.outputs.div_ceil(self.block)
    }

    pub(super) fn chunks(&self) -> usize {
        self.inputs.div_ceil(self.chunk.max(1))
    }

    /// Where the weights of a block, row of the kernel and chunk begin.
    pub(super) fn first(&self, block: usize, row: usize, chunk: usize) -> usize {
        ((block * self.side + row) * self.chunks() + chunk) * self.side * self.chunk * self.block
    }
}
