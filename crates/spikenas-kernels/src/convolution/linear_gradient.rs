use rayon::prelude::*;

use super::gradient_kernel::GradientKernel;
use super::matrix::multiply;
use crate::Spikes;
use crate::aligned::AlignedValues;
use crate::isa::{Isa, Operation, Vector};

/// Rows that one thread takes at a time.
const ROWS: usize = 16;

/// Gradient of the inputs of a linear layer, from that of its outputs, `[rows, outputs]`. Returns `[rows, inputs]`.
///
/// `kernel`: the layer's weights as a kernel of side 1.
pub fn linear_input_gradient(isa: Isa, gradient: &[f32], kernel: &GradientKernel) -> Vec<f32> {
    assert_eq!(kernel.side, 1, "a linear layer has kernels of side 1");
    let GradientKernel { inputs, outputs, .. } = *kernel;
    if inputs == 0 || outputs == 0 {
        return Vec::new();
    }
    assert!(gradient.len().is_multiple_of(outputs), "the gradient does not have the layer's outputs");
    let mut out = vec![0.0; gradient.len() / outputs * inputs];
    out.par_chunks_mut(ROWS * inputs)
        .zip(gradient.par_chunks(ROWS * outputs))
        .for_each(|(out, gradient)| isa.run(InputGradient { gradient, kernel, out }));
    out
}

/// Some rows.
struct InputGradient<'a> {
    gradient: &'a [f32],
    kernel: &'a GradientKernel,
    out: &'a mut [f32],
}

impl Operation for InputGradient<'_> {
    type Output = ();

    #[inline(always)]
    unsafe fn run<V: Vector>(self) {
        let Self { gradient, kernel, out } = self;
        let (rows, row) = (gradient.len() / kernel.outputs, kernel.row);
        if row == kernel.inputs {
            // SAFETY: the caller vouches for the instruction set; each row has the layer's outputs.
            return unsafe { multiply::<V, false>(gradient, kernel.outputs, rows, kernel, 0, out) };
        }
        let mut padded = AlignedValues::zeros(rows * row);
        // SAFETY: as above.
        unsafe { multiply::<V, false>(gradient, kernel.outputs, rows, kernel, 0, &mut padded) };
        for (out, padded) in out.chunks_exact_mut(kernel.inputs).zip(padded.chunks_exact(row)) {
            out.copy_from_slice(&padded[..kernel.inputs]);
        }
    }
}

/// Gradient of the weights of a linear layer that reads averages of spikes over squares of side `pool`, from that of its sums,
/// `[maps, outputs]`. Returns PyTorch's shape `[outputs, channels * averages]`.
///
/// `spikes`: maps of `height` x `width`. For each spike, the gradient of the sums that it took part in is added.
pub fn linear_weight_gradient(
    isa: Isa,
    spikes: &Spikes,
    height: usize,
    width: usize,
    pool: usize,
    gradient: &[f32],
) -> Vec<f32> {
    assert_eq!(Some(spikes.pixels()), height.checked_mul(width), "spikes do not have the height and width given");
    assert!(pool > 0 && height.is_multiple_of(pool) && width.is_multiple_of(pool), "squares do not fit the maps");
    let (maps, channels) = (spikes.maps(), spikes.channels());
    assert!(gradient.len().is_multiple_of(maps.max(1)), "the gradient has another number of maps");
    let (outputs, averages) = (gradient.len() / maps.max(1), (height / pool) * (width / pool));
    let found: Vec<Vec<f32>> = (0..averages)
        .into_par_iter()
        .map(|average| isa.run(WeightGradient { spikes, width, pool, average, gradient, outputs }))
        .collect();
    let share = 1.0 / (pool * pool) as f32;
    let mut out = vec![0.0; outputs * channels * averages];
    out.par_chunks_mut((channels * averages).max(1)).enumerate().for_each(|(output, row)| {
        for (index, to) in row.iter_mut().enumerate() {
            *to = found[index % averages][index / averages * outputs + output] * share;
        }
    });
    out
}

/// The weights of one average of every channel, `[channels, outputs]`.
struct WeightGradient<'a> {
    spikes: &'a Spikes,
    width: usize,
    pool: usize,
    average: usize,
    gradient: &'a [f32],
    outputs: usize,
}

