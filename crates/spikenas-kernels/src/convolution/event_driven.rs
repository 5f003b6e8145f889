use std::cell::RefCell;

use rayon::prelude::*;

use super::events::Events;
use super::kernel::PackedKernel;
use super::maps::ConvolutionMaps;
use crate::aligned::AlignedValues;
use crate::isa::{BlockOperation, Operation, Vector, in_blocks, stream};
use crate::sizes::product;
use crate::{Moments, Spikes, by_sample};

/// Convolves spikes: for each output pixel, the rows of weights of the spikes under the kernel are added.
///
/// Writes `out`, `[steps, samples, pixels, outputs]`, and returns the moments of the sums of each timestep. Where sums are
/// averaged, `unpooled` takes them all. A map has fewer than 2^32 neurons, and a line of pixels fewer than 2^32 weights of
/// [`PackedKernel`]'s block and chunk.
///
/// A neuron tends to fire at every timestep, at every other one, or at single ones. Where it saves enough, what fires at
/// all timesteps is added once, what fires at all even or all odd ones once for these, and the rest step by step.
pub fn convolve_spikes(
    spikes: &Spikes,
    maps: ConvolutionMaps,
    kernel: &PackedKernel,
    out: &mut [f32],
    unpooled: Option<&mut [f32]>,
) -> Vec<Moments> {
    maps.check();
    assert_eq!(spikes.pixels(), maps.pixels(), "spikes do not have the height and width given");
    assert_eq!(spikes.channels(), kernel.inputs, "spikes have other channels than the kernel");
    Events::check(&maps, kernel);
    let samples = maps.samples;
    assert!(spikes.maps().is_multiple_of(samples), "spikes do not have as many samples");
    let length_of_all = product([spikes.maps(), maps.pixels(), kernel.outputs]);
    let length = maps.pixels_out() * kernel.outputs;
    assert_eq!(out.len(), spikes.maps() * length, "the output does not have its shape");
    let all = unpooled.unwrap_or_default();
    assert!(all.is_empty() || all.len() == length_of_all, "all sums need more room");
    let Some(steps) = spikes.maps().checked_div(samples) else { return Vec::new() };
    if length_of_all == 0 {
        let mut of_none = Moments::zeros(kernel.outputs);
        of_none.count = (samples * maps.pixels()) as u64;
        return vec![of_none; steps];
    }
    let mut all = by_sample(all, maps.pixels() * kernel.outputs, samples);
    let parts: Vec<Vec<Moments>> = by_sample(out, length, samples)
        .into_par_iter()
        .zip(&mut all)
        .enumerate()
        .map(|(sample, (out, all))| {
            let input = (0..steps).map(|step| spikes.map(step * samples + sample)).collect();
            SCRATCH.with_borrow_mut(|scratch| kernel.isa.run(ConvolveSample { input, maps, kernel, out, all, scratch }))
        })
        .collect();
    (0..steps).map(|step| Moments::total(parts.iter().map(|p| &p[step]), kernel.outputs)).collect()
}

/// Convolution of one sample at all timesteps. `input`: words, `out`: sums, `all`: sums before they are averaged if they
/// are wanted, each by timestep.
struct ConvolveSample<'a, 'b> {
    input: Vec<&'a [u64]>,
    maps: ConvolutionMaps,
    kernel: &'a PackedKernel,
    out: Vec<&'a mut [f32]>,
    all: &'a mut [&'b mut [f32]],
    scratch: &'a mut Scratch,
}

impl Operation for ConvolveSample<'_, '_> {
    type Output = Vec<Moments>;

    #[inline(always)]
    unsafe fn run<V: Vector>(self) -> Vec<Moments> {
        // SAFETY: the caller vouches for the instruction set.
        unsafe { in_blocks::<V, _>(self.kernel.block, self) }
    }
}

thread_local! {
    /// What a thread needs for one sample, kept for the next.
    static SCRATCH: RefCell<Scratch> = RefCell::default();
}

#[derive(Default)]
struct Scratch {
    /// Spikes of every timestep, those at all timesteps, and those at all even and odd ones.
    events: Vec<Events>,
    /// One block of outputs at all pixels, at the three levels: all timesteps, even or odd ones, a single one.
    sums: [AlignedValues; 3],
}

/// Most rows of weights of one output block that a small kernel has.
const SMALL: usize = 384;

/// What fires at all timesteps, at all even and at all odd ones besides, and at single ones besides.
struct Shared {
    all: Vec<u64>,
    parities: [Vec<u64>; 2],
    rest: Vec<Vec<u64>>,
}

