use std::ops::Range;

use rayon::prelude::*;

use crate::Affine;
use crate::isa::{Isa, Operation, Vector};
use crate::sizes::product;

/// Sizes of a feature map over time: `[steps, samples, pixels, channels]`. Its methods panic where a result does
/// not fit a `usize`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Extent {
    /// Timesteps.
    pub steps: usize,
    /// Samples of the batch.
    pub samples: usize,
    /// Pixels of a map.
    pub pixels: usize,
    /// Channels.
    pub channels: usize,
}

impl Extent {
    /// Elements of one sample at one timestep.
    pub fn map(&self) -> usize {
        product([self.pixels, self.channels])
    }

    /// Elements of all samples at one timestep.
    pub fn step(&self) -> usize {
        product([self.samples, self.pixels, self.channels])
    }

    /// All elements.
    pub fn len(&self) -> usize {
        product([self.steps, self.samples, self.pixels, self.channels])
    }

    /// Whether there is no element.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

/// Values with a scale and a shift of each channel to apply on reading.
#[derive(Clone, Copy)]
pub struct Term<'a> {
    /// `[steps, samples, pixels, channels]`, or `[samples, pixels, channels]` where they are the same at every timestep.
    pub values: &'a [f32],
    /// Scale and shift, of all timesteps or of one that holds for all.
    pub affine: Option<&'a [Affine]>,
}

/// A feature map as the sum of terms, normalised where an affine is given; of no term, zeros.
#[derive(Clone, Copy)]
pub struct Sum<'a> {
    /// The terms.
    pub terms: &'a [Term<'a>],
    /// Scale and shift of the whole sum, of all timesteps or of one that holds for all.
    pub affine: Option<&'a [Affine]>,
    /// The sizes of the map.
    pub extent: Extent,
}

impl<'a> Term<'a> {
    #[inline(always)]
    fn affine_at(&self, step: usize) -> Option<&'a Affine> {
        self.affine.map(|a| at_step(a, step))
    }

    /// The values of one sample at one timestep, before scale and shift.
    #[inline(always)]
    pub(crate) fn at(&self, extent: Extent, step: usize, sample: usize) -> &[f32] {
        let step = if self.values.len() == extent.step() { 0 } else { step };
        &self.values[(step * extent.samples + sample) * extent.map()..][..extent.map()]
    }
}

impl Sum<'_> {
    /// Whether the map is the same at every timestep.
    pub fn is_constant(&self) -> bool {
        let holds_for_all = |affine: Option<&[Affine]>| affine.is_none_or(|a| a.len() == 1);
        let is_constant = |t: &Term<'_>| t.values.len() == self.extent.step() && holds_for_all(t.affine);
        self.extent.steps == 1 || (self.terms.iter().all(is_constant) && holds_for_all(self.affine))
    }

    /// Timesteps that differ: 1 where the map is constant.
    pub fn distinct_steps(&self) -> usize {
        if self.is_constant() { 1 } else { self.extent.steps }
    }

    /// Panics where terms or scales have other sizes than the extent, or where its sizes wrap.
    pub(crate) fn check(&self) {
        let Extent { steps, channels, .. } = self.extent;
        let (length_of_all, length_of_step) = (self.extent.len(), self.extent.step());
        for term in self.terms {
            let length = term.values.len();
            assert!(length == length_of_all || length == length_of_step, "a term does not have the sum's extent");
        }
        for affine in self.terms.iter().filter_map(|t| t.affine).chain(self.affine) {
            assert!(affine.len() == steps || affine.len() == 1, "scales are for another number of timesteps");
            let has_channels = |a: &Affine| a.scale.len() == channels && a.shift.len() == channels;
            assert!(affine.iter().all(has_channels), "scales are for other channels");
        }
    }

    /// Writes the pixels from `first_pixel` on of one sample at one timestep, as many as `out` holds.
    ///
    /// # Safety
    /// The machine supports `V`.
    #[inline(always)]
    pub(crate) unsafe fn read<V: Vector>(&self, step: usize, sample: usize, first_pixel: usize, out: &mut [f32]) {
        let Extent { channels, .. } = self.extent;
        if out.is_empty() {
            return;
        }
        if self.terms.is_empty() {
            out.fill(0.0);
        }
        let (to, length) = (out.as_mut_ptr(), out.len());
        for (index, terms) in self.terms.chunks(3).enumerate() {
            let values = |term: &Term<'_>| -> *const f32 {
                term.at(self.extent, step, sample)[first_pixel * channels..][..length].as_ptr()
            };
            let add = index > 0;
            // SAFETY: the caller vouches for the instruction set; the values of each term are as many as `out` holds.
            unsafe {
                match terms {
                    [a] => add_pixels::<V, 1>([values(a)], [a.affine_at(step)], channels, add, to, length),
                    [a, b] => {
                        let affine = [a.affine_at(step), b.affine_at(step)];
                        add_pixels::<V, 2>([values(a), values(b)], affine, channels, add, to, length);
                    }
                    [a, b, c] => {
                        let affine = [a.affine_at(step), b.affine_at(step), c.affine_at(step)];
                        add_pixels::<V, 3>([values(a), values(b), values(c)], affine, channels, add, to, length);
                    }
                    _ => unreachable!("one to three terms at a time"),
                }
            }
        }
        if let Some(affine) = self.affine {
            // SAFETY: the caller vouches for the instruction set.
            unsafe { at_step(affine, step).scale::<V>(out) };
        }
    }
}

