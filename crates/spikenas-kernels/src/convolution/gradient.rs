use rayon::prelude::*;

use super::winograd::{Bordered, GradientKernel, Tiles, convolve};
use crate::aligned::AlignedValues;
use crate::gradient_sums::{AT_A_TIME, TermSums, add_terms, no_sums, total};
use crate::isa::{Isa, Operation, Vector};
use crate::lif::LifParameters;
use crate::{Extent, GradientSums, Spikes, Sum, by_sample};

/// Samples whose weight gradients are summed by one thread: fixed, so that sums do not depend on the number of threads.
const GROUP: usize = 4;

/// A LIF layer on the way back.
pub struct LifLayer<'a> {
    /// What it reads.
    pub input: Sum<'a>,
    /// Its dynamics.
    pub parameters: LifParameters,
    /// What it fired.
    pub spikes: &'a Spikes,
    /// Rows of pixels.
    pub height: usize,
    /// Columns of pixels.
    pub width: usize,
}

/// A convolution that reads spikes, on the way back.
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
    fn check(&self, extent: Extent) {
        self.gradient.check();
        let pixels = self.gradient.extent.pixels * self.side * self.side;
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

/// What a LIF layer and the convolutions that read it get on the way back.
pub struct SpikeGradients {
    /// Of each reader's weights, `[outputs, inputs, side, side]`.
    pub of_weights: Vec<Vec<f32>>,
    /// Sums of the gradient of the layer's input with each of its terms, as [`gradient_sums`](crate::gradient_sums) gives.
    pub sums: Vec<Vec<GradientSums>>,
}

/// Takes gradients back through a LIF layer, from membranes at 0, and the convolutions that read it.
///
/// `of_averages`: the gradient that the spikes have from others than the convolutions. Writes the gradient of the layer's
/// input, `[distinct steps, samples, pixels, channels]`, summed over timesteps where the input is the same at all.
///
/// Backwards, a spike counts as ATan of h, `d spike / d h = (alpha / 2) / (1 + (pi / 2 * alpha * (h - threshold))^2)`
/// with alpha 2 (Fang et al. 2021), and the reset as a constant.
pub fn spike_gradients(
    isa: Isa,
    layer: &LifLayer<'_>,
    readers: &[SpikeReader<'_>],
    of_averages: Option<OfAverages<'_>>,
    of_input: &mut [f32],
) -> SpikeGradients {
    let extent = layer.input.extent;
    let Extent { steps, samples, pixels, channels } = extent;
    layer.input.check();
    of_averages.iter().for_each(|averages| averages.check(extent));
    assert_eq!(pixels, layer.height * layer.width, "the layer does not have the height and width given");
    let shape = (layer.spikes.maps(), layer.spikes.pixels(), layer.spikes.channels());
    assert_eq!(shape, (steps * samples, pixels, channels), "spikes do not have the layer's extent");
    for reader in readers {
        reader.gradient.check();
        let of_sums = Extent { channels: reader.kernel.outputs, ..extent };
        assert_eq!((reader.gradient.extent, reader.kernel.inputs), (of_sums, channels), "a reader has another extent");
        reader.of_averages.iter().for_each(|averages| averages.check(of_sums));
    }
    assert_eq!(of_input.len(), layer.input.distinct_steps() * extent.step(), "the gradient does not have its shape");
    let mut out = by_sample(of_input, extent.map(), samples.max(1));
    let partial: Vec<(Vec<AlignedValues>, TermSums)> = out
        .par_chunks_mut(GROUP)
        .enumerate()
        .map(|(group, out)| isa.run(BackGroup { layer, readers, of_averages, first: group * GROUP, out }))
        .collect();
    let of_weights = |(index, reader): (usize, &SpikeReader<'_>)| {
        let kernel = reader.kernel;
        let (of_output, row) = (kernel.inputs * kernel.side * kernel.side, padded(kernel.outputs));
        let sum = |i: usize| {
            partial.iter().map(|(of_weights, _)| of_weights[index][i % of_output * row + i / of_output]).sum()
        };
        (0..kernel.outputs * of_output).map(sum).collect()
    };
    SpikeGradients {
        of_weights: readers.iter().enumerate().map(of_weights).collect(),
        sums: total(partial.iter().map(|(_, sums)| sums)),
    }
}

/// Values of a pixel, padded to whole vectors of every instruction set.
fn padded(channels: usize) -> usize {
    channels.next_multiple_of(16)
}

/// Some samples. `out`: by sample and distinct timestep.
struct BackGroup<'a, 'b> {
    layer: &'a LifLayer<'a>,
    readers: &'a [SpikeReader<'a>],
    of_averages: Option<OfAverages<'a>>,
    first: usize,
    out: &'a mut [Vec<&'b mut [f32]>],
}

