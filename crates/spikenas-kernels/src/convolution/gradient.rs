use rayon::prelude::*;

use super::dense::convolve;
use super::gradient_kernel::{Bordered, GradientKernel};
use super::winograd::Tiles;
use crate::aligned::AlignedValues;
use crate::gradient_sums::{TermSums, no_sums, total};
use crate::isa::{Isa, Operation, Vector};
use crate::lif::{LifLayer, LifState};
use crate::lif_gradient::backward_sample;
use crate::sizes::product;
use crate::{Extent, GradientSums, Sum, by_sample};

/// Samples whose weight gradients are summed by one thread: fixed, so that sums do not depend on the number of threads.
const GROUP: usize = 4;

/// A convolution that reads spikes, in the backward pass.
pub struct SpikeReader<'a> {
    /// Gradient of its sums,
    pub gradient: Sum<'a>,
    /// and what is added to it.
    pub of_averages: Option<OfAverages<'a>>,
    /// Its weights.
    pub kernel: &'a GradientKernel,
}

/// The gradient that a map has from averages over squares of pixels.
#[derive(Clone, Copy)]
pub struct OfAverages<'a> {
    /// Gradient of the averages.
    pub gradient: Sum<'a>,
    /// Side of the squares.
    pub side: usize,
}

impl OfAverages<'_> {
    /// Panics where the averages are not of whole squares of maps of this extent, height and width.
    fn check(&self, extent: Extent, [height, width]: [usize; 2]) {
        self.gradient.check();
        assert!(
            height.is_multiple_of(self.side) && width.is_multiple_of(self.side),
            "squares of side {} do not divide maps of {height} x {width}",
            self.side
        );
        let pixels = product([self.gradient.extent.pixels, self.side, self.side]);
        assert_eq!(Extent { pixels, ..self.gradient.extent }, extent, "the averages are of a map of another extent");
    }

    /// Adds the gradient of a row of pixels of `row` values.
    ///
    /// # Safety
    /// The machine supports `V`.
    #[inline(always)]
    unsafe fn add_line<V: Vector>(
        &self,
        step: usize,
        sample: usize,
        y: usize,
        line: &mut Vec<f32>,
        to: &mut [f32],
        row: usize,
    ) {
        let (channels, columns) = (self.gradient.extent.channels, to.len() / row / self.side);
        line.resize(columns * channels, 0.0);
        // SAFETY: the caller vouches for the instruction set.
        unsafe { self.gradient.read::<V>(step, sample, y / self.side * columns, line) };
        let share = 1.0 / (self.side * self.side) as f32;
        for (to, values) in to.chunks_exact_mut(self.side * row).zip(line.chunks_exact(channels)) {
            for to in to.chunks_exact_mut(row) {
                to.iter_mut().zip(values).for_each(|(to, value)| *to += value * share);
            }
        }
    }
}

/// What the backward pass of a LIF layer and the convolutions that read it returns.
pub struct SpikeGradients {
    /// Gradient of each reader's weights, `[outputs, inputs, side, side]`.
    pub of_weights: Vec<Vec<f32>>,
    /// Sums of the gradient of the layer's input with each of its terms, as [`gradient_sums`](crate::gradient_sums) gives.
    pub sums: Vec<Vec<GradientSums>>,
}

