//! Dense convolution by Winograd's minimal filtering F(4x4, 3x3) (Lavin and Gray 2016): a tile of 4x4 sums takes 36
//! products of each pair of channels where plain loops take 144.

use super::gradient_kernel::{Bordered, GradientKernel};
use super::matrix::multiply;
use super::transform::{POINTS, READ, TILE};
use crate::aligned::AlignedValues;
use crate::isa::Vector;

/// Tiles that are multiplied at a time, at least: as many as fill the registers.
const TOGETHER: usize = 8;

/// Tiles in the transformed domain, before and after the product.
#[derive(Default)]
pub(super) struct Tiles {
    /// `[points, tiles, channels read]`
    read: AlignedValues,
    /// `[points, tiles, channels written]`
    written: AlignedValues,
}

/// Adds a convolution with a kernel of side 3 to `[pixels, row of the kernel]`.
///
/// # Safety
/// The machine supports `V`; `map` has the channels that the kernel reads, and a border for its side.
#[inline(always)]
pub(super) unsafe fn convolve<V: Vector>(map: &Bordered, kernel: &GradientKernel, tiles: &mut Tiles, out: &mut [f32]) {
    let row = kernel.row;
    let [rows, columns] = [map.height, map.width].map(|length| length.div_ceil(TILE));
    let at_a_time = TOGETHER.div_ceil(columns);
    for buffer in [(&mut tiles.read, map.row), (&mut tiles.written, row)] {
        let length = POINTS * at_a_time * columns * buffer.1;
        if buffer.0.len() < length {
            *buffer.0 = AlignedValues::zeros(length);
        }
    }
    for first in (0..rows).step_by(at_a_time) {
        let count = at_a_time.min(rows - first) * columns;
        for tile in 0..count {
            let (y, x) = ((first + tile / columns) * TILE, tile % columns * TILE);
            // SAFETY: the caller's promises; the border reaches as far as the tile reads.
            unsafe { read_tile::<V>(map, y, x, &mut tiles.read[tile * map.row..], count * map.row) };
        }
        for point in 0..POINTS {
            let read = &tiles.read[point * count * map.row..][..count * map.row];
            let written = &mut tiles.written[point * count * row..][..count * row];
            // SAFETY: the caller's promises.
            unsafe { multiply::<V, false>(read, map.row, count, kernel, point, written) };
        }
        for tile in 0..count {
            let (y, x) = ((first + tile / columns) * TILE, tile % columns * TILE);
            // SAFETY: the caller's promises.
            unsafe { write_tile::<V>(map, y, x, &tiles.written[tile * row..], count * row, row, out) };
        }
    }
}

/// `B' d B` of the 6x6 pixels from (y, x) of the bordered map on; each point of the result lies `apart` from the last.
///
/// # Safety
/// The machine supports `V`; the map has the pixels, and `to` the points, for all channels.
#[inline(always)]
unsafe fn read_tile<V: Vector>(map: &Bordered, y: usize, x: usize, to: &mut [f32], apart: usize) {
    for channel in (0..map.row).step_by(V::LANES) {
        // SAFETY: the caller's promises.
        unsafe {
            let from = map.values.as_ptr().add((y * map.stride + x) * map.row + channel);
            let to = to.as_mut_ptr().add(channel);
            let mut half = [[V::splat(0.0); READ]; READ];
            for column in 0..READ {
                let mut d = [V::splat(0.0); READ];
                for (row, d) in d.iter_mut().enumerate() {
                    *d = V::load(from.add((row * map.stride + column) * map.row));
                }
                for (half, value) in half.iter_mut().zip(before(d)) {
                    half[column] = value;
                }
            }
            for (row, half) in half.into_iter().enumerate() {
                for (column, value) in before(half).into_iter().enumerate() {
                    value.store(to.add((row * READ + column) * apart));
                }
            }
        }
    }
}

/// Adds `A' m A` to the 4x4 pixels of `[pixels, row]` from (y, x) on, as far as there are such.
///
/// # Safety
/// The machine supports `V`; `from` has all points, `apart` from each other.
#[inline(always)]
unsafe fn write_tile<V: Vector>(
    map: &Bordered,
    y: usize,
    x: usize,
    from: &[f32],
    apart: usize,
    row: usize,
    out: &mut [f32],
) {
    for channel in (0..row).step_by(V::LANES) {
        // SAFETY: the caller's promises; pixels beyond the map are left out.
        unsafe {
            let from = from.as_ptr().add(channel);
            let mut half = [[V::splat(0.0); READ]; TILE];
            for column in 0..READ {
                let mut m = [V::splat(0.0); READ];
                for (row, m) in m.iter_mut().enumerate() {
                    *m = V::load(from.add((row * READ + column) * apart));
                }
                for (half, value) in half.iter_mut().zip(after(m)) {
                    half[column] = value;
                }
            }
            for (dy, half) in half.into_iter().enumerate().take(map.height - y) {
                for (dx, value) in after(half).into_iter().enumerate().take(map.width - x) {
                    let to = out[((y + dy) * map.width + x + dx) * row..][..row].as_mut_ptr().add(channel);
                    V::load(to).add(value).store(to);
                }
            }
        }
    }
}

/// `B' d`
///
/// # Safety
/// The machine supports `V`.
#[inline(always)]
unsafe fn before<V: Vector>([d0, d1, d2, d3, d4, d5]: [V; READ]) -> [V; READ] {
    // SAFETY: the caller's promise.
    unsafe {
        let times = |d: V, factor: f32, term: V| d.mul_add(V::splat(factor), term);
        let (outer, inner) = (times(d2, -4.0, d4), times(d1, -4.0, d3));
        let (even, odd) = (d4.sub(d2), d3.sub(d1));
        [
            times(d0, 4.0, times(d2, -5.0, d4)),
            outer.add(inner),
            outer.sub(inner),
            times(odd, 2.0, even),
            times(odd, -2.0, even),
            times(d1, 4.0, times(d3, -5.0, d5)),
        ]
    }
}

/// `A' m`
///
/// # Safety
/// The machine supports `V`.
#[inline(always)]
unsafe fn after<V: Vector>([m0, m1, m2, m3, m4, m5]: [V; READ]) -> [V; TILE] {
    // SAFETY: the caller's promise.
    unsafe {
        let times = |m: V, factor: f32, term: V| m.mul_add(V::splat(factor), term);
        let (sum, difference) = (m1.add(m2), m1.sub(m2));
        let (far_sum, far_difference) = (m3.add(m4), m3.sub(m4));
        [
            m0.add(sum).add(far_sum),
            times(far_difference, 2.0, difference),
            times(far_sum, 4.0, sum),
            times(far_difference, 8.0, difference).add(m5),
        ]
    }
}
