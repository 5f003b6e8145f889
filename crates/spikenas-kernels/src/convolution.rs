use rayon::prelude::*;

use crate::isa::{Isa, Operation, Vector};
use crate::{Moments, Spikes};

/// Most vectors of outputs that are summed in registers at a time.
const MOST_VECTORS: usize = 8;

/// Weights of a convolution, laid out for one instruction set: `[blocks, taps, inputs, block]`.
///
/// A block is as many outputs as are summed in registers at a time; the last is padded with zeros.
#[derive(Clone, Debug)]
pub struct PackedKernel {
    isa: Isa,
    side: usize,
    inputs: usize,
    outputs: usize,
    vectors: usize,
    values: Vec<f32>,
}

impl PackedKernel {
    /// Packs weights of PyTorch's shape `[outputs, inputs, side, side]`.
    pub fn new(isa: Isa, outputs: usize, inputs: usize, side: usize, weights: &[f32]) -> Self {
        assert_eq!(weights.len(), outputs * inputs * side * side, "weights do not have the shape given");
        assert!(side % 2 == 1, "a kernel's side is odd");
        let isa = isa.available();
        let vectors = outputs.div_ceil(isa.lanes()).next_power_of_two().min(MOST_VECTORS);
        let block = vectors * isa.lanes();
        let (blocks, taps) = (outputs.div_ceil(block), side * side);
        let mut values = vec![0.0; blocks * taps * inputs * block];
        for (index, &weight) in weights.iter().enumerate() {
            let (output, input, tap) = (index / (inputs * taps), index / taps % inputs, index % taps);
            values[((output / block * taps + tap) * inputs + input) * block + output % block] = weight;
        }
        Self { isa, side, inputs, outputs, vectors, values }
    }

    /// Output channels.
    pub fn outputs(&self) -> usize {
        self.outputs
    }

    fn block(&self) -> usize {
        self.vectors * self.isa.lanes()
    }

    fn blocks(&self) -> usize {
        self.outputs.div_ceil(self.block())
    }
}

/// Convolves spikes: for each output pixel, the rows of weights of the spikes under the kernel are added.
///
/// Stride 1, zero padding that keeps the size. `spikes`: maps of `height` x `width` pixels. Returns values
/// `[maps, pixels, outputs]` and the moments of each map.
pub fn convolve_spikes(
    spikes: &Spikes,
    height: usize,
    width: usize,
    kernel: &PackedKernel,
    out: &mut [f32],
) -> Vec<Moments> {
    assert_eq!(spikes.pixels(), height * width, "spikes do not have the height and width given");
    assert_eq!(spikes.channels(), kernel.inputs, "spikes have other channels than the kernel");
    let input = |map| Input::Spikes { words: spikes.map(map), words_per_pixel: spikes.words_per_pixel() };
    convolve(spikes.maps(), height, width, kernel, input, out)
}

/// Convolves images, `[samples, channels, height, width]`, as [`convolve_spikes`] does spikes.
pub fn convolve_images(
    images: &[f32],
    height: usize,
    width: usize,
    kernel: &PackedKernel,
    out: &mut [f32],
) -> Vec<Moments> {
    let length = kernel.inputs * height * width;
    assert!(length > 0 && images.len().is_multiple_of(length), "images do not have the shape given");
    let input = |map| Input::Image(&images[map * length..][..length]);
    convolve(images.len() / length, height, width, kernel, input, out)
}

fn convolve<'a>(
    maps: usize,
    height: usize,
    width: usize,
    kernel: &PackedKernel,
    input: impl Fn(usize) -> Input<'a> + Sync,
    out: &mut [f32],
) -> Vec<Moments> {
    let length = height * width * kernel.outputs;
    assert_eq!(out.len(), maps * length, "the output does not have its shape");
    out.par_chunks_mut(length.max(1))
        .enumerate()
        .map(|(map, out)| kernel.isa.run(ConvolveMap { input: input(map), height, width, kernel, out }))
        .collect()
}

/// What a convolution reads.
#[derive(Clone, Copy)]
enum Input<'a> {
    /// `[pixels, words]`
    Spikes { words: &'a [u64], words_per_pixel: usize },
    /// `[channels, pixels]`
    Image(&'a [f32]),
}

/// Convolution of one map. `out`: `[pixels, outputs]`.
struct ConvolveMap<'a> {
    input: Input<'a>,
    height: usize,
    width: usize,
    kernel: &'a PackedKernel,
    out: &'a mut [f32],
}

impl Operation for ConvolveMap<'_> {
    type Output = Moments;

    #[inline(always)]
    unsafe fn run<V: Vector>(self) -> Moments {
        // SAFETY: the caller vouches for the instruction set; the kernel was packed for blocks of that many vectors.
        unsafe {
            match self.kernel.vectors {
                1 => self.blocks::<V, 1>(),
                2 => self.blocks::<V, 2>(),
                4 => self.blocks::<V, 4>(),
                _ => self.blocks::<V, MOST_VECTORS>(),
            }
        }
    }
}

