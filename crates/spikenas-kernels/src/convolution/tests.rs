use proptest::prelude::*;

use super::*;
use crate::{Extent, Isa, Moments, Spikes, Sum, Term};

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

/// Sums of terms of 1/2 at most, as many as a kernel of 150 channels has taps: 25 * 150. Their rounding errors, below 2^-24 of
/// the sum each, are of either sign.
const TOLERANCE: f64 = 1e-3;

/// The mean over squares of `side`, `[pixels / side^2, channels]` of `[pixels, channels]`.
fn pooled(values: &[f64], width: usize, channels: usize, side: usize) -> Vec<f64> {
    let (rows, columns) = (values.len() / (width * channels) / side, width / side);
    let mut out = Vec::new();
    for (y, x, c) in (0..rows).flat_map(|y| (0..columns).flat_map(move |x| (0..channels).map(move |c| (y, x, c)))) {
        let squares =
            (0..side).flat_map(|dy| (0..side).map(move |dx| ((y * side + dy) * width + x * side + dx) * channels + c));
        out.push(squares.map(|at| values[at]).sum::<f64>() / (side * side) as f64);
    }
    out
}

/// Spikes `[steps, samples, neurons]`; where `steady`, most neurons that fire do so at all, all even or all odd timesteps.
fn activity(steps: usize, samples: usize, neurons: usize, rate: u32, steady: bool, seed: u32) -> Vec<bool> {
    let hash = |i: usize| {
        (i as u32)
            .wrapping_mul(2_654_435_761)
            .wrapping_add(seed.wrapping_mul(40_503))
            .rotate_left(13)
            .wrapping_mul(2_246_822_519)
            >> 8
    };
    (0..steps * samples * neurons)
        .map(|i| {
            let (step, neuron) = (i / (samples * neurons), i % (samples * neurons));
            let by_itself = hash(i + 77) % 100 < rate / 4;
            let with_others = hash(neuron + 99) % 100 < rate && [true, step % 2 == 0, step % 2 == 1][neuron % 3];
            if steady { by_itself || with_others } else { hash(i + 77) % 100 < rate }
        })
        .collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]
    #[test]
    fn event_driven_equals_naive_on_every_instruction_set(
        steps in 1usize..7, half_height in 1usize..4, half_width in 1usize..4, inputs in 1usize..150, outputs in 1usize..80,
        pad in 0usize..3, pool in 1usize..3, steady: bool, rate in 0u32..100, seed in 0u32..1000,
    ) {
        let (side, samples) = (2 * pad + 1, 2);
        let (height, width) = (2 * half_height, 2 * half_width);
        let pixels = height * width;
        let weights: Vec<f32> = (0..outputs * inputs * side * side).map(|i| (i as f32 * 0.77 + seed as f32).sin() / 2.0).collect();
        let active = activity(steps, samples, pixels * inputs, rate, steady, seed);
        let spikes = Spikes::pack(steps * samples, pixels, inputs, &active);
        let maps = ConvolutionMaps { pool, ..ConvolutionMaps::new(samples, height, width) };
        let mut first: Option<(Vec<f32>, Vec<Moments>)> = None;
        for isa in Isa::supported() {
            let kernel = PackedKernel::new(isa, outputs, inputs, side, &weights);
            let mut out = vec![f32::NAN; steps * samples * maps.pixels_out() * outputs];
            let mut all = vec![f32::NAN; steps * samples * pixels * outputs];
            let moments = convolve_spikes(&spikes, maps, &kernel, &mut out, Some(&mut all));
            for (map, all) in all.chunks(pixels * outputs).enumerate() {
                let all: Vec<f64> = all.iter().map(|&sum| sum.into()).collect();
                let averages = pooled(&all, width, outputs, pool);
                for (a, b) in averages.iter().zip(&out[map * averages.len()..]) {
                    prop_assert!((a - f64::from(*b)).abs() < TOLERANCE, "{a} {b}");
                }
            }
            if let Some(first) = &first {
                prop_assert_eq!(&out, &first.0, "{:?} adds in another order", isa);
                prop_assert_eq!(&moments, &first.1);
                continue;
            }
            for (step, moments) in moments.iter().enumerate() {
                let mut sums = vec![0.0; outputs];
                for map in step * samples..(step + 1) * samples {
                    let at = |y: usize, x: usize, i: usize| f32::from(u8::from(spikes.get(map, y * width + x, i)));
                    let expected = naive(at, (height, width), (outputs, inputs, side), &weights);
                    expected.chunks(outputs).for_each(|p| sums.iter_mut().zip(p).for_each(|(s, v)| *s += v));
                    let expected = pooled(&expected, width, outputs, pool);
                    let got = &out[map * expected.len()..][..expected.len()];
                    for (a, b) in got.iter().zip(&expected) {
                        prop_assert!((f64::from(*a) - b).abs() < TOLERANCE, "{isa:?}: {a} {b}");
                    }
                }
                prop_assert_eq!(moments.count, (samples * pixels) as u64);
                for (a, b) in moments.sum.iter().zip(&sums) {
                    prop_assert!((a - b).abs() < TOLERANCE * pixels as f64);
                }
            }
            first = Some((out, moments));
        }
    }

    #[test]
    fn weight_gradient_of_images_equals_naive_on_every_instruction_set(
        height in 1usize..6, width in 1usize..6, inputs in 1usize..4, outputs in 1usize..40, pad in 0usize..3, seed in 0u32..1000,
    ) {
        let (side, samples, pixels) = (2 * pad + 1, 2, height * width);
        let wave = |i: usize, k: f32| (i as f32 * k + seed as f32).sin();
        let images: Vec<f32> = (0..samples * inputs * pixels).map(|i| wave(i, 1.7)).collect();
        let gradient: Vec<f32> = (0..samples * pixels * outputs).map(|i| wave(i, 0.9)).collect();
        let mut expected = vec![0.0f64; outputs * inputs * side * side];
        for (index, sum) in expected.iter_mut().enumerate() {
            let (output, input) = (index / (inputs * side * side), index / (side * side) % inputs);
            let (ky, kx) = (index / side % side, index % side);
            for (sample, p) in (0..samples).flat_map(|sample| (0..pixels).map(move |p| (sample, p))) {
                let (y, x) = ((p / width + ky).wrapping_sub(side / 2), (p % width + kx).wrapping_sub(side / 2));
                if y < height && x < width {
                    let image = f64::from(images[((sample * inputs + input) * height + y) * width + x]);
                    *sum += image * f64::from(gradient[(sample * pixels + p) * outputs + output]);
                }
            }
        }
        let terms = [Term { values: &gradient, affine: None }];
        let extent = Extent { steps: 1, samples, pixels, channels: outputs };
        let sum = Sum { terms: &terms, affine: None, extent };
        for isa in Isa::supported() {
            let got = image_weight_gradient(isa, &images, ConvolutionMaps::new(samples, height, width), side, &sum);
            for (a, b) in got.iter().zip(&expected) {
                prop_assert!((f64::from(*a) - b).abs() < TOLERANCE, "{isa:?}: {a} {b}");
            }
        }
    }

    #[test]
    fn images_equal_naive_on_every_instruction_set(
        height in 1usize..6, width in 1usize..6, inputs in 1usize..4, outputs in 1usize..80, seed in 0u32..1000,
    ) {
        let wave = |i: usize, k: f32| (i as f32 * k + seed as f32).sin();
        let weights: Vec<f32> = (0..outputs * inputs * 9).map(|i| wave(i, 0.9)).collect();
        let images: Vec<f32> = (0..2 * inputs * height * width).map(|i| wave(i, 1.7)).collect();
        for isa in Isa::supported() {
            let kernel = PackedKernel::new(isa, outputs, inputs, 3, &weights);
            let mut out = vec![f32::NAN; 2 * height * width * outputs];
            let moments = convolve_images(&images, ConvolutionMaps::new(2, height, width), &kernel, &mut out);
            let expected: Vec<f64> = (0..2).flat_map(|n| {
                naive(|y, x, i| images[((n * inputs + i) * height + y) * width + x], (height, width), (outputs, inputs, 3), &weights)
            }).collect();
            for (a, b) in out.iter().zip(&expected) {
                prop_assert!((f64::from(*a) - b).abs() < TOLERANCE, "{isa:?}: {a} {b}");
            }
            for (o, sum) in moments.sum.iter().enumerate() {
                let expected: f64 = expected.iter().skip(o).step_by(outputs).sum();
                prop_assert!((sum - expected).abs() < TOLERANCE * (2 * height * width) as f64);
            }
        }
    }
}

