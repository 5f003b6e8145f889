use gemm::Parallelism;
use rayon::prelude::*;

/// Rows that one product takes: fixed, so that results do not depend on the number of threads.
const ROWS: usize = 64;

/// `out = input * weights^T`: input `[rows, inputs]`, weights `[outputs, inputs]`, returns `[rows, outputs]`.
pub fn linear(input: &[f32], weights: &[f32], inputs: usize, outputs: usize) -> Vec<f32> {
    assert!(inputs > 0 && input.len().is_multiple_of(inputs), "the input does not have whole rows");
    assert_eq!(weights.len(), inputs * outputs, "weights do not have the shape given");
    let mut out = vec![0.0; input.len() / inputs * outputs];
    out.par_chunks_mut((ROWS * outputs).max(1)).zip(input.par_chunks(ROWS * inputs)).for_each(|(out, input)| {
        let rows = input.len() / inputs;
        // SAFETY: `out` is [rows, outputs], `input` [rows, inputs], `weights` [outputs, inputs], all dense and row-major,
        // which is what the dimensions and strides say; `out` overlaps neither.
        unsafe {
            gemm::gemm(
                rows,
                outputs,
                inputs,
                out.as_mut_ptr(),
                1,
                outputs as isize,
                false,
                input.as_ptr(),
                1,
                inputs as isize,
                weights.as_ptr(),
                inputs as isize,
                1,
                0.0,
                1.0,
                false,
                false,
                false,
                Parallelism::None,
            );
        }
    });
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn product_equals_naive(rows in 0usize..150, inputs in 1usize..40, outputs in 1usize..20) {
            let wave = |n: usize, k: f32| (0..n).map(|i| (i as f32 * k).sin()).collect::<Vec<f32>>();
            let (input, weights) = (wave(rows * inputs, 0.7), wave(outputs * inputs, 1.9));
            let out = linear(&input, &weights, inputs, outputs);
            prop_assert_eq!(out.len(), rows * outputs);
            for (i, got) in out.iter().enumerate() {
                let (row, output) = (i / outputs, i % outputs);
                let expected: f64 = (0..inputs).map(|k| f64::from(input[row * inputs + k]) * f64::from(weights[output * inputs + k])).sum();
                // At most 40 terms below 1.
                prop_assert!((f64::from(*got) - expected).abs() < 1e-4);
            }
        }
    }
}