impl Operation for BackGroup<'_, '_> {
    type Output = (Vec<AlignedValues>, TermSums);

    #[inline(always)]
    unsafe fn run<V: Vector>(self) -> Self::Output {
        let Extent { steps, samples, pixels, channels } = self.layer.input.extent;
        let kernels = || self.readers.iter().map(|reader| reader.kernel);
        let zeros = |k: &GradientKernel| AlignedValues::zeros(channels * k.side * k.side * padded(k.outputs));
        let mut of_weights: Vec<AlignedValues> = kernels().map(zeros).collect();
        let bordered = |k: &GradientKernel| Bordered::new(self.layer.height, self.layer.width, k.outputs, k.side);
        let mut maps: Vec<Bordered> = kernels().map(bordered).collect();
        // The readers write the same rows, since they read the same channels.
        let row = kernels().next().map_or(channels, GradientKernel::row);
        let mut of_spikes = AlignedValues::zeros(steps * pixels * row);
        let (mut places, mut tiles, mut line) = (Places::default(), Tiles::default(), Vec::new());
        let mut sums = no_sums(self.layer.input.terms.len(), self.layer.input.distinct_steps(), channels);
        for (index, out) in self.out.iter_mut().enumerate() {
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
                    places.list(self.layer.spikes.map(step * samples + sample), channels, pixels);
                    for ((reader, map), of_weights) in self.readers.iter().zip(&mut maps).zip(&mut of_weights) {
                        for y in 0..map.height {
                            let (width, row) = (map.width, map.row);
                            let to = map.line(y);
                            read_rows::<V>(&reader.gradient, step, sample, y * width, row, &mut line, to);
                            if let Some(averages) = &reader.of_averages {
                                averages.add_line::<V>(step, sample, y, &mut line, to, row);
                            }
                        }
                        convolve::<V>(map, reader.kernel, &mut tiles, of_map);
                        correlate::<V>(map, reader.kernel.side, &places, of_weights);
                    }
                }
            }
            // SAFETY: the caller vouches for the instruction set.
            unsafe { back_sample::<V>(self.layer, sample, &of_spikes, row, out, &mut sums) };
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

/// Pixels at which each channel fired.
#[derive(Default)]
struct Places {
    /// `[channels, pixels]`
    pixels: Vec<u32>,
    /// `[channels]`
    counts: Vec<usize>,
    length: usize,
}

impl Places {
    #[inline(always)]
    fn list(&mut self, words: &[u64], channels: usize, pixels: usize) {
        self.length = pixels;
        self.pixels.resize(channels * pixels, 0);
        self.counts.clear();
        self.counts.resize(channels, 0);
        let words_per_pixel = channels.div_ceil(64);
        for (pixel, words) in words.chunks_exact(words_per_pixel).enumerate() {
            for (index, &word) in words.iter().enumerate() {
                let mut word = word;
                while word != 0 {
                    let channel = index * 64 + word.trailing_zeros() as usize;
                    let count = &mut self.counts[channel];
                    self.pixels[channel * pixels + *count] = pixel as u32;
                    *count += 1;
                    word &= word - 1;
                }
            }
        }
    }