impl Shared {
    /// Fewest timesteps at which anything can be saved.
    const FEWEST_STEPS: usize = 4;

    /// At least one neuron in this many must save an addition, or the longer lists cost more than they save.
    const NEURONS_PER_SAVING: usize = 12;

    /// Splits the spikes of a sample; nothing where that saves too little.
    #[inline(always)]
    fn split(steps: &[&[u64]]) -> Option<Self> {
        if steps.len() < Self::FEWEST_STEPS {
            return None;
        }
        let common = |first: usize, stride: usize| -> Vec<u64> {
            let mut words = steps[first].to_vec();
            for step in steps.iter().skip(first).step_by(stride) {
                words.iter_mut().zip(*step).for_each(|(word, other)| *word &= other);
            }
            words
        };
        let without = |words: &[u64], other: &[u64]| words.iter().zip(other).map(|(a, b)| a & !b).collect::<Vec<u64>>();
        let count = |words: &[u64]| words.iter().map(|w| w.count_ones() as usize).sum::<usize>();
        let all = common(0, 1);
        let parities = [0, 1].map(|first| without(&common(first, 2), &all));
        let saved = |words: &[u64], times: usize| count(words) * (times - 1);
        let total = saved(&all, steps.len())
            + saved(&parities[0], steps.len().div_ceil(2))
            + saved(&parities[1], steps.len() / 2);
        if total * Self::NEURONS_PER_SAVING < all.len() * 64 {
            return None;
        }
        let rest =
            steps.iter().enumerate().map(|(t, words)| without(&without(words, &all), &parities[t % 2])).collect();
        Some(Self { all, parities, rest })
    }
}

impl BlockOperation for ConvolveSample<'_, '_> {
    type Output = Vec<Moments>;

    #[inline(always)]
    unsafe fn run_blocks<V: Vector, const N: usize>(self) -> Vec<Moments> {
        let Self { input, maps, kernel, mut out, all, scratch } = self;
        let steps = input.len();
        let shared = Shared::split(&input);
        let lists: Vec<&[u64]> = match &shared {
            Some(s) => [&s.all, &s.parities[0], &s.parities[1]].into_iter().chain(&s.rest).map(Vec::as_slice).collect(),
            None => input,
        };
        if scratch.events.len() < lists.len() {
            scratch.events.resize_with(lists.len(), Events::default);
        }
        for (events, words) in scratch.events.iter_mut().zip(&lists) {
            events.list(words, maps.height, maps.width, kernel);
        }
        let length = product([maps.height, maps.width, kernel.block]);
        for sums in scratch.sums.iter_mut().filter(|s| s.len() < length) {
            *sums = AlignedValues::zeros(length);
        }
        let [of_all, of_parity, of_step] = scratch.sums.each_mut().map(|s| &mut s[..length]);
        let mut moments = vec![Moments::zeros(kernel.outputs); steps];
        moments.iter_mut().for_each(|m| m.count = maps.pixels() as u64);
        let events = &scratch.events;
        for block in 0..kernel.blocks() {
            // SAFETY: the caller's promises; the events were listed for this kernel and these maps.
            unsafe {
                if shared.is_some() {
                    add_block::<V, N>(&events[0], block, maps, kernel, None, of_all);
                }
                for parity in 0..2 {
                    if shared.is_some() {
                        add_block::<V, N>(&events[1 + parity], block, maps, kernel, Some(of_all), of_parity);
                    }
                    for step in (parity..steps).step_by(2) {
                        let (own, common) = match shared {
                            Some(_) => (&events[3 + step], Some(&*of_parity)),
                            None => (&events[step], None),
                        };
                        add_block::<V, N>(own, block, maps, kernel, common, of_step);
                        write_block::<V>(of_step, block, maps, kernel, &mut moments[step], out[step]);
                        if let Some(all) = all.get_mut(step) {
                            write_sums::<V>(of_step, block, ConvolutionMaps { pool: 1, ..maps }, kernel, all);
                        }
                    }
                }
            }
        }
        moments
    }
}