impl Operation for WeightGradient<'_> {
    type Output = Vec<f32>;

    #[inline(always)]
    unsafe fn run<V: Vector>(self) -> Vec<f32> {
        let Self { spikes, width, pool, average, gradient, outputs } = self;
        let columns = width / pool;
        let (row, column) = (average / columns * pool, average % columns * pool);
        let per_pixel = spikes.words_per_pixel();
        let mut sums = vec![0.0; spikes.channels() * outputs];
        for map in 0..spikes.maps() {
            let (words, gradient) = (spikes.map(map), &gradient[map * outputs..][..outputs]);
            for pixel in 0..pool * pool {
                let pixel = (row + pixel / pool) * width + column + pixel % pool;
                for (index, &word) in words[pixel * per_pixel..][..per_pixel].iter().enumerate() {
                    let mut word = word;
                    while word != 0 {
                        let channel = index * 64 + word.trailing_zeros() as usize;
                        // SAFETY: the caller vouches for the instruction set.
                        unsafe { add::<V>(&mut sums[channel * outputs..][..outputs], gradient) };
                        word &= word - 1;
                    }
                }
            }
        }
        sums
    }
}

/// `sums = sums + values`
///
/// # Safety
/// The machine supports `V`.
#[inline(always)]
unsafe fn add<V: Vector>(sums: &mut [f32], values: &[f32]) {
    assert_eq!(sums.len(), values.len());
    let whole = sums.len() - sums.len() % V::LANES;
    for at in (0..whole).step_by(V::LANES) {
        // SAFETY: the caller vouches for the instruction set; `at + LANES` is within both.
        unsafe {
            let to = sums.as_mut_ptr().add(at);
            V::load(to).add(V::load(values.as_ptr().add(at))).store(to);
        }
    }
    sums[whole..].iter_mut().zip(&values[whole..]).for_each(|(sum, value)| *sum += value);
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn gradients_of_a_linear_layer_equal_naive(
            rows in 1usize..3, columns in 1usize..3, pool in 1usize..3, channels in 1usize..80, outputs in 1usize..40, maps in 1usize..20, seed in 0usize..100,
        ) {
            let (height, width, averages) = (rows * pool, columns * pool, rows * columns);
            let active: Vec<bool> = (0..maps * height * width * channels).map(|i| (i * i * 7 + seed * i) % 11 < 3).collect();
            let spikes = Spikes::pack(maps, height * width, channels, &active);
            let wave = |count: usize, k: f32| (0..count).map(|i| (i as f32 * k + seed as f32).sin()).collect::<Vec<f32>>();
            let (gradient, weights) = (wave(maps * outputs, 1.9), wave(outputs * channels * averages, 0.7));
            let inputs = channels * averages;
            for isa in Isa::supported() {
                let of_weights = linear_weight_gradient(isa, &spikes, height, width, pool, &gradient);
                prop_assert_eq!(of_weights.len(), outputs * inputs);
                for (i, got) in of_weights.iter().enumerate() {
                    let (output, channel, average) = (i / inputs, i % inputs / averages, i % averages);
                    let (y, x) = (average / columns * pool, average % columns * pool);
                    let count = |map| (0..pool * pool).filter(|k| spikes.get(map, (y + k / pool) * width + x + k % pool, channel)).count();
                    let expected: f64 = (0..maps).map(|map| f64::from(gradient[map * outputs + output]) * count(map) as f64 / (pool * pool) as f64).sum();
                    // At most 80 terms below 1.
                    prop_assert!((f64::from(*got) - expected).abs() < 1e-4);
                }
                let of_inputs = linear_input_gradient(isa, &gradient, &GradientKernel::new(outputs, inputs, 1, &weights));
                for (i, got) in of_inputs.iter().enumerate() {
                    let (map, input) = (i / inputs, i % inputs);
                    let expected: f64 = (0..outputs).map(|o| f64::from(gradient[map * outputs + o]) * f64::from(weights[o * inputs + input])).sum();
                    prop_assert!((f64::from(*got) - expected).abs() < 1e-4);
                }
                prop_assert_eq!(of_inputs.len(), maps * inputs);
            }
        }
    }
}