impl ConvolveMap<'_> {
    /// # Safety
    /// The machine supports `V`, and the kernel is packed in blocks of `N` vectors.
    #[inline(always)]
    unsafe fn blocks<V: Vector, const N: usize>(self) -> Moments {
        let Self { height, width, kernel, .. } = self;
        let outputs = kernel.outputs;
        let mut moments = Moments::zeros(outputs);
        moments.count = (height * width) as u64;
        for block in 0..kernel.blocks() {
            let first = block * kernel.block();
            let used = kernel.block().min(outputs - first);
            for y in 0..height {
                let row = &mut self.out[y * width * outputs..][..width * outputs];
                for (x, pixel) in row.chunks_exact_mut(outputs).enumerate() {
                    // SAFETY: the caller's promise is handed on; the pixel lies within the map.
                    unsafe {
                        let sums = pixel_sums::<V, N>(&self.input, kernel, block, height, width, y, x);
                        store_block(&sums, &mut pixel[first..first + used]);
                    }
                }
                moments.add_pixels(row, outputs, first, used);
            }
        }
        moments
    }
}

/// Sums of one block of outputs at one pixel.
///
/// # Safety
/// The machine supports `V`, the kernel is packed in blocks of `N` vectors, and its input is `height` x `width`.
#[inline(always)]
unsafe fn pixel_sums<V: Vector, const N: usize>(
    input: &Input<'_>,
    kernel: &PackedKernel,
    block: usize,
    height: usize,
    width: usize,
    y: usize,
    x: usize,
) -> [V; N] {
    let (side, inputs) = (kernel.side, kernel.inputs);
    let pad = side / 2;
    let row_length = N * V::LANES;
    let columns = pad.saturating_sub(x)..side.min(width + pad - x);
    // SAFETY: the caller vouches for the instruction set. Every tap read lies within the map; every row of weights,
    // `((block * taps + tap) * inputs + channel) * row_length`, within `values`, since spikes have `inputs` channels
    // and bits past the last channel are zero.
    unsafe {
        let mut sums = [V::splat(0.0); N];
        for ky in pad.saturating_sub(y)..side.min(height + pad - y) {
            let pixel = |kx: usize| (y + ky - pad) * width + x + kx - pad;
            let rows = |kx: usize| kernel.values.as_ptr().add(((block * side + ky) * side + kx) * inputs * row_length);
            match *input {
                // The spikes of a kernel's row in one word: their rows of weights lie one behind the other.
                Input::Spikes { words, .. } if side * inputs <= 64 => {
                    let mut bits = 0;
                    for kx in columns.clone() {
                        bits |= *words.get_unchecked(pixel(kx)) << (kx * inputs);
                    }
                    add_rows(&mut sums, bits, rows(0));
                }
                Input::Spikes { words, words_per_pixel } => {
                    for kx in columns.clone() {
                        for index in 0..words_per_pixel {
                            let bits = *words.get_unchecked(pixel(kx) * words_per_pixel + index);
                            add_rows(&mut sums, bits, rows(kx).add(index * 64 * row_length));
                        }
                    }
                }
                Input::Image(values) => {
                    for kx in columns.clone() {
                        for channel in 0..inputs {
                            let value = V::splat(*values.get_unchecked(channel * height * width + pixel(kx)));
                            let row = rows(kx).add(channel * row_length);
                            for (n, sum) in sums.iter_mut().enumerate() {
                                *sum = sum.add(value.mul(V::load(row.add(n * V::LANES))));
                            }
                        }
                    }
                }
            }
        }
        sums
    }
}

/// Adds the rows of weights whose bit is set.
///
/// # Safety
/// The machine supports `V`, and `rows` points to a row of `N` vectors for every set bit.
#[inline(always)]
unsafe fn add_rows<V: Vector, const N: usize>(sums: &mut [V; N], mut bits: u64, rows: *const f32) {
    while bits != 0 {
        // SAFETY: the caller vouches for the instruction set and the rows.
        unsafe {
            let row = rows.add(bits.trailing_zeros() as usize * N * V::LANES);
            for (n, sum) in sums.iter_mut().enumerate() {
                *sum = sum.add(V::load(row.add(n * V::LANES)));
            }
        }
        bits &= bits - 1;
    }
}

