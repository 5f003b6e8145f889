use rayon::prelude::*;

use crate::batch_norm::pixels_at_a_time;
use crate::isa::{Isa, Operation, Vector};
use crate::sizes::product;
use crate::{Affine, Extent, Sum, by_sample};

/// What the backward pass of a term's batch norm needs: sums over samples and pixels, in f64, of one timestep.
#[derive(Clone, Debug, PartialEq)]
pub struct GradientSums {
    /// Sums of the gradient, `[channels]`.
    pub gradient: Vec<f64>,
    /// Sums of the gradient times the term's values before its scale and shift, `[channels]`.
    pub products: Vec<f64>,
}

impl GradientSums {
    /// Sums of no values.
    pub fn zeros(channels: usize) -> Self {
        Self { gradient: vec![0.0; channels], products: vec![0.0; channels] }
    }

    /// Adds other sums.
    pub fn add(&mut self, other: &GradientSums) {
        self.gradient.iter_mut().zip(&other.gradient).for_each(|(a, b)| *a += b);
        self.products.iter_mut().zip(&other.products).for_each(|(a, b)| *a += b);
    }

    /// Adds some pixels of one sample, [`pixels_at_a_time`] at most: summed in f32 and then added in f64.
    ///
    /// # Safety
    /// The machine supports `V`.
    #[inline(always)]
    unsafe fn add_pixels<V: Vector>(&mut self, gradient: &[f32], values: &[f32]) {
        let channels = self.gradient.len();
        assert!(gradient.len() == values.len() && values.len().is_multiple_of(channels));
        let (pixels, whole) = (values.len() / channels, channels - channels % V::LANES);
        for c in (0..whole).step_by(V::LANES) {
            let mut sums = [[0.0f32; 16]; 2];
            // SAFETY: `c + LANES <= channels`, and every pixel has that many values; a vector has at most 16.
            unsafe {
                let (mut of_gradient, mut of_products) = (V::splat(0.0), V::splat(0.0));
                let (mut g, mut x) = (gradient.as_ptr().add(c), values.as_ptr().add(c));
                for _ in 0..pixels {
                    let value = V::load(g);
                    of_gradient = of_gradient.add(value);
                    of_products = value.mul_add(V::load(x), of_products);
                    (g, x) = (g.wrapping_add(channels), x.wrapping_add(channels));
                }
                of_gradient.store(sums[0].as_mut_ptr());
                of_products.store(sums[1].as_mut_ptr());
            }
            for (to, sums) in [&mut self.gradient, &mut self.products].into_iter().zip(sums) {
                to[c..c + V::LANES].iter_mut().zip(sums).for_each(|(to, sum)| *to += f64::from(sum));
            }
        }
        for (g, x) in gradient.chunks_exact(channels).zip(values.chunks_exact(channels)) {
            for c in whole..channels {
                self.gradient[c] += f64::from(g[c]);
                self.products[c] += f64::from(g[c] * x[c]);
            }
        }
    }
}

/// Sums of a gradient with each of some terms, `[terms][distinct steps]`.
pub(crate) type TermSums = Vec<Vec<GradientSums>>;

pub(crate) fn no_sums(terms: usize, steps: usize, channels: usize) -> TermSums {
    vec![vec![GradientSums::zeros(channels); steps]; terms]
}

/// Adds up the sums of several parts, in their order; of no part, the sums of no values.
pub(crate) fn total<'a>(mut parts: impl Iterator<Item = &'a TermSums>, input: &Sum<'_>) -> TermSums {
    let of_none = || no_sums(input.terms.len(), input.distinct_steps(), input.extent.channels);
    let mut total = parts.next().cloned().unwrap_or_else(of_none);
    for part in parts {
        let sums = total.iter_mut().flatten().zip(part.iter().flatten());
        sums.for_each(|(total, part)| total.add(part));
    }
    total
}

