use super::axis::Axis;
use super::chart::{Dot, Line, Plot};
use crate::Result;

/// A point of a figure with a Pareto front.
pub(super) struct FrontPoint {
    /// What is to be small.
    pub(super) x: f64,
    /// What is to be large.
    pub(super) y: f64,
    /// What is shown where a reader points at it.
    pub(super) words: String,
    /// What stands beside it.
    pub(super) label: String,
}

/// A figure of points of which some are on the Pareto front.
pub(super) struct Front {
    /// The indices of those on it, by x.
    pub(super) members: Vec<usize>,
    /// The figure.
    pub(super) svg: String,
}

impl Front {
    /// Draws points, a line through those on the front, and what the others are called.
    pub(super) fn draw(others: &str, x: &str, y: &str, points: &[FrontPoint]) -> Result<Self> {
        let members = pareto_front(points.iter().map(|point| (point.x, point.y)));
        let dots: Vec<Dot> = (0..)
            .zip(points)
            .map(|(index, FrontPoint { x, y, words, label })| Dot {
                x: *x,
                y: *y,
                series: usize::from(members.contains(&index)),
                radius: 5.0,
                words: words.clone(),
                label: label.clone(),
            })
            .collect();
        let steps = members.iter().map(|&index| (points[index].x, points[index].y)).collect();
        let plot = Plot {
            x: Axis::over(x, dots.iter().map(|dot| dot.x)),
            y: Axis::over(y, dots.iter().map(|dot| dot.y)),
            series: [others, "Pareto front"].map(String::from).to_vec(),
            lines: vec![Line { points: steps, series: 1 }],
            dots,
            limit: None,
        };
        Ok(Self { members, svg: plot.draw()? })
    }
}

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