/// Writes the first elements of a block.
///
/// # Safety
/// The machine supports `V`, and `out` is at most as long as the block.
#[inline(always)]
unsafe fn store_block<V: Vector, const N: usize>(sums: &[V; N], out: &mut [f32]) {
    for (n, sum) in sums.iter().enumerate() {
        let first = n * V::LANES;
        if first + V::LANES <= out.len() {
            // SAFETY: the whole vector lies within `out`.
            unsafe { sum.store(out.as_mut_ptr().add(first)) };
        } else if first < out.len() {
            let mut lanes = [0.0; 16];
            // SAFETY: no vector has more than 16 lanes.
            unsafe { sum.store(lanes.as_mut_ptr()) };
            let tail = &mut out[first..];
            tail.copy_from_slice(&lanes[..tail.len()]);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// The definition: `out[y, x, o] = sum over i, ky, kx of w[o, i, ky, kx] * in[y + ky - pad, x + kx - pad, i]`.
    fn naive(
        input: impl Fn(usize, usize, usize) -> f32,
        (height, width): (usize, usize),
        (outputs, inputs, side): (usize, usize, usize),
        weights: &[f32],
    ) -> Vec<f64> {
        let pad = side / 2;
        let mut out = Vec::new();
        for y in 0..height {
            for x in 0..width {
                for o in 0..outputs {
                    let mut sum = 0.0;
                    for i in 0..inputs {
                        for (ky, kx) in (0..side).flat_map(|ky| (0..side).map(move |kx| (ky, kx))) {
                            let (iy, ix) = ((y + ky).wrapping_sub(pad), (x + kx).wrapping_sub(pad));
                            if iy < height && ix < width {
                                let weight = weights[((o * inputs + i) * side + ky) * side + kx];
                                sum += f64::from(weight) * f64::from(input(iy, ix, i));
                            }
                        }
                    }
                    out.push(sum);
                }
            }
        }
        out
    }

    /// Sums of at most 9 * 100 terms below 1: f32 rounding stays under 900 * 900 * 2^-24.
    const TOLERANCE: f64 = 1e-3;

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]
        #[test]
        fn event_driven_equals_naive_on_every_instruction_set(
            height in 1usize..6, width in 1usize..6, inputs in 1usize..100, outputs in 1usize..150, three: bool, rate in 0u32..100, seed in 0u32..1000,
        ) {
            let side = if three { 3 } else { 1 };
            let hash = |i: usize| (i as u32).wrapping_mul(2_654_435_761).wrapping_add(seed.wrapping_mul(40_503)).rotate_left(13).wrapping_mul(2_246_822_519) >> 8;
            let weights: Vec<f32> = (0..outputs * inputs * side * side).map(|i| hash(i) as f32 / (1 << 24) as f32 - 0.5).collect();
            let active: Vec<bool> = (0..2 * height * width * inputs).map(|i| hash(i + 77) % 100 < rate).collect();
            let spikes = Spikes::pack(2, height * width, inputs, &active);
            for isa in Isa::supported() {
                let kernel = PackedKernel::new(isa, outputs, inputs, side, &weights);
                let mut out = vec![f32::NAN; 2 * height * width * outputs];
                let moments = convolve_spikes(&spikes, height, width, &kernel, &mut out);
                for map in 0..2 {
                    let at = |y: usize, x: usize, i: usize| f32::from(u8::from(spikes.get(map, y * width + x, i)));
                    let expected = naive(at, (height, width), (outputs, inputs, side), &weights);
                    let got = &out[map * expected.len()..][..expected.len()];
                    for (a, b) in got.iter().zip(&expected) {
                        prop_assert!((f64::from(*a) - b).abs() < TOLERANCE, "{isa:?}: {a} {b}");
                    }
                    for o in 0..outputs {
                        let sum: f64 = got.iter().skip(o).step_by(outputs).map(|v| f64::from(*v)).sum();
                        prop_assert!((moments[map].sum[o] - sum).abs() < 1e-9);
                    }
                }
            }
        }

        #[test]
        fn images_equal_naive_on_every_instruction_set(
            height in 1usize..6, width in 1usize..6, inputs in 1usize..4, outputs in 1usize..150, seed in 0u32..1000,
        ) {
            let wave = |i: usize, k: f32| (i as f32 * k + seed as f32).sin();
            let weights: Vec<f32> = (0..outputs * inputs * 9).map(|i| wave(i, 0.9)).collect();
            let images: Vec<f32> = (0..2 * inputs * height * width).map(|i| wave(i, 1.7)).collect();
            for isa in Isa::supported() {
                let kernel = PackedKernel::new(isa, outputs, inputs, 3, &weights);
                let mut out = vec![f32::NAN; 2 * height * width * outputs];
                convolve_images(&images, height, width, &kernel, &mut out);
                let expected: Vec<f64> = (0..2).flat_map(|n| {
                    naive(|y, x, i| images[((n * inputs + i) * height + y) * width + x], (height, width), (outputs, inputs, 3), &weights)
                }).collect();
                for (a, b) in out.iter().zip(&expected) {
                    prop_assert!((f64::from(*a) - b).abs() < TOLERANCE, "{isa:?}: {a} {b}");
                }
            }
        }
    }
}