/// Adds some pixels of a gradient at one timestep to the sums with each term of `input`.
///
/// # Safety
/// The machine supports `V`.
#[inline(always)]
pub(crate) unsafe fn add_terms<V: Vector>(
    sums: &mut TermSums,
    input: &Sum<'_>,
    gradient: &[f32],
    step: usize,
    sample: usize,
    pixel: usize,
) {
    for (sums, term) in sums.iter_mut().zip(input.terms) {
        let values = &term.at(input.extent, step, sample)[pixel * input.extent.channels..][..gradient.len()];
        // SAFETY: the caller vouches for the instruction set.
        unsafe { sums[step].add_pixels::<V>(gradient, values) };
    }
}

/// Sums of a gradient with each term of a map, `[terms][distinct steps]`.
///
/// `gradient`: `[distinct steps, samples, pixels, channels]`.
pub fn gradient_sums(isa: Isa, input: &Sum<'_>, gradient: &[f32]) -> Vec<Vec<GradientSums>> {
    input.check();
    let Extent { samples, .. } = input.extent;
    let length = product([input.distinct_steps(), input.extent.step()]);
    assert_eq!(gradient.len(), length, "the gradient has another extent");
    if gradient.is_empty() {
        return total([].iter(), input);
    }
    let parts: Vec<TermSums> =
        (0..samples).into_par_iter().map(|sample| isa.run(SumSample { input, gradient, sample })).collect();
    total(parts.iter(), input)
}

/// The sums of one sample.
struct SumSample<'a> {
    input: &'a Sum<'a>,
    gradient: &'a [f32],
    sample: usize,
}

impl Operation for SumSample<'_> {
    type Output = TermSums;

    #[inline(always)]
    unsafe fn run<V: Vector>(self) -> TermSums {
        let Self { input, gradient, sample } = self;
        let Extent { samples, channels, .. } = input.extent;
        let mut sums = no_sums(input.terms.len(), input.distinct_steps(), channels);
        let length = pixels_at_a_time(channels) * channels;
        for step in 0..input.distinct_steps() {
            let gradient = &gradient[(step * samples + sample) * input.extent.map()..][..input.extent.map()];
            for (block, gradient) in gradient.chunks(length).enumerate() {
                // SAFETY: the caller vouches for the instruction set.
                unsafe { add_terms::<V>(&mut sums, input, gradient, step, sample, block * length / channels) };
            }
        }
        sums
    }
}

/// Backward pass of a batch norm of a whole map, in place: `gradient = gradient scaled by the first + the
/// map's values scaled and shifted by the second`. Returns the sums of the new gradient with each of the map's terms.
///
/// `gradient`: `[distinct steps, samples, pixels, channels]`; `slopes`: one per distinct timestep.
pub fn gradient_before_norm(
    isa: Isa,
    input: &Sum<'_>,
    slopes: [&[Affine]; 2],
    gradient: &mut [f32],
) -> Vec<Vec<GradientSums>> {
    input.check();
    let steps = input.distinct_steps();
    assert!(slopes.iter().all(|slopes| slopes.len() == steps), "slopes are for another number of timesteps");
    let has_channels = |a: &Affine| a.scale.len() == input.extent.channels && a.shift.len() == input.extent.channels;
    assert!(slopes.iter().copied().flatten().all(has_channels), "slopes are for other channels");
    assert_eq!(gradient.len(), product([steps, input.extent.step()]), "the gradient has another extent");
    if gradient.is_empty() {
        return total([].iter(), input);
    }
    let parts: Vec<TermSums> = by_sample(gradient, input.extent.map(), input.extent.samples)
        .into_par_iter()
        .enumerate()
        .map(|(sample, gradient)| isa.run(BeforeNorm { input, slopes, gradient, sample }))
        .collect();
    total(parts.iter(), input)
}

/// One sample. `gradient`: by distinct timestep.
struct BeforeNorm<'a> {
    input: &'a Sum<'a>,
    slopes: [&'a [Affine]; 2],
    gradient: Vec<&'a mut [f32]>,
    sample: usize,
}

