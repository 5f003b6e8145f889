use rand::RngExt;

use crate::random::Generator;

/// Kendall's tau-b of two sequences: `(concordant - discordant) / sqrt((pairs - ties in a) (pairs - ties in b))`.
///
/// By sorting and counting exchanges (Knight 1966), in n log n. 0 where either sequence is all ties. No value may be NaN.
pub fn kendall_tau_b(a: &[f64], b: &[f64]) -> f64 {
    let counts = PairCounts::new(a, b);
    let untied = (counts.pairs - counts.tied_a) as f64 * (counts.pairs - counts.tied_b) as f64;
    if untied == 0.0 { 0.0 } else { counts.surplus() / untied.sqrt() }
}

/// Pairs of two sequences, by whether they agree.
pub(super) struct PairCounts {
    pub(super) pairs: u64,
    tied_a: u64,
    tied_b: u64,
    tied_both: u64,
    discordant: u64,
}

impl PairCounts {
    pub(super) fn new(a: &[f64], b: &[f64]) -> Self {
        assert_eq!(a.len(), b.len(), "sequences of one length are compared");
        let mut order: Vec<usize> = (0..a.len()).collect();
        order.sort_by(|&i, &j| a[i].total_cmp(&a[j]).then(b[i].total_cmp(&b[j])));
        let sorted = |of: &[f64]| order.iter().map(|&i| of[i]).collect::<Vec<_>>();
        let (sorted_a, mut sorted_b) = (sorted(a), sorted(b));
        let both: Vec<(f64, f64)> = sorted_a.iter().copied().zip(sorted_b.iter().copied()).collect();
        let tied_a = pairs_of_runs(&sorted_a);
        let tied_both = pairs_of_runs(&both);
        let discordant = sort_counting_exchanges(&mut sorted_b);
        let tied_b = pairs_of_runs(&sorted_b);
        Self { pairs: pairs(a.len()), tied_a, tied_b, tied_both, discordant }
    }

    /// Concordant pairs minus discordant ones.
    pub(super) fn surplus(&self) -> f64 {
        let untied = (self.pairs + self.tied_both) as f64 - (self.tied_a + self.tied_b) as f64;
        untied - 2.0 * self.discordant as f64
    }
}

fn pairs(count: usize) -> u64 {
    let count = count as u64;
    count * count.saturating_sub(1) / 2
}

/// Pairs of equal neighbours' runs.
fn pairs_of_runs<T: PartialEq>(sorted: &[T]) -> u64 {
    sorted.chunk_by(|a, b| a == b).map(|run| pairs(run.len())).sum()
}

/// Sorts by merging; returns the number of pairs that were in the wrong order.
fn sort_counting_exchanges(values: &mut [f64]) -> u64 {
    let middle = values.len() / 2;
    if middle == 0 {
        return 0;
    }
    let (left, right) = values.split_at_mut(middle);
    let mut exchanges = sort_counting_exchanges(left) + sort_counting_exchanges(right);
    let (left, right) = (left.to_vec(), right.to_vec());
    let (mut i, mut j) = (0, 0);
    for value in values {
        if j == right.len() || (i < left.len() && left[i] <= right[j]) {
            *value = left[i];
            i += 1;
        } else {
            *value = right[j];
            j += 1;
            exchanges += (left.len() - i) as u64;
        }
    }
    exchanges
}

/// Spearman's rank correlation: Pearson's of the ranks, equal values sharing the mean of theirs. 0 where either is all ties.
pub fn spearman(a: &[f64], b: &[f64]) -> f64 {
    let (a, b) = (mean_ranks(a), mean_ranks(b));
    let mean = (a.len() as f64 - 1.0) / 2.0;
    let product = |x: &[f64], y: &[f64]| x.iter().zip(y).map(|(x, y)| (x - mean) * (y - mean)).sum::<f64>();
    let size = (product(&a, &a) * product(&b, &b)).sqrt();
    if size == 0.0 { 0.0 } else { product(&a, &b) / size }
}

