use super::*;
use crate::{Affine, Term, lif_scan};
use crate::{LifLayer, LifParameters, Spikes};
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
        outputs in prop::collection::vec(1usize..40, 0..3), pad in 0usize..4, constant: bool, averaged: bool, seed in 0u32..1000,
    ) {
        let (height, width, side) = (2 * half_height, 2 * half_width, 2 * pad + 1);
        let pixels = height * width;
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
                        let weight = ((o * channels + c) * side + ky) * side + kx;
                        let gradient = f64::from(gradients[reader][(map * pixels + q) * outputs[reader] + o]);
                        of_spikes[(map * pixels + p) * channels + c] += gradient * f64::from(weights[reader][weight]);
                        if spikes.get(map, p, c) {
                            of_weights[reader][weight] += gradient;
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
        let layer = LifLayer { input, parameters: LIF, surrogate_alpha: 2.0, spikes: &spikes, height, width };
        // Sums in f32 of products below 1 that partly cancel.
        let tolerance = 1e-5 + 4e-6 * (side * side * outputs.iter().sum::<usize>()) as f64;
        for isa in Isa::supported() {
            let mut out = vec![f32::NAN; values.len()];
            let found = spike_gradients(isa, &layer, &readers, averaged.then_some(of_averages), None, &mut out);
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

/// Membranes and their gradients, handed on from timestep to timestep, make one pass of several.
#[test]
fn timesteps_one_by_one_give_what_all_together_give() {
    let extent = Extent { steps: 4, samples: 5, pixels: 12, channels: 20 };
    let (values, of_sums) =
        (wave(extent.len(), 0.37, 0).iter().map(|x| 3.0 * x).collect::<Vec<_>>(), wave(extent.len(), 0.11, 1));
    let kernel = GradientKernel::new(20, 20, 3, &wave(20 * 20 * 9, 0.7, 2));
    let one = Extent { steps: 1, ..extent };
    let at = |values: &[f32], t: usize| values[t * extent.step()..][..extent.step()].to_vec();
    for isa in Isa::supported() {
        let (terms, gradient) = ([Term { values: &values, affine: None }], [Term { values: &of_sums, affine: None }]);
        let input = Sum { terms: &terms, affine: None, extent };
        let mut spikes = Spikes::zeros(extent.steps * extent.samples, extent.pixels, extent.channels);
        lif_scan(isa, &input, LIF, None, &mut spikes);
        let layer = LifLayer { input, parameters: LIF, surrogate_alpha: 2.0, spikes: &spikes, height: 3, width: 4 };
        let reader = SpikeReader {
            gradient: Sum { terms: &gradient, affine: None, extent },
            of_averages: None,
            kernel: &kernel,
        };
        let mut together = vec![f32::NAN; extent.len()];
        let whole = spike_gradients(isa, &layer, &[reader], None, None, &mut together);

        let mut starts = vec![vec![0.0; extent.step()]];
        let mut fired = Vec::new();
        for t in 0..extent.steps {
            let (x, mut membrane) = (at(&values, t), starts[t].clone());
            let terms = [Term { values: &x, affine: None }];
            let mut spikes = Spikes::zeros(extent.samples, extent.pixels, extent.channels);
            lif_scan(isa, &Sum { terms: &terms, affine: None, extent: one }, LIF, Some(&mut membrane), &mut spikes);
            fired.push(spikes);
            starts.push(membrane);
        }
        let (mut of_membranes, mut of_weights) = (vec![0.0; extent.step()], vec![0.0; 20 * 20 * 9]);
        for t in (0..extent.steps).rev() {
            let (x, of_sums, mut out) = (at(&values, t), at(&of_sums, t), vec![f32::NAN; extent.step()]);
            let (terms, gradient) = ([Term { values: &x, affine: None }], [Term { values: &of_sums, affine: None }]);
            let input = Sum { terms: &terms, affine: None, extent: one };
            let layer =
                LifLayer { input, parameters: LIF, surrogate_alpha: 2.0, spikes: &fired[t], height: 3, width: 4 };
            let reader = SpikeReader {
                gradient: Sum { terms: &gradient, affine: None, extent: one },
                of_averages: None,
                kernel: &kernel,
            };
            let state = LifState { start: &starts[t], gradient: &mut of_membranes };
            let found = spike_gradients(isa, &layer, &[reader], None, Some(state), &mut out);
            assert_eq!(out, at(&together, t), "{isa:?}, timestep {t}");
            of_weights.iter_mut().zip(&found.of_weights[0]).for_each(|(sum, value)| *sum += value);
        }
        for (sum, whole) in of_weights.iter().zip(&whole.of_weights[0]) {
            assert!((sum - whole).abs() < 1e-4 * (1.0 + whole.abs()), "{isa:?}: {sum} {whole}");
        }
    }
}
