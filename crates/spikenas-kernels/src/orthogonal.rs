use crate::Isa;
use crate::convolution::{GradientKernel, linear_input_gradient};
use crate::sizes::product;

/// Factors of a matrix, its third and its fifth power in a step of [`orthogonalised`] (Jordan et al. 2024): they do not end at singular
/// values of 1, but take small ones near it soonest.
pub const NEWTON_SCHULZ: [f32; 3] = [3.4445, -4.7750, 2.0315];
/// Steps of [`orthogonalised`].
pub const NEWTON_SCHULZ_STEPS: usize = 5;

/// A matrix `[rows, columns]` with about the singular vectors of another, and with singular values between 0.6 and 1.3 where those of the
/// other were not nearly 0 beside its norm.
///
/// By five steps of Newton and Schulz, `X = P X` with `P = a I + b G + c G G` and `G = X Xt`, from the matrix divided by its norm. All `G` and
/// `P` are polynomials of the first `G`, so that they commute: the next `G` is `P P G`, and only the first `G` and the last product are of the
/// size of `X`. What that loses to rounding is 3e-4 of the result's norm where singular values fall by a factor of 1e6, and less than 1e-4 to
/// a factor of 100.
pub fn orthogonalised(isa: Isa, matrix: &[f32], rows: usize, columns: usize) -> Vec<f32> {
    assert_eq!(matrix.len(), product([rows, columns]), "the matrix does not have the shape given");
    if rows > columns {
        let wide = orthogonalised(isa, &transposed(matrix, rows, columns), columns, rows);
        return transposed(&wide, columns, rows);
    }
    let times = |a: &[f32], b: &[f32], inner: usize, columns: usize| {
        linear_input_gradient(isa, a, &GradientKernel::new(inner, columns, 1, b))
    };
    let square = |a: &[f32], b: &[f32]| times(a, b, rows, rows);
    let [a, b, c] = NEWTON_SCHULZ;
    let factor = |gram: &[f32]| {
        let mut factor = square(gram, gram);
        factor.iter_mut().zip(gram).for_each(|(fifth, third)| *fifth = b * third + c * *fifth);
        factor.iter_mut().step_by(rows + 1).for_each(|diagonal| *diagonal += a);
        factor
    };
    let norm = matrix.iter().map(|v| f64::from(*v).powi(2)).sum::<f64>().sqrt() as f32 + 1e-7;
    let x: Vec<f32> = matrix.iter().map(|v| v / norm).collect();
    let mut gram = times(&x, &transposed(&x, rows, columns), columns, rows);
    let mut last = factor(&gram);
    let mut all = last.clone();
    for _ in 1..NEWTON_SCHULZ_STEPS {
        gram = square(&square(&last, &last), &gram);
        last = factor(&gram);
        all = square(&last, &all);
    }
    times(&all, &x, rows, columns)
}

/// A matrix `[rows, columns]` with its columns as rows.
fn transposed(matrix: &[f32], rows: usize, columns: usize) -> Vec<f32> {
    let mut out = vec![0.0; matrix.len()];
    for (row, values) in matrix.chunks_exact(columns.max(1)).enumerate() {
        for (column, value) in values.iter().enumerate() {
            out[column * rows + row] = *value;
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn the_result_is_the_naive_one_and_nearly_orthogonal(rows in 1usize..40, columns in 1usize..40, seed in 0usize..100) {
            // Diagonally dominant, so that no singular value is nearly 0.
            let matrix: Vec<f32> = (0..rows * columns)
                .map(|i| ((i * i + seed) as f32).sin() / 4.0 + if i / columns == i % columns { 12.0 } else { 0.0 })
                .collect();
            let expected = naive(&matrix, rows, columns);
            for isa in Isa::supported() {
                let found = orthogonalised(isa, &matrix, rows, columns);
                for (found, expected) in found.iter().zip(&expected) {
                    prop_assert!((f64::from(*found) - expected).abs() < 1e-3, "{found} for {expected}");
                }
                // Of the shorter side, every row has a length near 1 and is nearly at right angles to the others.
                let short = rows.min(columns);
                let at = |i: usize, k: usize| found[if rows <= columns { i * columns + k } else { k * columns + i }];
                for (i, j) in (0..short).flat_map(|i| (0..short).map(move |j| (i, j))) {
                    let dot: f32 = (0..rows.max(columns)).map(|k| at(i, k) * at(j, k)).sum();
                    let aim = if i == j { 1.0 } else { 0.0 };
                    prop_assert!((dot - aim).abs() < 0.7, "rows {i} and {j}: {dot}");
                }
            }
        }
    }

    /// The same in f64, by the definition.
    fn naive(matrix: &[f32], rows: usize, columns: usize) -> Vec<f64> {
        let norm = matrix.iter().map(|v| f64::from(*v).powi(2)).sum::<f64>().sqrt();
        let mut x: Vec<f64> = matrix.iter().map(|v| f64::from(*v) / norm).collect();
        let [a, b, c] = NEWTON_SCHULZ.map(f64::from);
        for _ in 0..NEWTON_SCHULZ_STEPS {
            // The products from the left or from the right are the same.
            let gram = |i: usize, j: usize| (0..columns).map(|k| x[i * columns + k] * x[j * columns + k]).sum::<f64>();
            let first: Vec<f64> = (0..rows * rows).map(|at| gram(at / rows, at % rows)).collect();
            let times = |values: &[f64]| -> Vec<f64> {
                let sum = |i: usize, j: usize| (0..rows).map(|k| first[i * rows + k] * values[k * columns + j]).sum();
                (0..rows * columns).map(|at| sum(at / columns, at % columns)).collect()
            };
            let third = times(&x);
            let fifth = times(&third);
            x = (0..x.len()).map(|at| a * x[at] + b * third[at] + c * fifth[at]).collect();
        }
        x
    }

    #[test]
    fn zeros_stay_zeros() {
        assert_eq!(orthogonalised(Isa::best(), &[0.0; 6], 2, 3), [0.0; 6]);
        assert!(orthogonalised(Isa::best(), &[], 0, 3).is_empty());
    }
}
