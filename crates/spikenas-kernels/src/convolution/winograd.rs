//! Dense convolution by Winograd's minimal filtering F(4x4, 3x3) (Lavin and Gray 2016): a tile of 4x4 sums takes 36
//! products of each pair of channels where plain loops take 144. A 1x1 kernel is a product of matrices as it is.

use crate::aligned::AlignedValues;
use crate::isa::Vector;
use crate::sizes::product;

/// Side of a tile of sums.
const TILE: usize = 4;

/// Side of the values that a tile reads.
const READ: usize = 6;

/// Places of a transformed tile.
const PLACES: usize = READ * READ;

/// Tiles that are multiplied at a time, at least: as many as fill the registers.
const TOGETHER: usize = 8;

/// Weights that take the gradient of a convolution's sums to that of its inputs: `[places, blocks, outputs, block]`.
///
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
    /// Transforms the weights of a convolution, `[outputs, inputs, side, side]`, side 1 or 3.
    pub fn new(outputs: usize, inputs: usize, side: usize, weights: &[f32]) -> Self {
        assert_eq!(weights.len(), product([outputs, inputs, side, side]), "weights do not have the shape given");
        assert!(matches!(side, 1 | 3), "kernels have side 1 or 3");
        let block = if inputs > 16 { 32 } else { 16 };
        let places = if side == 1 { 1 } else { PLACES };
        let mut kernel = Self { inputs, outputs, side, block, values: AlignedValues::default() };
        kernel.values = AlignedValues::zeros(product([places, kernel.row(), outputs]));
        for (index, weights) in weights.chunks_exact(side * side).enumerate() {
            let (output, input) = (index / inputs, index % inputs);
            let mut put = |place: usize, value: f32| {
                let first = kernel.first(place, input / block);
                kernel.values[first + output * block + input % block] = value;
            };
            match side {
                1 => put(0, weights[0]),
                _ => transformed(weights).into_iter().enumerate().for_each(|(place, value)| put(place, value)),
            }
        }
        kernel
    }

    /// Values of a pixel that is written.
    pub(super) fn row(&self) -> usize {
        self.inputs.next_multiple_of(self.block)
    }

    /// Where the weights of a place and block begin.
    fn first(&self, place: usize, block: usize) -> usize {
        (place * (self.row() / self.block) + block) * self.outputs * self.block
    }
}

/// `G w G'` of a kernel turned by half a turn, since a gradient goes the other way.
fn transformed(weights: &[f32]) -> [f32; PLACES] {
    const G: [[f64; 3]; READ] = [
        [1.0 / 4.0, 0.0, 0.0],
        [-1.0 / 6.0, -1.0 / 6.0, -1.0 / 6.0],
        [-1.0 / 6.0, 1.0 / 6.0, -1.0 / 6.0],
        [1.0 / 24.0, 1.0 / 12.0, 1.0 / 6.0],
        [1.0 / 24.0, -1.0 / 12.0, 1.0 / 6.0],
        [0.0, 0.0, 1.0],
    ];
    std::array::from_fn(|place| {
        let (row, column) = (G[place / READ], G[place % READ]);
        (0..9).map(|tap| row[tap / 3] * column[tap % 3] * f64::from(weights[8 - tap])).sum::<f64>() as f32
    })
}

/// Maps with a border of zeros, as far as whole tiles read: `[rows, columns, channels]`.
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
        let [rows, stride] =
            [height, width].map(|length| if side == 1 { length } else { length.next_multiple_of(TILE) + 2 });
        Self { values: AlignedValues::zeros(product([rows, stride, row])), height, width, stride, pad, row }
    }

    /// The pixels of a row, to write.
    #[inline(always)]
    pub(super) fn line(&mut self, y: usize) -> &mut [f32] {
        let first = ((y + self.pad) * self.stride + self.pad) * self.row;
        &mut self.values[first..][..self.width * self.row]
    }
}

/// Tiles in the transformed domain, before and after the product.
#[derive(Default)]
pub(super) struct Tiles {
    /// `[places, tiles, channels read]`
    read: AlignedValues,
    /// `[places, tiles, channels written]`
    written: AlignedValues,
}

/// Adds a convolution to `[pixels, row of the kernel]`.
///
/// # Safety
/// The machine supports `V`; `map` has the channels that the kernel reads, and a border for its side.
#[inline(always)]
pub(super) unsafe fn convolve<V: Vector>(map: &Bordered, kernel: &GradientKernel, tiles: &mut Tiles, out: &mut [f32]) {
    let row = kernel.row();
    if kernel.side == 1 {
        let pixels = map.height * map.width;
        // SAFETY: the caller's promises; there is no border, so that pixels follow each other.
        return unsafe { multiply::<V, true>(&map.values, map.row, pixels, kernel, 0, &mut out[..pixels * row]) };
    }
    let [rows, columns] = [map.height, map.width].map(|length| length.div_ceil(TILE));
    let at_a_time = TOGETHER.div_ceil(columns);
    for buffer in [(&mut tiles.read, map.row), (&mut tiles.written, row)] {
        let length = PLACES * at_a_time * columns * buffer.1;
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
        for place in 0..PLACES {
            let read = &tiles.read[place * count * map.row..][..count * map.row];
            let written = &mut tiles.written[place * count * row..][..count * row];
            // SAFETY: the caller's promises.
            unsafe { multiply::<V, false>(read, map.row, count, kernel, place, written) };
        }
        for tile in 0..count {
            let (y, x) = ((first + tile / columns) * TILE, tile % columns * TILE);
            // SAFETY: the caller's promises.
            unsafe { write_tile::<V>(map, y, x, &tiles.written[tile * row..], count * row, row, out) };
        }
    }
}

/// `B' d B` of the 6x6 pixels from (y, x) of the bordered map on; each place of the result lies `apart` from the last.
///
/// # Safety
/// The machine supports `V`; the map has the pixels, and `to` the places, for all channels.
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
/// The machine supports `V`; `from` has all places, `apart` from each other.
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

/// The product of `rows` rows, `row` apart, with the weights of a place: `[rows, row of the kernel]`, added to what is
/// there or put in its place.
///
/// # Safety
/// The machine supports `V`; the rows have the channels that the kernel reads.
#[inline(always)]
unsafe fn multiply<V: Vector, const ADD: bool>(
    values: &[f32],
    row: usize,
    rows: usize,
    kernel: &GradientKernel,
    place: usize,
    out: &mut [f32],
) {
    // As many rows as give about eight sums in registers, sixteen where there are 32 of them.
    // SAFETY: the caller's promises are handed on; a block is as many vectors as the case says.
    unsafe {
        match (kernel.block / V::LANES, V::LANES) {
            (1, _) => multiply_rows::<V, ADD, 1, 8>(values, row, rows, kernel, place, out),
            (2, 16) => multiply_rows::<V, ADD, 2, 8>(values, row, rows, kernel, place, out),
            (2, _) => multiply_rows::<V, ADD, 2, 4>(values, row, rows, kernel, place, out),
            (4, _) => multiply_rows::<V, ADD, 4, 2>(values, row, rows, kernel, place, out),
            (8, _) => multiply_rows::<V, ADD, 8, 1>(values, row, rows, kernel, place, out),
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
    place: usize,
    out: &mut [f32],
) {
    assert!(values.len() >= rows * row && out.len() >= rows * kernel.row());
    for block in 0..kernel.row() / kernel.block {
        let weights = kernel.values[kernel.first(place, block)..][..kernel.outputs * kernel.block].as_ptr();
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