impl Operation for BeforeNorm<'_> {
    type Output = TermSums;

    #[inline(always)]
    unsafe fn run<V: Vector>(self) -> TermSums {
        let Self { input, slopes, gradient, sample } = self;
        let channels = input.extent.channels;
        let mut sums = no_sums(input.terms.len(), gradient.len(), channels);
        let length = pixels_at_a_time(channels) * channels;
        let mut values = vec![0.0; length];
        for (step, gradient) in gradient.into_iter().enumerate() {
            for (block, gradient) in gradient.chunks_mut(length).enumerate() {
                let (values, pixel) = (&mut values[..gradient.len()], block * length / channels);
                // SAFETY: the caller vouches for the instruction set.
                unsafe {
                    input.read::<V>(step, sample, pixel, values);
                    slopes[0][step].scale::<V>(gradient);
                    slopes[1][step].add_scaled::<V>(values, gradient);
                    add_terms::<V>(&mut sums, input, gradient, step, sample, pixel);
                }
            }
        }
        sums
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Term, write_sum};
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn gradient_before_a_norm_and_its_sums_equal_naive(
            steps in 1usize..4, samples in 1usize..4, pixels in 1usize..80, channels in 1usize..40, parts in 0usize..5, constant: bool,
        ) {
            let extent = Extent { steps, samples, pixels, channels };
            let wave = |count: usize, k: f32| (0..count).map(|i| (i as f32 * k).sin()).collect::<Vec<f32>>();
            let length = if constant { extent.step() } else { extent.len() };
            let values: Vec<Vec<f32>> = (0..parts).map(|part| wave(length, 0.3 + part as f32)).collect();
            let ramp = |k: f32| Affine { scale: wave(channels, k), shift: wave(channels, 2.0 * k) };
            let affine = [ramp(0.7)];
            let terms: Vec<Term<'_>> = values.iter().map(|values| Term { values, affine: Some(&affine) }).collect();
            let input = Sum { terms: &terms, affine: None, extent };
            let distinct = input.distinct_steps();
            let gradient = wave(distinct * extent.step(), 0.9);
            let slopes = [0.2, 0.4].map(|k| (0..distinct).map(|step| ramp(k + step as f32)).collect::<Vec<Affine>>());
            for isa in Isa::supported() {
                let mut read = vec![f32::NAN; gradient.len()];
                write_sum(isa, &input, &mut read);
                let mut got = gradient.clone();
                let sums = gradient_before_norm(isa, &input, [&slopes[0], &slopes[1]], &mut got);
                prop_assert_eq!(&sums, &gradient_sums(isa, &input, &got));
                for (i, got) in got.iter().enumerate() {
                    let (step, c) = (i / extent.step(), i % channels);
                    let x: f32 = values.iter().map(|v| v[i] * affine[0].scale[c] + affine[0].shift[c]).sum();
                    prop_assert!((read[i] - x).abs() < 1e-5);
                    let scaled = |value: f32, slopes: &[Affine]| value * slopes[step].scale[c] + slopes[step].shift[c];
                    prop_assert!((got - scaled(gradient[i], &slopes[0]) - scaled(x, &slopes[1])).abs() < 1e-4);
                }
                prop_assert_eq!(sums.len(), parts);
                for (values, sums) in values.iter().zip(&sums) {
                    for (i, sums) in sums.iter().enumerate() {
                        for c in 0..channels {
                            let at = || (i * extent.step() + c..(i + 1) * extent.step()).step_by(channels);
                            let total: f64 = at().map(|i| f64::from(got[i])).sum();
                            let products: f64 = at().map(|i| f64::from(got[i]) * f64::from(values[i])).sum();
                            prop_assert!((sums.gradient[c] - total).abs() < 1e-3);
                            prop_assert!((sums.products[c] - products).abs() < 1e-3);
                        }
                    }
                }
            }
        }
    }
}
