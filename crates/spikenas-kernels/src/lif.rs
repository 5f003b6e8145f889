use rayon::prelude::*;

use crate::batch_norm::pixels_at_a_time;
use crate::isa::{Isa, Operation, Vector};
use crate::{Extent, Spikes, Sum, by_sample};

/// Dynamics of a leaky integrate-and-fire layer with hard reset to 0 (paper, Eq. 1 and 2, discretised).
///
/// `h = v + (x - v) / tau; spike = h >= threshold; v = 0 if spike else h`, in f32 and in this order.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct LifParameters {
    /// Membrane time constant in timesteps.
    pub tau: f32,
    /// Membrane at which a neuron fires.
    pub threshold: f32,
}

/// A LIF layer in the backward pass.
pub struct LifLayer<'a> {
    /// The map that it reads.
    pub input: Sum<'a>,
    /// Its dynamics.
    pub parameters: LifParameters,
    /// Sharpness of the surrogate gradient of its spikes.
    pub surrogate_alpha: f32,
    /// The spikes that it fired.
    pub spikes: &'a Spikes,
    /// Rows of pixels.
    pub height: usize,
    /// Columns of pixels.
    pub width: usize,
}

/// Membranes of a LIF layer in a backward pass through some of its timesteps, `[samples, pixels, channels]` each.
pub struct LifState<'a> {
    /// Those before the first of them.
    pub start: &'a [f32],
    /// The gradient of those after the last, which becomes that of those before the first.
    pub gradient: &'a mut [f32],
}

/// Runs a LIF layer over all timesteps of its input.
///
/// `membrane`: `[samples, pixels, channels]`, before the first step and after the last; without one, it starts at 0 and
/// is not kept. `spikes` are overwritten; they have the input's extent, `[steps * samples, pixels, channels]`.
pub fn lif_scan(
    isa: Isa,
    input: &Sum<'_>,
    parameters: LifParameters,
    membrane: Option<&mut [f32]>,
    spikes: &mut Spikes,
) {
    input.check();
    let extent = input.extent;
    let shape = (spikes.maps(), spikes.pixels(), spikes.channels());
    assert_eq!(
        shape,
        (extent.steps * extent.samples, extent.pixels, extent.channels),
        "spikes do not have the input's extent"
    );
    if extent.is_empty() {
        return;
    }
    let map_words = extent.pixels * spikes.words_per_pixel();
    let words = by_sample(spikes.words_mut(), map_words, extent.samples);
    let mut membranes: Vec<Option<&mut [f32]>> = match membrane {
        Some(membrane) => {
            assert_eq!(membrane.len(), extent.step(), "the membrane does not have the input's extent");
            membrane.chunks_mut(extent.map()).map(Some).collect()
        }
        None => (0..extent.samples).map(|_| None).collect(),
    };
    words.into_par_iter().zip(&mut membranes).enumerate().for_each(|(sample, (words, membrane))| {
        isa.run(ScanSample { input, parameters, sample, words, membrane: membrane.as_deref_mut() });
    });
}

/// All timesteps of one sample. `words`: `[steps][pixels * words]`.
struct ScanSample<'a> {
    input: &'a Sum<'a>,
    parameters: LifParameters,
    sample: usize,
    words: Vec<&'a mut [u64]>,
    membrane: Option<&'a mut [f32]>,
}

impl Operation for ScanSample<'_> {
    type Output = ();

    #[inline(always)]
    unsafe fn run<V: Vector>(mut self) {
        let Extent { pixels, channels, .. } = self.input.extent;
        let at_a_time = pixels_at_a_time(channels).min(pixels);
        let mut buffers = (vec![0.0; at_a_time * channels], vec![0.0; at_a_time * channels]);
        // One word more, so that each word of a pixel lies within two.
        let mut fired = vec![0; (at_a_time * channels).div_ceil(64) + 1];
        let is_constant = self.input.is_constant();
        let words_per_pixel = channels.div_ceil(64);
        let mut pixel = 0;
        while pixel < pixels {
            let count = at_a_time.min(pixels - pixel);
            let (x, v) = (&mut buffers.0[..count * channels], &mut buffers.1[..count * channels]);
            match &self.membrane {
                Some(membrane) => v.copy_from_slice(&membrane[pixel * channels..][..count * channels]),
                None => v.fill(0.0),
            }
            for (step, words) in self.words.iter_mut().enumerate() {
                let words = &mut words[pixel * words_per_pixel..][..count * words_per_pixel];
                // SAFETY: the caller vouches for the instruction set.
                unsafe {
                    if step == 0 || !is_constant {
                        self.input.read::<V>(step, self.sample, pixel, x);
                    }
                    fire::<V>(x, v, &mut fired, self.parameters);
                    split(&fired, channels, words);
                }
            }
            if let Some(membrane) = &mut self.membrane {
                membrane[pixel * channels..][..count * channels].copy_from_slice(v);
            }
            pixel += count;
        }
    }
}