    #[inline(always)]
    fn of(&self, channel: usize) -> &[u32] {
        &self.pixels[channel * self.length..][..self.counts[channel]]
    }
}

/// For each spike, adds the gradients of the sums that it took part in to `[inputs, taps, row]`.
///
/// # Safety
/// The machine supports `V`; the spikes are of maps of this size.
#[inline(always)]
unsafe fn correlate<V: Vector>(map: &Bordered, side: usize, places: &Places, of_weights: &mut [f32]) {
    // SAFETY: the caller's promises are handed on.
    unsafe {
        match side {
            1 => correlate_taps::<V, 1>(map, places, of_weights),
            3 => correlate_taps::<V, 3>(map, places, of_weights),
            side => unreachable!("a kernel of side {side}"),
        }
    }
}

/// # Safety
/// As [`correlate`]; the kernel's side is `SIDE`.
#[inline(always)]
unsafe fn correlate_taps<V: Vector, const SIDE: usize>(map: &Bordered, places: &Places, of_weights: &mut [f32]) {
    let Bordered { width, stride, pad, row, .. } = *map;
    for (channel, sums) in of_weights.chunks_exact_mut(SIDE * SIDE * row).enumerate() {
        let pixels = places.of(channel);
        for first in (0..row).step_by(V::LANES) {
            // SAFETY: the caller's promises. A spike at (y, x) took part, by the weight (ky, kx), in the sum at
            // (y + pad - ky, x + pad - kx), which lies at (y + 2 pad - ky, x + 2 pad - kx) of the bordered map:
            // within it, since ky and kx are at most 2 pad.
            unsafe {
                let mut found = [[V::splat(0.0); SIDE]; SIDE];
                for &pixel in pixels {
                    let pixel = pixel as usize;
                    let from = map.values.as_ptr().add((pixel + pixel / width * (stride - width)) * row + first);
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
/// Back through the timesteps of one sample: `dh = dspike * surrogate(h) + dv * (1 - spike); dx = dh / tau;
/// dv = dh * (1 - 1 / tau)`, from the last one. `of_spikes`: `[steps, pixels, row]`; `out`: by distinct timestep.
///
/// # Safety
/// The machine supports `V`.
#[inline(always)]
unsafe fn back_sample<V: Vector>(
    layer: &LifLayer<'_>,
    sample: usize,
    of_spikes: &[f32],
    row: usize,
    out: &mut [&mut [f32]],
    sums: &mut TermSums,
) {
    let Extent { steps, pixels, channels, .. } = layer.input.extent;
    let at_a_time = (AT_A_TIME / channels).clamp(1, pixels);
    let mut charges = vec![0.0; steps * at_a_time * channels];
    let zeros = || vec![0.0; at_a_time * channels];
    let (mut x, mut carried, mut packed) = (zeros(), zeros(), zeros());
    for pixel in (0..pixels).step_by(at_a_time) {
        let length = at_a_time.min(pixels - pixel) * channels;
        let (x, carried) = (&mut x[..length], &mut carried[..length]);
        carried.fill(0.0);
        for step in 0..steps {
            // SAFETY: the caller vouches for the instruction set.
            unsafe {
                if step == 0 || out.len() > 1 {
                    layer.input.read::<V>(step, sample, pixel, x);
                }
                charge::<V>(x, carried, &mut charges[step * length..][..length], layer.parameters);
            }
        }
        carried.fill(0.0);
        let constant = out.len() == 1;
        for step in (0..steps).rev() {
            let rows = &of_spikes[(step * pixels + pixel) * row..][..length / channels * row];
            let gradient = if row == channels { rows } else { pack(rows, row, channels, &mut packed[..length]) };
            let out = &mut out[if constant { 0 } else { step }][pixel * channels..][..length];
            let add = constant && step + 1 < steps;
            // SAFETY: the caller vouches for the instruction set.
            unsafe { back::<V>(&charges[step * length..][..length], gradient, carried, out, add, layer.parameters) };
        }
        for (step, out) in out.iter().enumerate() {
            // SAFETY: the caller vouches for the instruction set.
            unsafe { add_terms::<V>(sums, &layer.input, &out[pixel * channels..][..length], step, sample, pixel) };
        }
    }
}

/// Copies pixels of `row` values to pixels of `channels`.
#[inline(always)]
fn pack<'a>(from: &[f32], row: usize, channels: usize, to: &'a mut [f32]) -> &'a [f32] {
    for (from, to) in from.chunks_exact(row).zip(to.chunks_exact_mut(channels)) {
        to.copy_from_slice(&from[..channels]);
    }
    to
}

/// Membranes before firing; `v` becomes those after it.
///
/// # Safety
/// The machine supports `V`.
#[inline(always)]
unsafe fn charge<V: Vector>(x: &[f32], v: &mut [f32], charges: &mut [f32], p: LifParameters) {
    let whole = x.len() - x.len() % V::LANES;
    for at in (0..whole).step_by(V::LANES) {
        // SAFETY: the caller vouches for the instruction set; `at + LANES` is within every slice.
        unsafe {
            let old = V::load(v.as_ptr().add(at));
            let h = old.add(V::load(x.as_ptr().add(at)).sub(old).div(V::splat(p.tau)));
            h.store(charges.as_mut_ptr().add(at));
            h.zero_where(h.at_least(V::splat(p.threshold))).store(v.as_mut_ptr().add(at));
        }
    }
    for at in whole..x.len() {
        let h = v[at] + (x[at] - v[at]) / p.tau;
        charges[at] = h;
        v[at] = if h >= p.threshold { 0.0 } else { h };
    }
}

/// One timestep back; `carried` is the gradient of the membranes after it, and becomes that of those before.
///
/// # Safety
/// The machine supports `V`.
#[inline(always)]
unsafe fn back<V: Vector>(
    charges: &[f32],
    gradient: &[f32],
    carried: &mut [f32],
    out: &mut [f32],
    add: bool,
    p: LifParameters,
) {
    let (leak, gain) = (1.0 - 1.0 / p.tau, 1.0 / p.tau);
    let whole = charges.len() - charges.len() % V::LANES;
    for at in (0..whole).step_by(V::LANES) {
        // SAFETY: the caller vouches for the instruction set; `at + LANES` is within every slice.
        unsafe {
            let (h, one) = (V::load(charges.as_ptr().add(at)), V::splat(1.0));
            let slope = h.sub(V::splat(p.threshold)).mul(V::splat(std::f32::consts::PI));
            let surrogate = one.div(slope.mul(slope).add(one));
            let kept = V::load(carried.as_ptr().add(at)).zero_where(h.at_least(V::splat(p.threshold)));
            let of_charge = V::load(gradient.as_ptr().add(at)).mul(surrogate).add(kept);
            let mut of_input = of_charge.mul(V::splat(gain));
            if add {
                of_input = of_input.add(V::load(out.as_ptr().add(at)));
            }
            of_input.store(out.as_mut_ptr().add(at));
            of_charge.mul(V::splat(leak)).store(carried.as_mut_ptr().add(at));
        }
    }
    for at in whole..charges.len() {
        let slope = (charges[at] - p.threshold) * std::f32::consts::PI;
        let kept = if charges[at] >= p.threshold { 0.0 } else { carried[at] };
        let of_charge = gradient[at] * (1.0 / (slope * slope + 1.0)) + kept;
        out[at] = if add { out[at] } else { 0.0 } + of_charge * gain;
        carried[at] = of_charge * leak;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Affine, Term, lif_scan};
    use proptest::prelude::*;

    const LIF: LifParameters = LifParameters { tau: 4.0 / 3.0, threshold: 1.0 };

    fn wave(count: usize, k: f32, seed: u32) -> Vec<f32> {
        (0..count).map(|i| (i as f32 * k + seed as f32).sin()).collect()
    }

    /// `dh`, and so `dx`, of one neuron: inputs and gradients of spikes by timestep, in f64.
    fn naive_neuron(x: &[f64], of_spikes: &[f64]) -> Vec<f64> {
        let (tau, threshold) = (f64::from(LIF.tau), f64::from(LIF.threshold));
        let (mut v, mut charges) = (0.0, Vec::new());
        for x in x {
            let h = v + (x - v) / tau;
            charges.push(h);
            v = if h >= threshold { 0.0 } else { h };
        }
        let (mut carried, mut of_input) = (0.0, vec![0.0; x.len()]);
        for t in (0..x.len()).rev() {
            let surrogate = 1.0 / (1.0 + (std::f64::consts::PI * (charges[t] - threshold)).powi(2));
            let of_charge = of_spikes[t] * surrogate + if charges[t] >= threshold { 0.0 } else { carried };
            of_input[t] = of_charge / tau;
            carried = of_charge * (1.0 - 1.0 / tau);
        }
        of_input
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(48))]
        #[test]
        fn gradients_equal_naive_on_every_instruction_set(
            steps in 1usize..4, samples in 1usize..6, half_height in 1usize..5, half_width in 1usize..5, channels in 1usize..40,
            outputs in prop::collection::vec(1usize..40, 0..3), three: bool, constant: bool, averaged: bool, seed in 0u32..1000,
        ) {
            let (height, width, side) = (2 * half_height, 2 * half_width, if three { 3 } else { 1 });
            let (pixels, pad) = (height * width, side / 2);
            let extent = Extent { steps, samples, pixels, channels };
            let distinct = if constant { 1 } else { steps };
            let values = wave(distinct * extent.step(), 0.37, seed);
            let affine = [Affine { scale: vec![1.5; channels], shift: vec![0.25; channels] }];
            let terms = [Term { values: &values, affine: Some(&affine) }];
            let input = Sum { terms: &terms, affine: None, extent };
            let averages = wave(extent.len() / 4, 0.91, seed);
            let of_averages = [Term { values: &averages, affine: None }];
            let small = Extent { pixels: pixels / 4, ..extent };
            let of_averages = OfAverages { gradient: Sum { terms: &of_averages, affine: None, extent: small }, side: 2 };
            let weights: Vec<Vec<f32>> = outputs.iter().map(|o| wave(o * channels * side * side, 0.77, seed)).collect();
            let gradients: Vec<Vec<f32>> = outputs.iter().map(|o| wave(extent.len() / channels * o, 0.53, seed)).collect();
            let mut spikes = Spikes::zeros(steps * samples, pixels, channels);
            lif_scan(Isa::best(), &input, LIF, None, &mut spikes);

            // The gradients of the spikes and of the weights, by the definition of a convolution.
            let mut of_spikes = vec![0.0f64; extent.len()];
            if averaged {
                for (i, of_spike) in of_spikes.iter_mut().enumerate() {
                    let (map, pixel, c) = (i / extent.map(), i / channels % pixels, i % channels);
                    let tile = pixel / width / 2 * (width / 2) + pixel % width / 2;
                    *of_spike = f64::from(averages[(map * pixels / 4 + tile) * channels + c]) / 4.0;
                }
            }
            let mut of_weights: Vec<Vec<f64>> = weights.iter().map(|w| vec![0.0; w.len()]).collect();
            for reader in 0..outputs.len() {
                for map in 0..steps * samples {
                    for (p, q) in (0..pixels).flat_map(|p| (0..pixels).map(move |q| (p, q))) {
                        let (ky, kx) = ((p / width + pad).wrapping_sub(q / width), (p % width + pad).wrapping_sub(q % width));
                        if ky >= side || kx >= side {
                            continue;
                        }
                        for (o, c) in (0..outputs[reader]).flat_map(|o| (0..channels).map(move |c| (o, c))) {
                            let place = ((o * channels + c) * side + ky) * side + kx;
                            let gradient = f64::from(gradients[reader][(map * pixels + q) * outputs[reader] + o]);
                            of_spikes[(map * pixels + p) * channels + c] += gradient * f64::from(weights[reader][place]);
                            if spikes.get(map, p, c) {
                                of_weights[reader][place] += gradient;
                            }
                        }
                    }
                }
            }
            let mut expected = vec![0.0f64; values.len()];
            for neuron in 0..extent.step() {
                let x = |t: usize| f64::from(values[if constant { 0 } else { t * extent.step() } + neuron] * 1.5 + 0.25);
                let x: Vec<f64> = (0..steps).map(x).collect();
                let of_spikes: Vec<f64> = (0..steps).map(|t| of_spikes[t * extent.step() + neuron]).collect();
                for (t, value) in naive_neuron(&x, &of_spikes).into_iter().enumerate() {
                    expected[if constant { 0 } else { t * extent.step() } + neuron] += value;
                }
            }

            let terms: Vec<[Term<'_>; 1]> = gradients.iter().map(|values| [Term { values, affine: None }]).collect();
            let kernels: Vec<GradientKernel> =
                outputs.iter().zip(&weights).map(|(&o, w)| GradientKernel::new(o, channels, side, w)).collect();
            let readers: Vec<SpikeReader<'_>> = terms.iter().zip(&kernels).map(|(terms, kernel)| {
                let extent = Extent { channels: kernel.outputs, ..extent };
                SpikeReader { gradient: Sum { terms, affine: None, extent }, of_averages: None, kernel }
            }).collect();
            let layer = LifLayer { input, parameters: LIF, spikes: &spikes, height, width };
            // Of products below 1 that partly cancel, in f32.
            let tolerance = 1e-5 + 4e-6 * (side * side * outputs.iter().sum::<usize>()) as f64;
            for isa in Isa::supported() {
                let mut out = vec![f32::NAN; values.len()];
                let found = spike_gradients(isa, &layer, &readers, averaged.then_some(of_averages), &mut out);
                for (got, expected) in out.iter().zip(&expected) {
                    prop_assert!((f64::from(*got) - expected).abs() < tolerance * (1.0 + expected.abs()), "{isa:?}: {got} {expected}");
                }
                for (got, expected) in found.of_weights.iter().flatten().zip(of_weights.iter().flatten()) {
                    prop_assert!((f64::from(*got) - expected).abs() < 1e-4 * (1.0 + expected.abs()), "{isa:?}: {got} {expected}");
                }
                for (step, sums) in found.sums[0].iter().enumerate() {
                    for c in 0..channels {
                        let at = || (step * extent.step() + c..(step + 1) * extent.step()).step_by(channels);
                        let gradient: f64 = at().map(|i| f64::from(out[i])).sum();
                        let products: f64 = at().map(|i| f64::from(out[i]) * f64::from(values[i])).sum();
                        prop_assert!((sums.gradient[c] - gradient).abs() < 1e-4 * (1.0 + gradient.abs()));
                        prop_assert!((sums.products[c] - products).abs() < 1e-4 * (1.0 + products.abs()));
                    }
                }
            }
        }
    }
}
