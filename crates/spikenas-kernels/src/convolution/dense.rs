use super::gradient_kernel::{Bordered, GradientKernel};
use super::matrix::multiply;
use super::transform;
use super::winograd::{self, Tiles};
use crate::isa::Vector;

/// Adds a convolution to `[pixels, row of the kernel]`.
///
/// # Safety
/// The machine supports `V`; `map` has the channels that the kernel reads, and a border for its side.
#[inline(always)]
pub(super) unsafe fn convolve<V: Vector>(map: &Bordered, kernel: &GradientKernel, tiles: &mut Tiles, out: &mut [f32]) {
    if kernel.side == transform::SIDE {
        // SAFETY: the caller's promises are handed on.
        return unsafe { winograd::convolve::<V>(map, kernel, tiles, out) };
    }
    let (side, row) = (kernel.side, kernel.row);
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