fn mean_ranks(values: &[f64]) -> Vec<f64> {
    let mut order: Vec<usize> = (0..values.len()).collect();
    order.sort_by(|&i, &j| values[i].total_cmp(&values[j]));
    let mut ranks = vec![0.0; values.len()];
    let mut first = 0;
    for run in order.chunk_by(|&i, &j| values[i] == values[j]) {
        let mean = first as f64 + (run.len() as f64 - 1.0) / 2.0;
        run.iter().for_each(|&index| ranks[index] = mean);
        first += run.len();
    }
    ranks
}

/// Ranks without ties: equal values stand in a random order.
pub(super) fn ranks_with_ties_at_random(values: &[f64], rng: &mut Generator) -> Vec<f64> {
    let draws: Vec<u64> = values.iter().map(|_| rng.random()).collect();
    let mut order: Vec<usize> = (0..values.len()).collect();
    order.sort_by(|&i, &j| values[i].total_cmp(&values[j]).then(draws[i].cmp(&draws[j])));
    let mut ranks = vec![0.0; values.len()];
    order.into_iter().enumerate().for_each(|(rank, index)| ranks[index] = rank as f64);
    ranks
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::generator;

    /// By all pairs.
    fn naive_tau_b(a: &[f64], b: &[f64]) -> f64 {
        let (mut surplus, mut of_a, mut of_b) = (0.0, 0.0, 0.0);
        for i in 0..a.len() {
            for j in 0..i {
                let sign = |x: &[f64]| x[i].total_cmp(&x[j]) as i32 as f64;
                surplus += sign(a) * sign(b);
                of_a += sign(a).abs();
                of_b += sign(b).abs();
            }
        }
        if of_a * of_b == 0.0 { 0.0 } else { surplus / f64::sqrt(of_a * of_b) }
    }

    #[test]
    fn tau_is_that_of_all_pairs_with_many_and_few_ties() {
        for (count, values) in [(0, 5), (1, 5), (2, 1), (37, 3), (64, 1000), (101, 7)] {
            let mut rng = generator(&[count as u64, values]);
            let mut draw = || -> Vec<f64> { (0..count).map(|_| rng.random_range(0..values) as f64).collect() };
            let (mut a, b) = (draw(), draw());
            if count > 3 {
                a[1] = f64::NEG_INFINITY;
                a[2] = f64::NEG_INFINITY;
            }
            let (got, want) = (kendall_tau_b(&a, &b), naive_tau_b(&a, &b));
            assert!((got - want).abs() < 1e-12, "{count} of {values}: {got}, not {want}");
        }
    }

    /// scipy.stats.kendalltau and spearmanr, SciPy 1.17: a = [1, 2, 2, 4, 5], b = [3, 1, 4, 4, 9].
    #[test]
    fn values_agree_with_scipy() {
        let (a, b) = ([1.0, 2.0, 2.0, 4.0, 5.0], [3.0, 1.0, 4.0, 4.0, 9.0]);
        assert!((kendall_tau_b(&a, &b) - 0.666_666_666_666_666_7).abs() < 1e-12, "{}", kendall_tau_b(&a, &b));
        assert!((spearman(&a, &b) - 0.763_157_894_736_842).abs() < 1e-12, "{}", spearman(&a, &b));
    }

    #[test]
    fn order_reversed_and_all_ties() {
        assert_eq!(kendall_tau_b(&[1.0, 2.0, 3.0], &[9.0, 5.0, 1.0]), -1.0);
        assert_eq!(
            (kendall_tau_b(&[1.0; 4], &[1.0, 2.0, 3.0, 4.0]), spearman(&[1.0; 3], &[1.0, 2.0, 3.0])),
            (0.0, 0.0)
        );
    }

    #[test]
    fn ties_are_broken_at_random_and_others_keep_their_order() {
        let values = [2.0, 1.0, 2.0, 2.0, 0.0];
        let ranks: Vec<Vec<f64>> = (0..20).map(|s| ranks_with_ties_at_random(&values, &mut generator(&[s]))).collect();
        assert!(ranks.iter().all(|r| r[4] == 0.0 && r[1] == 1.0));
        assert!(ranks.iter().any(|r| r != &ranks[0]));
    }
}