#[test]
fn moments_of_a_convolution_keep_the_digits_of_a_variance_under_a_far_mean() {
    let (samples, height, width) = (3, 6, 8);
    let pixels = height * width;
    // One channel fires always, by a large weight; another one now and then, by a small one.
    let active: Vec<bool> = (0..samples * pixels * 2).map(|i| i % 2 == 0 || i * i % 7 < 3).collect();
    let spikes = Spikes::pack(samples, pixels, 2, &active);
    let images: Vec<f32> = (0..samples * 2 * pixels)
        .map(|i| f32::from(u8::from(spikes.get(i / (2 * pixels), i % pixels, i / pixels % 2))))
        .collect();
    for (outputs, pool) in [(1, 1), (17, 2), (40, 1)] {
        let weights: Vec<f32> = (0..outputs).flat_map(|output| [1e3, 0.01 * (1 + output) as f32]).collect();
        let maps = ConvolutionMaps { pool, ..ConvolutionMaps::new(samples, height, width) };
        for isa in Isa::supported() {
            let kernel = PackedKernel::new(isa, outputs, 2, 1, &weights);
            let mut out = vec![f32::NAN; samples * maps.pixels_out() * outputs];
            let mut all = vec![f32::NAN; samples * pixels * outputs];
            let of_spikes = &convolve_spikes(&spikes, maps, &kernel, &mut out, Some(&mut all))[0];
            let of_images = &convolve_images(&images, maps, &kernel, &mut out);
            for moments in [of_spikes, of_images] {
                for (output, got) in moments.variance().into_iter().enumerate() {
                    let values = || all.iter().skip(output).step_by(outputs).map(|&sum| f64::from(sum));
                    let mean = values().sum::<f64>() / (samples * pixels) as f64;
                    let variance = values().map(|v| (v - mean).powi(2)).sum::<f64>() / (samples * pixels) as f64;
                    assert!((got - variance).abs() < 1e-6 * variance, "{isa:?}: {got} {variance}");
                }
            }
        }
    }
}
