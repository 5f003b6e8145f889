//! The kernels at the sizes of the `cifar10` preset: 64 images, 8 % spikes, the typical rate of an untrained network.

use std::hint::black_box;

use criterion::{Criterion, criterion_group, criterion_main};
use spikenas_kernels::*;

const IMAGES: usize = 64;

/// A fixed scatter of numbers in 0..2^24.
fn scatter(index: usize) -> u32 {
    (index as u32).wrapping_mul(2_654_435_761).rotate_left(13).wrapping_mul(2_246_822_519) >> 8
}

fn spikes(maps: usize, pixels: usize, channels: usize) -> Spikes {
    let active: Vec<bool> = (0..maps * pixels * channels).map(|i| scatter(i) % 100 < 8).collect();
    Spikes::pack(maps, pixels, channels, &active)
}

fn numbers(count: usize) -> Vec<f32> {
    (0..count).map(|i| scatter(i) as f32 / (1 << 23) as f32 - 1.0).collect()
}

fn convolutions(c: &mut Criterion) {
    let mut group = c.benchmark_group("convolution");
    group.sample_size(20);
    for (inputs, outputs, side, kernel) in
        [(128, 128, 32, 3), (128, 256, 32, 3), (256, 256, 16, 3), (128, 128, 32, 1), (16, 16, 32, 3)]
    {
        let input = spikes(IMAGES, side * side, inputs);
        let weights = numbers(outputs * inputs * kernel * kernel);
        for isa in Isa::supported() {
            let packed = PackedKernel::new(isa, outputs, inputs, kernel, &weights);
            let mut out = AlignedValues::zeros(IMAGES * side * side * outputs);
            group.bench_function(format!("{inputs}->{outputs} {kernel}x{kernel} at {side}x{side} {isa:?}"), |b| {
                b.iter(|| {
                    convolve_spikes(
                        black_box(&input),
                        ConvolutionMaps::new(IMAGES, side, side),
                        &packed,
                        &mut out,
                        None,
                    )
                });
            });
        }
    }
    group.finish();
}

fn neurons(c: &mut Criterion) {
    let mut group = c.benchmark_group("neurons");
    group.sample_size(20);
    let extent = Extent { steps: 5, samples: IMAGES, pixels: 1024, channels: 128 };
    let values = numbers(extent.len());
    let affine = [Affine { scale: numbers(128), shift: numbers(128) }];
    let terms = [Term { values: &values, affine: Some(&affine) }; 2];
    let parameters = LifParameters { tau: 4.0 / 3.0, threshold: 1.0 };
    for isa in Isa::supported() {
        for count in [1, 2] {
            let sum = Sum { terms: &terms[..count], affine: None, extent };
            let mut out = Spikes::zeros(extent.steps * IMAGES, extent.pixels, extent.channels);
            group.bench_function(format!("LIF scan of {count} terms {isa:?}"), |b| {
                b.iter(|| lif_scan(isa, black_box(&sum), parameters, None, &mut out))
            });
        }
        let sum = Sum { terms: &terms[..1], affine: None, extent };
        let mut out = vec![0.0; extent.len()];
        group.bench_function(format!("average pool 3x3 {isa:?}"), |b| {
            b.iter(|| average_pool(isa, black_box(&sum), 32, 32, &mut out))
        });
        group.bench_function(format!("moments {isa:?}"), |b| b.iter(|| moments(isa, black_box(&sum))));
        let codes = spikes(IMAGES, 1024, 128);
        group.bench_function(format!("Hamming distances {isa:?}"), |b| {
            b.iter(|| hamming_distances(isa, black_box(&codes), IMAGES, 0))
        });
    }
    group.finish();
}

/// A LIF layer and a 3x3 convolution that reads it, five timesteps, in the backward pass.
fn gradients(c: &mut Criterion) {
    let mut group = c.benchmark_group("gradients");
    group.sample_size(10);
    for channels in [16, 128] {
        let extent = Extent { steps: 5, samples: IMAGES, pixels: 1024, channels };
        let (values, gradient) = (numbers(extent.len()), numbers(extent.len()));
        let sum = |terms| Sum { terms, affine: None, extent };
        let [input, gradient] = [&values, &gradient].map(|values| [Term { values, affine: None }]);
        let fired = spikes(extent.steps * IMAGES, extent.pixels, channels);
        let parameters = LifParameters { tau: 4.0 / 3.0, threshold: 1.0 };
        let layer =
            LifLayer { input: sum(&input), parameters, surrogate_alpha: 2.0, spikes: &fired, height: 32, width: 32 };
        let kernel = GradientKernel::new(channels, channels, 3, &numbers(channels * channels * 9));
        let readers = [SpikeReader { gradient: sum(&gradient), of_averages: None, kernel: &kernel }];
        let mut out = AlignedValues::zeros(extent.len());
        for isa in Isa::supported() {
            group.bench_function(format!("LIF and {channels}->{channels} 3x3 at 32x32 {isa:?}"), |b| {
                b.iter(|| spike_gradients(isa, black_box(&layer), &readers, None, None, &mut out))
            });
        }
    }
    group.finish();
}

/// Neurons that fire at one timestep mostly fire at others too: five timesteps in one call against five calls.
fn timesteps(c: &mut Criterion) {
    let mut group = c.benchmark_group("timesteps");
    group.sample_size(10);
    let (steps, neurons) = (5, IMAGES * 1024 * 128);
    // As with a constant input: 10 % of the neurons fire at every timestep, 5 % at every other one, 1 % once.
    let fires = |neuron: usize, step: usize| match scatter(neuron) % 100 {
        0..10 => true,
        10..15 => step % 2 == 1,
        15 => step == 2,
        _ => false,
    };
    let active: Vec<bool> = (0..steps * neurons).map(|i| fires(i % neurons, i / neurons)).collect();
    let together = Spikes::pack(steps * IMAGES, 1024, 128, &active);
    let singly: Vec<Spikes> = active.chunks(neurons).map(|step| Spikes::pack(IMAGES, 1024, 128, step)).collect();
    let packed = PackedKernel::new(Isa::best(), 128, 128, 3, &numbers(128 * 128 * 9));
    let maps = ConvolutionMaps::new(IMAGES, 32, 32);
    let mut out = AlignedValues::zeros(steps * neurons);
    group.bench_function("128->128 3x3 at 32x32, together", |b| {
        b.iter(|| convolve_spikes(black_box(&together), maps, &packed, &mut out, None))
    });
    group.bench_function("128->128 3x3 at 32x32, singly", |b| {
        b.iter(|| {
            for (step, out) in singly.iter().zip(out.chunks_mut(neurons)) {
                convolve_spikes(black_box(step), maps, &packed, out, None);
            }
        })
    });
    let codes = spikes(steps * IMAGES, 256, 256);
    let layer = PackedLinear::new(Isa::best(), 1024, 256, 64, &numbers(1024 * 256 * 64));
    group.bench_function("16384->1024 of averages 2x2", |b| {
        b.iter(|| linear_of_averages(black_box(&codes), 16, 16, 2, &layer))
    });
    group.finish();
}

criterion_group!(benches, gradients, convolutions, neurons, timesteps);
criterion_main!(benches);
