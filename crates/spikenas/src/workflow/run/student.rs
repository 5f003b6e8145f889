use std::f64::consts::{FRAC_2_PI, FRAC_PI_2};

/// 97.5 % quantile of Student's t distribution: how many standard errors a mean of `degrees + 1` values may be from zero before it
/// is significantly different from it at 5 %, two-sided. Infinite without any degree of freedom.
pub(super) fn quantile(degrees: usize) -> f64 {
    if degrees == 0 {
        return f64::INFINITY;
    }
    let (mut low, mut high) = (0.0, FRAC_PI_2);
    // Each halving gives a bit.
    for _ in 0..f64::MANTISSA_DIGITS {
        let middle = 0.5 * (low + high);
        if within(middle, degrees) < 0.95 { low = middle } else { high = middle }
    }
    f64::tan(low) * (degrees as f64).sqrt()
}

/// Probability that |t| is at most `tan(angle) sqrt(degrees)` (Abramowitz and Stegun, 26.7.3 and 26.7.4).
fn within(angle: f64, degrees: usize) -> f64 {
    let square = angle.cos().powi(2);
    let is_odd = degrees % 2 == 1;
    let mut term = if is_odd { angle.cos() } else { 1.0 };
    let mut sum = 0.0;
    for next in (if is_odd { 3..=degrees } else { 2..=degrees }).step_by(2) {
        sum += term;
        term *= square * (next - 1) as f64 / next as f64;
    }
    if is_odd { FRAC_2_PI * (angle + angle.sin() * sum) } else { angle.sin() * sum }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// scipy.stats.t.ppf(0.975, degrees), SciPy 1.17.
    #[test]
    fn quantiles_are_those_of_tables() {
        let table = [
            (1, 12.706_205),
            (2, 4.302_653),
            (3, 3.182_446),
            (4, 2.776_445),
            (9, 2.262_157),
            (30, 2.042_272),
            (999, 1.962_341),
        ];
        for (degrees, expected) in table {
            assert!((quantile(degrees) - expected).abs() < 1e-6, "{degrees}: {}", quantile(degrees));
        }
        assert_eq!(quantile(0), f64::INFINITY);
    }
}