/// Backward pass of a LIF layer and of the convolutions that read it.
///
/// `of_averages`: the gradient that the spikes have from readers other than the convolutions. `state`: membranes; without, they
/// start at 0, and nothing depends on those after the last timestep. Writes the gradient of the layer's
/// input, `[distinct steps, samples, pixels, channels]`, summed over timesteps where the input is the same at all.
///
/// The surrogate gradient of a spike is that of ATan of h, `d spike / d h = (alpha / 2) / (1 + (pi / 2 * alpha * (h - threshold))^2)`
/// (Fang et al. 2021); the reset counts as a constant.
pub fn spike_gradients(
    isa: Isa,
    layer: &LifLayer<'_>,
    readers: &[SpikeReader<'_>],
    of_averages: Option<OfAverages<'_>>,
    state: Option<LifState<'_>>,
    of_input: &mut [f32],
) -> SpikeGradients {
    let extent = layer.input.extent;
    let Extent { steps, samples, pixels, channels } = extent;
    let size = [layer.height, layer.width];
    layer.input.check();
    of_averages.iter().for_each(|averages| averages.check(extent, size));
    assert_eq!(pixels, product(size), "the layer does not have the height and width given");
    let shape = (layer.spikes.maps(), layer.spikes.pixels(), layer.spikes.channels());
    assert_eq!(shape, (steps * samples, pixels, channels), "spikes do not have the layer's extent");
    for reader in readers {
        reader.gradient.check();
        let sums_extent = Extent { channels: reader.kernel.outputs, ..extent };
        assert_eq!(
            (reader.gradient.extent, reader.kernel.inputs),
            (sums_extent, channels),
            "a reader has another extent"
        );
        reader.of_averages.iter().for_each(|averages| averages.check(sums_extent, size));
    }
    let length = product([layer.input.distinct_steps(), extent.step()]);
    assert_eq!(of_input.len(), length, "the gradient does not have its shape");
    assert!(layer.height.max(layer.width) <= 1 << HALF, "maps have at most {} rows and columns", 1 << HALF);
    let mut out = if extent.is_empty() { Vec::new() } else { by_sample(of_input, extent.map(), samples) };
    let mut states: Vec<Option<LifState<'_>>> = match state {
        Some(LifState { start, gradient }) => {
            let lengths = [start.len(), gradient.len()];
            assert_eq!(lengths, [extent.step(); 2], "the membranes do not have the layer's extent");
            let map = extent.map().max(1);
            let samples = start.chunks(map).zip(gradient.chunks_mut(map));
            samples.map(|(start, gradient)| Some(LifState { start, gradient })).collect()
        }
        None => (0..samples).map(|_| None).collect(),
    };
    let partial: Vec<(Vec<AlignedValues>, TermSums)> = out
        .par_chunks_mut(GROUP)
        .zip(states.par_chunks_mut(GROUP))
        .enumerate()
        .map(|(group, (out, states))| {
            isa.run(GradientsOfGroup { layer, readers, of_averages, first: group * GROUP, states, out })
        })
        .collect();
    let of_weights = |(index, reader): (usize, &SpikeReader<'_>)| {
        let GradientKernel { inputs, outputs, side, .. } = *reader.kernel;
        let (fan_in, row) = (product([inputs, side, side]), padded(outputs));
        let mut total = vec![0.0; outputs * fan_in];
        total.par_chunks_mut((LINE * fan_in).max(1)).enumerate().for_each(|(line, total)| {
            for tap in 0..fan_in {
                let mut sums = [0.0; LINE];
                for (of_weights, _) in &partial {
                    let values = &of_weights[index][tap * row + line * LINE..][..LINE];
                    sums.iter_mut().zip(values).for_each(|(sum, value)| *sum += value);
                }
                total.iter_mut().skip(tap).step_by(fan_in).zip(sums).for_each(|(to, sum)| *to = sum);
            }
        });
        total
    };
    SpikeGradients {
        of_weights: readers.iter().enumerate().map(of_weights).collect(),
        sums: total(partial.iter().map(|(_, sums)| sums), &layer.input),
    }
}

/// Values of a cache line, which are whole vectors of every instruction set.
const LINE: usize = 16;

/// Values of a pixel, padded to whole cache lines.
fn padded(channels: usize) -> usize {
    channels.next_multiple_of(LINE)
}

/// Some samples. `out`: by sample and distinct timestep.
struct GradientsOfGroup<'a, 'b> {
    layer: &'a LifLayer<'a>,
    readers: &'a [SpikeReader<'a>],
    of_averages: Option<OfAverages<'a>>,
    first: usize,
    /// By sample.
    states: &'a mut [Option<LifState<'b>>],
    out: &'a mut [Vec<&'b mut [f32]>],
}

impl Operation for GradientsOfGroup<'_, '_> {
    type Output = (Vec<AlignedValues>, TermSums);