/// Writes the values of a sum, `[distinct steps, samples, pixels, channels]`.
pub fn write_sum(isa: Isa, sum: &Sum<'_>, out: &mut [f32]) {
    sum.check();
    assert_eq!(out.len(), product([sum.distinct_steps(), sum.extent.step()]), "the output does not have its shape");
    out.par_chunks_mut(sum.extent.map().max(1)).enumerate().for_each(|(map, out)| {
        let step = map / sum.extent.samples;
        isa.run(AddSteps { sum, steps: step..step + 1, sample: map % sum.extent.samples, out });
    });
}

/// Writes a sum added up over all its timesteps, `[samples, pixels, channels]`.
pub fn total_over_steps(isa: Isa, sum: &Sum<'_>, out: &mut [f32]) {
    sum.check();
    assert_eq!(out.len(), sum.extent.step(), "the output does not have its shape");
    out.par_chunks_mut(sum.extent.map().max(1)).enumerate().for_each(|(sample, out)| {
        isa.run(AddSteps { sum, steps: 0..sum.extent.steps, sample, out });
    });
}

/// Some timesteps of one sample, added up.
struct AddSteps<'a> {
    sum: &'a Sum<'a>,
    steps: Range<usize>,
    sample: usize,
    out: &'a mut [f32],
}

impl Operation for AddSteps<'_> {
    type Output = ();

    #[inline(always)]
    unsafe fn run<V: Vector>(mut self) {
        // SAFETY: the caller vouches for the instruction set.
        let read = |step, out: &mut [f32]| unsafe { self.sum.read::<V>(step, self.sample, 0, out) };
        let Some(first) = self.steps.next() else { return self.out.fill(0.0) };
        read(first, self.out);
        let mut map = if self.steps.is_empty() { Vec::new() } else { vec![0.0; self.out.len()] };
        for step in self.steps {
            read(step, &mut map);
            self.out.iter_mut().zip(&map).for_each(|(out, value)| *out += value);
        }
    }
}

fn at_step(affine: &[Affine], step: usize) -> &Affine {
    &affine[if affine.len() == 1 { 0 } else { step }]
}

/// Values in a row of pixels that are whole vectors, at most: of more, the last channels weigh little.
const WIDEST: usize = 256;

/// Scale and shift of one pixel after the other, for a row of pixels that are whole vectors.
struct Repeated {
    scale: [f32; WIDEST],
    shift: [f32; WIDEST],
}

impl Repeated {
    #[inline(always)]
    fn of(affine: &Affine, width: usize) -> Self {
        let mut repeated = Self { scale: [0.0; WIDEST], shift: [0.0; WIDEST] };
        for (to, from) in [(&mut repeated.scale, &affine.scale), (&mut repeated.shift, &affine.shift)] {
            to[..width].chunks_exact_mut(from.len()).for_each(|pixel| pixel.copy_from_slice(from));
        }
        repeated
    }
}