/// One timestep of some pixels: updates the membranes `v` and writes the spikes, bit after bit.
///
/// # Safety
/// The machine supports `V`.
#[inline(always)]
unsafe fn fire<V: Vector>(x: &[f32], v: &mut [f32], fired: &mut [u64], p: LifParameters) {
    for ((x, v), word) in x.chunks(64).zip(v.chunks_mut(64)).zip(fired) {
        let whole = x.len() - x.len() % V::LANES;
        let mut bits = 0;
        for at in (0..whole).step_by(V::LANES) {
            // SAFETY: the caller vouches for the instruction set; `at + LANES` is within both slices.
            unsafe {
                let old = V::load(v.as_ptr().add(at));
                let h = old.add(V::load(x.as_ptr().add(at)).sub(old).div(V::splat(p.tau)));
                let fired = h.at_least(V::splat(p.threshold));
                h.zero_where(fired).store(v.as_mut_ptr().add(at));
                bits |= fired << at;
            }
        }
        for at in whole..x.len() {
            let h = v[at] + (x[at] - v[at]) / p.tau;
            let fired = h >= p.threshold;
            v[at] = if fired { 0.0 } else { h };
            bits |= u64::from(fired) << at;
        }
        *word = bits;
    }
}

/// Gives each pixel words of its own; a word more than the bits need is there to be read.
#[inline(always)]
fn split(fired: &[u64], channels: usize, words: &mut [u64]) {
    for (pixel, words) in words.chunks_exact_mut(channels.div_ceil(64)).enumerate() {
        for (index, word) in words.iter_mut().enumerate() {
            let first = pixel * channels + index * 64;
            let unused = 64 - (channels - index * 64).min(64);
            let both = u128::from(fired[first / 64]) | u128::from(fired[first / 64 + 1]) << 64;
            *word = (both >> (first % 64)) as u64 & u64::MAX >> unused;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Term;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn scan_equals_naive_bit_for_bit(
            steps in 1usize..5, samples in 1usize..4, pixels in 1usize..30, channels in 1usize..150, constant: bool, keep: bool, seed in 0u32..1000,
        ) {
            let extent = Extent { steps, samples, pixels, channels };
            let values: Vec<f32> = (0..if constant { extent.step() } else { extent.len() }).map(|i| 2.5 * (i as f32 * 0.37 + seed as f32).sin()).collect();
            let start: Vec<f32> = (0..extent.step()).map(|i| if keep { (i as f32).cos() } else { 0.0 }).collect();
            let p = LifParameters { tau: 4.0 / 3.0, threshold: 1.0 };
            let (mut expected, mut v) = (Vec::new(), start.clone());
            for t in 0..steps {
                for (i, v) in v.iter_mut().enumerate() {
                    let x = values[if constant { i } else { t * extent.step() + i }];
                    let h = *v + (x - *v) / p.tau;
                    expected.push(h - p.threshold >= 0.0);
                    *v = if h - p.threshold >= 0.0 { 0.0 } else { h };
                }
            }
            let expected = Spikes::pack(steps * samples, pixels, channels, &expected);
            let terms = [Term { values: &values, affine: None }];
            for isa in Isa::supported() {
                let mut membrane = start.clone();
                let mut spikes = Spikes::in_words(vec![u64::MAX; 7], steps * samples, pixels, channels);
                lif_scan(isa, &Sum { terms: &terms, affine: None, extent }, p, keep.then_some(&mut membrane), &mut spikes);
                prop_assert_eq!(&spikes, &expected);
                if keep {
                    prop_assert_eq!(&membrane, &v);
                }
            }
        }
    }

    #[test]
    fn no_input_gives_no_spikes() {
        let extent = Extent { steps: 3, samples: 2, pixels: 4, channels: 5 };
        let p = LifParameters { tau: 4.0 / 3.0, threshold: 1.0 };
        let mut spikes = Spikes::in_words(vec![u64::MAX; 24], 6, 4, 5);
        lif_scan(Isa::best(), &Sum { terms: &[], affine: None, extent }, p, None, &mut spikes);
        assert_eq!(spikes.counts(), [0; 6]);
    }
}