    #[inline(always)]
    unsafe fn run<V: Vector>(self) -> Self::Output {
        let Extent { steps, samples, pixels, channels } = self.layer.input.extent;
        let kernels = || self.readers.iter().map(|reader| reader.kernel);
        let zeros = |k: &GradientKernel| AlignedValues::zeros(product([channels, k.side, k.side, padded(k.outputs)]));
        let mut of_weights: Vec<AlignedValues> = kernels().map(zeros).collect();
        let bordered = |k: &GradientKernel| Bordered::new(self.layer.height, self.layer.width, k.outputs, k.side);
        let mut maps: Vec<Bordered> = kernels().map(bordered).collect();
        // The readers write the same rows, since they read the same channels.
        let row = kernels().next().map_or(channels, |kernel| kernel.row);
        let mut of_spikes = AlignedValues::zeros(product([steps, pixels, row]));
        let (mut fired, mut tiles, mut line) = (Fired::default(), Tiles::default(), Vec::new());
        let mut sums = no_sums(self.layer.input.terms.len(), self.layer.input.distinct_steps(), channels);
        for (index, (out, state)) in self.out.iter_mut().zip(self.states).enumerate() {
            let sample = self.first + index;
            for (step, of_map) in of_spikes.chunks_exact_mut(pixels * row).enumerate() {
                // SAFETY: the caller vouches for the instruction set; buffers are sized for the layer and its readers.
                unsafe {
                    of_map.fill(0.0);
                    if let Some(averages) = &self.of_averages {
                        for (y, of_line) in of_map.chunks_exact_mut(self.layer.width * row).enumerate() {
                            averages.add_line::<V>(step, sample, y, &mut line, of_line, row);
                        }
                    }
                    if self.readers.is_empty() {
                        continue;
                    }
                    let LifLayer { height, width, .. } = *self.layer;
                    fired.list(self.layer.spikes.map(step * samples + sample), channels, height, width);
                    for ((reader, map), of_weights) in self.readers.iter().zip(&mut maps).zip(&mut of_weights) {
                        if of_weights.is_empty() {
                            continue;
                        }
                        for y in 0..map.height {
                            let (width, row) = (map.width, map.row);
                            let to = map.line(y);
                            read_rows::<V>(&reader.gradient, step, sample, y * width, row, &mut line, to);
                            if let Some(averages) = &reader.of_averages {
                                averages.add_line::<V>(step, sample, y, &mut line, to, row);
                            }
                        }
                        convolve::<V>(map, reader.kernel, &mut tiles, of_map);
                        correlate::<V>(map, reader.kernel.side, &fired, of_weights);
                    }
                }
            }
            // SAFETY: the caller vouches for the instruction set.
            unsafe { backward_sample::<V>(self.layer, sample, (&of_spikes, row), state, out, &mut sums) };
        }
        (of_weights, sums)
    }
}

/// Reads some pixels of a sum to pixels of `row` values.
///
/// # Safety
/// The machine supports `V`.
#[inline(always)]
unsafe fn read_rows<V: Vector>(
    sum: &Sum<'_>,
    step: usize,
    sample: usize,
    pixel: usize,
    row: usize,
    line: &mut Vec<f32>,
    to: &mut [f32],
) {
    let channels = sum.extent.channels;
    // SAFETY: the caller vouches for the instruction set.
    unsafe {
        if channels == row {
            return sum.read::<V>(step, sample, pixel, to);
        }
        line.resize(to.len() / row * channels, 0.0);
        sum.read::<V>(step, sample, pixel, line);
    }
    for (from, to) in line.chunks_exact(channels).zip(to.chunks_exact_mut(row)) {
        to[..channels].copy_from_slice(from);
    }
}

/// Bits of a row and of a column of pixels.
const HALF: u32 = 16;

/// The row and the column of a pixel.
#[inline(always)]
fn split(place: u32) -> (usize, usize) {
    ((place >> HALF) as usize, (place & ((1 << HALF) - 1)) as usize)
}

/// Pixels at which each channel fired.
#[derive(Default)]
struct Fired {
    /// `[channels, pixels]`, each as its row and, in the lower half, its column.
    pixels: Vec<u32>,
    /// `[channels]`
    counts: Vec<usize>,
    length: usize,
}

