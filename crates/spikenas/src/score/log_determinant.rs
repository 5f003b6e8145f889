/// log|det A| of a square matrix, `[n, n]` row-major, by elimination with partial pivoting in f64.
///
/// Minus infinity for a singular matrix, NaN where the matrix holds one; 0 for an empty one.
pub fn log_abs_determinant(matrix: &[f64], n: usize) -> f64 {
    assert_eq!(matrix.len(), n * n, "the matrix is not square");
    let mut rows: Vec<Vec<f64>> = matrix.chunks(n.max(1)).map(<[f64]>::to_vec).collect();
    let mut sum = 0.0;
    for column in 0..n {
        let size = |row: usize| rows[row][column].abs();
        let largest = (column..n).fold(column, |best, row| if size(row) > size(best) { row } else { best });
        rows.swap(column, largest);
        let (done, below) = rows.split_at_mut(column + 1);
        let pivot = &done[column];
        if pivot[column] == 0.0 {
            return f64::NEG_INFINITY;
        }
        sum += pivot[column].abs().ln();
        for row in below {
            let factor = row[column] / pivot[column];
            for (a, b) in row[column..].iter_mut().zip(&pivot[column..]) {
                *a -= factor * b;
            }
        }
    }
    sum
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn known_determinants() {
        assert_eq!(log_abs_determinant(&[], 0), 0.0);
        assert_eq!(log_abs_determinant(&[-4.0], 1), 4f64.ln());
        let swapped = [0.0, 2.0, 3.0, 1.0];
        assert!((log_abs_determinant(&swapped, 2) - 6f64.ln()).abs() < 1e-15);
    }

    #[test]
    fn singular_is_minus_infinity_and_nan_stays_nan() {
        assert_eq!(log_abs_determinant(&[7.3; 16], 4), f64::NEG_INFINITY);
        assert_eq!(log_abs_determinant(&[0.0; 4], 2), f64::NEG_INFINITY);
        assert!(log_abs_determinant(&[f64::NAN, 1.0, 1.0, 1.0], 2).is_nan());
    }

    #[test]
    fn nearly_constant_matrix_agrees_with_its_closed_form() {
        // det(a * ones + d * identity) = d^(n-1) * (d + n * a), here with a condition number of 5e7.
        let (n, a, d) = (64, 1e4, 0.0128);
        let matrix: Vec<f64> = (0..n * n).map(|i| if i % (n + 1) == 0 { a + d } else { a }).collect();
        let expected = (n - 1) as f64 * f64::ln(d) + (d + n as f64 * a).ln();
        assert!((log_abs_determinant(&matrix, n) / expected - 1.0).abs() < 1e-8);
    }
}