/// `out = [out +] the sum of [scale *] values [+ shift]`, from left to right.
///
/// # Safety
/// The machine supports `V`, and `out` and each term have `length` values; a term may be `out`.
#[inline(always)]
unsafe fn add_pixels<V: Vector, const TERMS: usize>(
    values: [*const f32; TERMS],
    affine: [Option<&Affine>; TERMS],
    channels: usize,
    add: bool,
    out: *mut f32,
    length: usize,
) {
    assert!(affine.iter().flatten().all(|a| a.scale.len() == channels && a.shift.len() == channels));
    assert!(length.is_multiple_of(channels));
    // Channels that are no whole vectors are taken as those of so many pixels that they are.
    let width = channels << V::LANES.trailing_zeros().saturating_sub(channels.trailing_zeros());
    let mut first = 0;
    if width > channels && width <= WIDEST && length >= 8 * width {
        let repeated = affine.map(|affine| affine.map(|affine| Repeated::of(affine, width)));
        while first + width <= length {
            for c in (0..width).step_by(V::LANES) {
                // SAFETY: `first + c + LANES <= length`, and `c + LANES` values are repeated.
                unsafe {
                    let at = first + c;
                    let term = |i: usize| {
                        let value = V::load(values[i].add(at));
                        let Some(Repeated { scale, shift }) = &repeated[i] else { return value };
                        value.mul(V::load(scale.as_ptr().add(c))).add(V::load(shift.as_ptr().add(c)))
                    };
                    let mut sum = if add { V::load(out.add(at)).add(term(0)) } else { term(0) };
                    for i in 1..TERMS {
                        sum = sum.add(term(i));
                    }
                    sum.store(out.add(at));
                }
            }
            first += width;
        }
    }
    let whole = channels - channels % V::LANES;
    for c in (0..whole).step_by(V::LANES) {
        // SAFETY: `c + LANES <= channels`, and every pixel, scale and shift has that many values.
        unsafe {
            let load = |from: &[f32]| V::load(from.as_ptr().add(c));
            let scale = affine.map(|a| a.map_or(V::splat(1.0), |a| load(&a.scale)));
            let shift = affine.map(|a| a.map_or(V::splat(0.0), |a| load(&a.shift)));
            let mut at = first + c;
            while at < length {
                let term = |i: usize| V::load(values[i].add(at)).mul(scale[i]).add(shift[i]);
                let mut sum = if add { V::load(out.add(at)).add(term(0)) } else { term(0) };
                for i in 1..TERMS {
                    sum = sum.add(term(i));
                }
                sum.store(out.add(at));
                at += channels;
            }
        }
    }
    for pixel in (first..length).step_by(channels) {
        for c in whole..channels {
            // SAFETY: values of this pixel and channel.
            unsafe {
                let at = pixel + c;
                let term = |i: usize| {
                    let value = *values[i].add(at);
                    affine[i].map_or(value, |a| value * a.scale[c] + a.shift[c])
                };
                let first = if add { *out.add(at) + term(0) } else { term(0) };
                *out.add(at) = (1..TERMS).fold(first, |sum, i| sum + term(i));
            }
        }
    }
}

impl Affine {
    /// `out = scale * out + shift`.
    ///
    /// # Safety
    /// The machine supports `V`.
    #[inline(always)]
    pub(crate) unsafe fn scale<V: Vector>(&self, out: &mut [f32]) {
        let (length, out) = (out.len(), out.as_mut_ptr());
        // SAFETY: the caller's promise; the term is `out` itself.
        unsafe { add_pixels::<V, 1>([out.cast_const()], [Some(self)], self.channels(), false, out, length) };
    }

    /// `out = out + scale * values + shift`.
    ///
    /// # Safety
    /// The machine supports `V`.
    #[inline(always)]
    pub(crate) unsafe fn add_scaled<V: Vector>(&self, values: &[f32], out: &mut [f32]) {
        assert_eq!(values.len(), out.len());
        let (values, length) = (values.as_ptr(), out.len());
        // SAFETY: the caller's promise; there are as many values.
        unsafe { add_pixels::<V, 1>([values], [Some(self)], self.channels(), true, out.as_mut_ptr(), length) };
    }
}