impl Fired {
    #[inline(always)]
    fn list(&mut self, words: &[u64], channels: usize, height: usize, width: usize) {
        let pixels = height * width;
        self.length = pixels;
        self.pixels.resize(product([channels, pixels]), 0);
        self.counts.clear();
        self.counts.resize(channels, 0);
        let words_per_pixel = channels.div_ceil(64);
        for (y, line) in words.chunks_exact((words_per_pixel * width).max(1)).enumerate() {
            for (x, words) in line.chunks_exact(words_per_pixel).enumerate() {
                let place = (y << HALF | x) as u32;
                for (index, &word) in words.iter().enumerate() {
                    let mut word = word;
                    while word != 0 {
                        let channel = index * 64 + word.trailing_zeros() as usize;
                        let count = &mut self.counts[channel];
                        self.pixels[channel * pixels + *count] = place;
                        *count += 1;
                        word &= word - 1;
                    }
                }
            }
        }
    }

    #[inline(always)]
    fn at(&self, channel: usize) -> &[u32] {
        &self.pixels[channel * self.length..][..self.counts[channel]]
    }
}

/// For each spike, adds the gradients of the sums that it took part in to `[inputs, taps, row]`.
///
/// # Safety
/// The machine supports `V`; the spikes are of maps of this size.
#[inline(always)]
unsafe fn correlate<V: Vector>(map: &Bordered, side: usize, fired: &Fired, of_weights: &mut [f32]) {
    // SAFETY: the caller's promises are handed on.
    unsafe {
        match side {
            1 => correlate_taps::<V, 1>(map, fired, of_weights),
            3 => correlate_taps::<V, 3>(map, fired, of_weights),
            side => correlate_singly::<V>(map, side, fired, of_weights),
        }
    }
}

/// # Safety
/// As [`correlate`]; the kernel's side is `SIDE`.
#[inline(always)]
unsafe fn correlate_taps<V: Vector, const SIDE: usize>(map: &Bordered, fired: &Fired, of_weights: &mut [f32]) {
    let Bordered { stride, pad, row, .. } = *map;
    for (channel, sums) in of_weights.chunks_exact_mut(SIDE * SIDE * row).enumerate() {
        let pixels = fired.at(channel);
        for first in (0..row).step_by(V::LANES) {
            // SAFETY: the caller's promises. A spike at (y, x) took part, by the weight (ky, kx), in the sum at
            // (y + pad - ky, x + pad - kx), which lies at (y + 2 pad - ky, x + 2 pad - kx) of the bordered map:
            // within it, since ky and kx are at most 2 pad.
            unsafe {
                let mut found = [[V::splat(0.0); SIDE]; SIDE];
                for &place in pixels {
                    let (y, x) = split(place);
                    let from = map.values.as_ptr().add((y * stride + x) * row + first);
                    for (ky, found) in found.iter_mut().enumerate() {
                        for (kx, found) in found.iter_mut().enumerate() {
                            let offset = ((2 * pad - ky) * stride + 2 * pad - kx) * row;
                            *found = found.add(V::load(from.add(offset)));
                        }
                    }
                }
                for (tap, found) in found.as_flattened().iter().enumerate() {
                    let to = sums.as_mut_ptr().add(tap * row + first);
                    V::load(to).add(*found).store(to);
                }
            }
        }
    }
}
/// [`correlate`] for any side, tap by tap.
///
/// # Safety
/// As [`correlate`].
#[inline(always)]
unsafe fn correlate_singly<V: Vector>(map: &Bordered, side: usize, fired: &Fired, of_weights: &mut [f32]) {
    let Bordered { stride, pad, row, .. } = *map;
    for (channel, sums) in of_weights.chunks_exact_mut(side * side * row).enumerate() {
        let pixels = fired.at(channel);
        for (tap, sums) in sums.chunks_exact_mut(row).enumerate() {
            let offset = (2 * pad - tap / side) * stride + 2 * pad - tap % side;
            for first in (0..row).step_by(V::LANES) {
                // SAFETY: the caller's promises; what is read lies where `correlate_taps` says.
                unsafe {
                    let mut found = V::splat(0.0);
                    for &place in pixels {
                        let (y, x) = split(place);
                        let at = y * stride + x + offset;
                        found = found.add(V::load(map.values.as_ptr().add(at * row + first)));
                    }
                    let to = sums.as_mut_ptr().add(first);
                    V::load(to).add(found).store(to);
                }
            }
        }
    }
}

#[cfg(test)]
mod tests;
