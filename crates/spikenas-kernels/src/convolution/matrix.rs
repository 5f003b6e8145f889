use super::gradient_kernel::{BLOCK, GradientKernel};
use crate::isa::Vector;

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
    assert!(values.len() >= rows * row && out.len() >= rows * kernel.row);
    for index in 0..kernel.row.div_ceil(BLOCK) {
        let (first, block) = kernel.block(point, index);
        let weights = kernel.values[first..][..kernel.outputs * block].as_ptr();
        let is_wide = block == BLOCK;
        // As many rows as give about eight sums in registers, or sixteen where there are 32 registers.
        // SAFETY: the rows lie within both slices; the caller's promises are handed on; a block is as many vectors as the case says.
        unsafe {
            let (from, to) = (values.as_ptr(), out.as_mut_ptr().add(index * BLOCK));
            if V::HAS_16_LANES {
                if is_wide {
                    multiply_rows::<V, ADD, 2, 8, 4>(from, row, rows, weights, kernel, to)
                } else {
                    multiply_rows::<V, ADD, 1, 8, 4>(from, row, rows, weights, kernel, to)
                }
            } else if V::HAS_8_LANES {
                if is_wide {
                    multiply_rows::<V, ADD, 4, 2, 1>(from, row, rows, weights, kernel, to)
                } else {
                    multiply_rows::<V, ADD, 2, 4, 2>(from, row, rows, weights, kernel, to)
                }
            } else if is_wide {
                multiply_rows::<V, ADD, 8, 1, 1>(from, row, rows, weights, kernel, to)
            } else {
                multiply_rows::<V, ADD, 4, 2, 1>(from, row, rows, weights, kernel, to)
            }
        }
    }
}

/// All rows times one block of weights, `P` at a time, then `FEW`, then singly.
///
/// # Safety
/// As [`multiply`], the block is `N` vectors, and the pointers are valid for the rows.
#[inline(always)]
unsafe fn multiply_rows<V: Vector, const ADD: bool, const N: usize, const P: usize, const FEW: usize>(
    values: *const f32,
    row: usize,
    rows: usize,
    weights: *const f32,
    kernel: &GradientKernel,
    out: *mut f32,
) {
    let mut first = 0;
    while first < rows {
        // SAFETY: the caller's promises.
        unsafe {
            let (from, to) = (values.add(first * row), out.add(first * kernel.row));
            if first + P <= rows {
                multiply_block::<V, ADD, N, P>(from, row, weights, kernel, to);
                first += P;
            } else if first + FEW <= rows {
                multiply_block::<V, ADD, N, FEW>(from, row, weights, kernel, to);
                first += FEW;
            } else {
                multiply_block::<V, ADD, N, 1>(from, row, weights, kernel, to);
                first += 1;
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
                    *sum = V::load(to.add(p * kernel.row + n * V::LANES));
                }
            }
        }
        for channel in 0..kernel.outputs {
            let mut factors = [V::splat(0.0); N];
            for (n, factor) in factors.iter_mut().enumerate() {
                *factor = V::load(weights.add((channel * N + n) * V::LANES));
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
                sum.store(to.add(p * kernel.row + n * V::LANES));
            }
        }
    }
}