/// [`add_events`] for a block of `N` vectors, of which half are enough for the last outputs, where these are so few.
///
/// # Safety
/// As [`add_events`].
#[inline(always)]
unsafe fn add_block<V: Vector, const N: usize>(
    events: &Events,
    block: usize,
    maps: ConvolutionMaps,
    kernel: &PackedKernel,
    common: Option<&[f32]>,
    sums: &mut [f32],
) {
    let is_half = kernel.outputs - block * kernel.block <= kernel.block / 2;
    // SAFETY: the caller's promises are handed on.
    unsafe {
        match N {
            2 if is_half => add_events::<V, 1>(events, block, maps, kernel, common, sums),
            4 if is_half => add_events::<V, 2>(events, block, maps, kernel, common, sums),
            8 if is_half => add_events::<V, 4>(events, block, maps, kernel, common, sums),
            _ => add_events::<V, N>(events, block, maps, kernel, common, sums),
        }
    }
}

/// Adds the weights of one block, or of the first `N` vectors of it, for every event of a map to `common`, or to zeros. `sums`:
/// `[pixels, block]`.
///
/// # Safety
/// The machine supports `V`, the kernel is packed in blocks of `N` vectors or more, and `events` were listed for it and these maps.
#[inline(always)]
unsafe fn add_events<V: Vector, const N: usize>(
    events: &Events,
    block: usize,
    maps: ConvolutionMaps,
    kernel: &PackedKernel,
    common: Option<&[f32]>,
    sums: &mut [f32],
) {
    let ConvolutionMaps { height, width, .. } = maps;
    let (side, pad, row_length) = (kernel.side, kernel.side / 2, kernel.block);
    // The weights of all rows of a small kernel stay in the nearest cache: sums need not leave their registers.
    let is_small = kernel.chunks() == 1 && side * side * kernel.chunk <= SMALL;
    match common {
        Some(common) if !is_small => sums.copy_from_slice(common),
        None if !is_small => sums.fill(0.0),
        _ => {}
    }
    let rows_below = |y: usize| pad.saturating_sub(y)..side.min(height + pad - y);
    // The spike of `channel` at `column` takes the row of weights `(column - x + pad) * chunk + channel` of its own row.
    let weights = |ky: usize, chunk: usize, x: usize| {
        let shift = (x * kernel.chunk * row_length) as isize - (pad * kernel.chunk * row_length) as isize;
        kernel.values[kernel.first(block, ky, chunk)..].as_ptr().wrapping_offset(-shift)
    };
    let under =
        |starts: &[u32], x: usize| (starts[x.saturating_sub(pad)] as usize, starts[(x + pad + 1).min(width)] as usize);
    // Offsets within a row's starts are written, and every one of them lies under the kernel, so that its weights lie within
    // the kernel's values: no bit past the last channel is set, and no offset or start has wrapped.
    if is_small {
        let mut lines = Vec::with_capacity(side);
        for (y, row) in sums.chunks_exact_mut(width * row_length).enumerate() {
            lines.clear();
            lines.extend(rows_below(y).map(|ky| (events.row(0, y + ky - pad, height, width), weights(ky, 0, 0))));
            for (x, sums) in row.chunks_exact_mut(row_length).enumerate() {
                let shift = (x * kernel.chunk * row_length) as isize;
                let (from, to) = (x.saturating_sub(pad), (x + pad + 1).min(width));
                // SAFETY: the caller's promises, and the comment on offsets above.
                unsafe {
                    let mut sum = [V::splat(0.0); N];
                    if let Some(common) = common {
                        let common = common[(y * width + x) * row_length..][..row_length].as_ptr();
                        for (n, sum) in sum.iter_mut().enumerate() {
                            *sum = V::load(common.add(n * V::LANES));
                        }
                    }
                    for &(starts, weights) in &lines {
                        let (first, end) = (starts[from] as usize, starts[to] as usize);
                        add_to::<V, N>(&mut sum, weights.wrapping_offset(-shift), events.offsets(), first, end);
                    }
                    for (n, sum) in sum.iter().enumerate() {
                        sum.store(sums.as_mut_ptr().add(n * V::LANES));
                    }
                }
            }
        }
        return;
    }
    for ky in 0..side {
        for chunk in 0..kernel.chunks() {
            for y in pad.saturating_sub(ky)..height.min((height + pad).saturating_sub(ky)) {
                let starts = events.row(chunk, y + ky - pad, height, width);
                let row = &mut sums[y * width * row_length..][..width * row_length];
                for (x, sums) in row.chunks_exact_mut(row_length).enumerate() {
                    let (first, end) = under(starts, x);
                    // SAFETY: the caller's promises, and the comment on offsets above.
                    unsafe { add_rows::<V, N>(sums, weights(ky, chunk, x), events.offsets(), first, end) };
                }
            }
        }
    }
}

