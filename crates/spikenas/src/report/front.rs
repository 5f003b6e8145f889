/// Indices of the points with no other of at most as large an x and a higher y, by x; the first of equals.
pub(super) fn pareto_front(points: impl Iterator<Item = (f64, f64)>) -> Vec<usize> {
    let mut order: Vec<(usize, (f64, f64))> = points.enumerate().filter(|(_, (_, y))| y.is_finite()).collect();
    order.sort_by(|(_, a), (_, b)| a.0.total_cmp(&b.0).then(b.1.total_cmp(&a.1)));
    let mut highest = f64::NEG_INFINITY;
    order.retain(|&(_, (_, y))| {
        let better = y > highest;
        highest = highest.max(y);
        better
    });
    order.into_iter().map(|(index, _)| index).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_front_has_what_nothing_smaller_beats() {
        let points = [(5.0, 1.0), (1.0, 0.0), (3.0, 2.0), (3.0, 1.5), (4.0, 2.0), (9.0, 3.0), (0.5, f64::NEG_INFINITY)];
        assert_eq!(pareto_front(points.into_iter()), [1, 2, 5]);
        assert!(pareto_front(std::iter::empty()).is_empty());
    }
}
