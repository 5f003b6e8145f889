use super::gradient_kernel::GradientKernel;
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
    // As many rows as give about eight sums in registers, or sixteen where there are 32 registers.
    // SAFETY: the caller's promises are handed on; a block is as many vectors as the case says.
    unsafe {
        let is_wide = kernel.block == 32;
        if V::HAS_16_LANES {
            if is_wide {
                multiply_rows::<V, ADD, 2, 8>(values, row, rows, kernel, point, out)
            } else {
                multiply_rows::<V, ADD, 1, 8>(values, row, rows, kernel, point, out)
            }
        } else if V::HAS_8_LANES {
            if is_wide {
                multiply_rows::<V, ADD, 4, 2>(values, row, rows, kernel, point, out)
            } else {
                multiply_rows::<V, ADD, 2, 4>(values, row, rows, kernel, point, out)
            }
        } else if is_wide {
            multiply_rows::<V, ADD, 8, 1>(values, row, rows, kernel, point, out)
        } else {
            multiply_rows::<V, ADD, 4, 2>(values, row, rows, kernel, point, out)
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
    assert!(values.len() >= rows * row && out.len() >= rows * kernel.row);
    for block in 0..kernel.row / kernel.block {
        let weights = kernel.values[kernel.first(point, block)..][..kernel.outputs * kernel.block].as_ptr();
        let mut first = 0;
        while first < rows {
            // SAFETY: the rows lie within both slices; the caller's promises.
            unsafe {
                let from = values.as_ptr().add(first * row);
                let to = out.as_mut_ptr().add(first * kernel.row + block * kernel.block);
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
                    *sum = V::load(to.add(p * kernel.row + n * V::LANES));
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
                sum.store(to.add(p * kernel.row + n * V::LANES));
            }
        }
    }
}