/// Adds rows of weights to one block of sums.
///
/// # Safety
/// The machine supports `V`, `sums` holds `N` vectors, and each offset from `first` to `end` is that of a row of weights.
#[inline(always)]
pub(crate) unsafe fn add_rows<V: Vector, const N: usize>(
    sums: &mut [f32],
    weights: *const f32,
    offsets: *const u32,
    first: usize,
    end: usize,
) {
    if first == end {
        return;
    }
    // SAFETY: the caller's promises.
    unsafe {
        let mut sum = [V::splat(0.0); N];
        for (n, sum) in sum.iter_mut().enumerate() {
            *sum = V::load(sums.as_ptr().add(n * V::LANES));
        }
        add_to::<V, N>(&mut sum, weights, offsets, first, end);
        for (n, sum) in sum.iter().enumerate() {
            sum.store(sums.as_mut_ptr().add(n * V::LANES));
        }
    }
}

/// Adds rows of weights to sums in registers.
///
/// # Safety
/// The machine supports `V`, and each offset from `first` to `end` is that of a row of weights.
#[inline(always)]
unsafe fn add_to<V: Vector, const N: usize>(
    sum: &mut [V; N],
    weights: *const f32,
    offsets: *const u32,
    first: usize,
    end: usize,
) {
    for index in first..end {
        // SAFETY: the caller's promises.
        unsafe {
            let row = weights.wrapping_add(*offsets.add(index) as usize);
            for (n, sum) in sum.iter_mut().enumerate() {
                *sum = sum.add(V::load(row.wrapping_add(n * V::LANES)));
            }
        }
    }
}

/// Takes the moments of one block of outputs, `[pixels, block]`, and writes it to its channels of `[pixels out, outputs]`.
///
/// # Safety
/// The machine supports `V`.
#[inline(always)]
pub(super) unsafe fn write_block<V: Vector>(
    sums: &[f32],
    block: usize,
    maps: ConvolutionMaps,
    kernel: &PackedKernel,
    moments: &mut Moments,
    out: &mut [f32],
) {
    let first = block * kernel.block;
    let used = kernel.block.min(kernel.outputs - first);
    moments.add_pixels(sums, kernel.block, used, first, 0);
    // SAFETY: the caller's promise.
    unsafe { write_sums::<V>(sums, block, maps, kernel, out) };
}

/// Writes one block of outputs to its channels of `[pixels out, outputs]`.
///
/// # Safety
/// The machine supports `V`.
#[inline(always)]
unsafe fn write_sums<V: Vector>(
    sums: &[f32],
    block: usize,
    maps: ConvolutionMaps,
    kernel: &PackedKernel,
    out: &mut [f32],
) {
    let first = block * kernel.block;
    let used = kernel.block.min(kernel.outputs - first);
    if maps.pool == 1 && used == kernel.block {
        for (from, to) in sums.chunks_exact(kernel.block).zip(out.chunks_exact_mut(kernel.outputs)) {
            // SAFETY: the caller vouches for the instruction set.
            unsafe { stream::<V>(from, &mut to[first..first + used]) };
        }
        return;
    }
    let rows = sums.chunks_exact(maps.width * maps.pool * kernel.block);
    let rows_out = out.chunks_exact_mut(maps.width / maps.pool * kernel.outputs);
    for (rows, out) in rows.zip(rows_out) {
        for (x, out) in out.chunks_exact_mut(kernel.outputs).enumerate() {
            let out = &mut out[first..first + used];
            let pixel = |y: usize, dx: usize| &rows[(y * maps.width + x * maps.pool + dx) * kernel.block..][..used];
            copy_block(pixel(0, 0), out);
            if maps.pool > 1 {
                for (y, dx) in (0..maps.pool).flat_map(|y| (0..maps.pool).map(move |dx| (y, dx))).skip(1) {
                    out.iter_mut().zip(pixel(y, dx)).for_each(|(o, v)| *o += v);
                }
                out.iter_mut().for_each(|o| *o /= (maps.pool * maps.pool) as f32);
            }
        }
    }
}

/// Copies values, by whole cache lines where there are any.
#[inline(always)]
fn copy_block(from: &[f32], to: &mut [f32]) {
    let (lines, rest) = from.as_chunks::<16>();
    let (lines_to, rest_to) = to.as_chunks_mut::<16>();
    lines_to.iter_mut().zip(lines).for_each(|(to, from)| *to = *from);
    rest_to.iter_mut().zip(rest).for_each(|(to, from)| *to = *from);
}
