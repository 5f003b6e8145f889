//! Axes with round ticks, for plotters.

use std::ops::Range;

use plotters::coord::ranged1d::{KeyPointHint, NoDefaultFormatting, Ranged, ValueFormatter};

/// Width of a letter in pixels, about.
pub(super) const LETTER: f64 = 8.0;
/// With fewer ticks, an axis cannot be read.
const TICKS: usize = 3;

/// How values become positions.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Scale {
    Linear,
    /// Powers of ten.
    Logarithmic,
}

/// One axis.
#[derive(Clone, Debug)]
pub(super) struct Axis {
    pub(super) label: String,
    pub(super) low: f64,
    pub(super) high: f64,
    pub(super) ticks: Vec<f64>,
    names: Vec<String>,
    scale: Scale,
}

impl Axis {
    /// An axis that holds these values; what is not finite is not shown.
    pub(super) fn over(label: &str, values: impl IntoIterator<Item = f64>) -> Self {
        let finite = values.into_iter().filter(|v| v.is_finite());
        let (low, high) = finite.fold((f64::INFINITY, f64::NEG_INFINITY), |(l, h), v| (l.min(v), h.max(v)));
        let (low, high) = if low > high { (0.0, 1.0) } else { (low, high) };
        let margin = if low == high { low.abs().max(1.0) * 0.1 } else { (high - low) * 0.05 };
        Self::between(label, low - margin, high + margin)
    }

    /// An axis of whole numbers over these values, with ticks at whole numbers only.
    pub(super) fn whole(label: &str, values: impl IntoIterator<Item = f64>) -> Self {
        let tight = Self::over(label, values);
        // Room for three whole numbers.
        let high = tight.high.max(tight.low.ceil() + (TICKS - 1) as f64 + 0.05);
        Self { ticks: ticks(tight.low, high, 1.0), high, ..tight }.named()
    }

    /// An axis from zero over these values.
    pub(super) fn from_zero(label: &str, values: impl IntoIterator<Item = f64>) -> Self {
        let high = values.into_iter().filter(|v| v.is_finite()).fold(0.0, f64::max);
        Self::between(label, 0.0, if high == 0.0 { 1.0 } else { high * 1.08 })
    }

    /// An axis of powers of ten over these positive values.
    pub(super) fn logarithmic(label: &str, values: impl IntoIterator<Item = f64>) -> Self {
        let logs = values.into_iter().filter(|v| v.is_finite() && *v > 0.0).map(f64::log10);
        let (low, high) = logs.fold((f64::INFINITY, f64::NEG_INFINITY), |(l, h), v| (l.min(v), h.max(v)));
        let (low, high) = if low > high { (0.0, 1.0) } else { (low.floor(), (high + 0.15).max(low.floor() + 1.0)) };
        let powers = || (low as i32..=high as i32).map(|power| 10f64.powi(power));
        // Few powers of ten say little: 2 and 5 times each as well.
        let steps: &[f64] = if powers().count() < TICKS { &[1.0, 2.0, 5.0] } else { &[1.0] };
        let (low, high) = (10f64.powf(low), 10f64.powf(high));
        let ticks =
            powers().flat_map(|power| steps.iter().map(move |step| step * power)).filter(|&t| t <= high).collect();
        Self { label: label.into(), low, high, ticks, names: vec![], scale: Scale::Logarithmic }.named()
    }

    fn between(label: &str, low: f64, high: f64) -> Self {
        let ticks = ticks(low, high, 0.0);
        Self { label: label.into(), low, high, ticks, names: vec![], scale: Scale::Linear }.named()
    }

    /// With the names of its ticks.
    fn named(mut self) -> Self {
        self.names = self.ticks.iter().map(|&t| short(t)).collect();
        self
    }

    /// Names in the middle of steps of one, the first at the top.
    pub(super) fn of_names(names: &[String]) -> Self {
        let count = names.len() as f64;
        let ticks = (0..names.len()).map(|i| count - 0.5 - i as f64).collect();
        Self { label: String::new(), low: 0.0, high: count, ticks, names: names.to_vec(), scale: Scale::Linear }
    }

    pub(super) fn widest_name(&self) -> u32 {
        let letters = self.names.iter().map(|n| n.chars().count()).max().unwrap_or(0);
        (letters as f64 * LETTER) as u32
    }
}

impl Ranged for Axis {
    type FormatOption = NoDefaultFormatting;
    type ValueType = f64;

    fn map(&self, value: &f64, (from, to): (i32, i32)) -> i32 {
        let position = |value: f64| match self.scale {
            Scale::Linear => value,
            Scale::Logarithmic => value.max(self.low).log10(),
        };
        let part = (position(*value) - position(self.low)) / (position(self.high) - position(self.low));
        from + (part * f64::from(to - from)).round() as i32
    }

    fn key_points<Hint: KeyPointHint>(&self, _: Hint) -> Vec<f64> {
        self.ticks.clone()
    }

    fn range(&self) -> Range<f64> {
        self.low..self.high
    }
}

impl ValueFormatter<f64> for Axis {
    fn format_ext(&self, tick: &f64) -> String {
        let named = self.ticks.iter().position(|t| t == tick);
        named.and_then(|i| self.names.get(i).cloned()).unwrap_or_default()
    }
}

/// Multiples of a step between two values: 1, 2 or 5 times a power of ten and no less than `least`. The largest step that
/// gives more than [`TICKS`], so that there are no more than nine.
fn ticks(low: f64, high: f64, least: f64) -> Vec<f64> {
    let power = 10f64.powi(((high - low) / 5.0).log10().floor() as i32);
    if !(power.is_normal() && power < f64::MAX / 100.0) {
        return vec![low, high];
    }
    let at = |step: f64| -> Vec<f64> {
        let first = (low / step).ceil() as i64;
        (first..).map(|i| i as f64 * step).take_while(|&t| t <= high).take(20).collect()
    };
    let steps = [10.0, 5.0, 2.0, 1.0].map(|n| (n * power).max(least));
    steps.into_iter().map(at).find(|ticks| ticks.len() > TICKS).unwrap_or_else(|| at(steps[3]))
}

/// A number for an axis: `1.2M`, `40k`, `0.05`.
fn short(value: f64) -> String {
    let scaled = |by: f64, unit: &str| format!("{}{unit}", (value / by * 1e4).round() / 1e4);
    match value.abs() {
        v if v >= 1e9 => scaled(1e9, "G"),
        v if v >= 1e6 => scaled(1e6, "M"),
        v if v >= 1e3 => scaled(1e3, "k"),
        v if v > 0.0 && v < 1e-3 => format!("{value:.0e}"),
        _ => scaled(1.0, ""),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn axes_have_round_ticks_within_them() {
        let axis = Axis::over("parameters", [5_200.0, 39_999.0]);
        assert_eq!(axis.ticks, [10_000.0, 20_000.0, 30_000.0, 40_000.0]);
        assert_eq!(axis.names, ["10k", "20k", "30k", "40k"]);
        assert!(Axis::over("one", [3.0]).ticks.iter().filter(|&&t| (2.7..=3.3).contains(&t)).count() > 1);
        assert_eq!(Axis::over("none", [f64::NAN]).ticks.first(), Some(&0.0));
        assert_eq!(Axis::logarithmic("seconds", [0.5, 700.0]).names, ["0.1", "1", "10", "100"]);
        assert_eq!(Axis::logarithmic("seconds", [2.0, 3.0]).names, ["1", "2", "5", "10"]);
        assert_eq!(Axis::whole("epoch", [1.0, 2.0]).names, ["1", "2", "3"]);
        assert_eq!(Axis::whole("epoch", [1.0]).names, ["1", "2", "3"]);
    }

    #[test]
    fn every_axis_has_three_ticks_at_least_and_not_too_many() {
        let count = |axis: Axis| axis.ticks.iter().filter(|&&t| t >= axis.low && t <= axis.high).count();
        for low in [-7.3, 0.0, 0.13, 1.0, 9.99, 37_744.0] {
            for span in (1..200).map(|i| 1.13f64.powi(i - 100)) {
                let values = [low, low + span];
                let whole = Axis::whole("whole", values);
                assert!(whole.ticks.iter().all(|t| t.fract() == 0.0), "{low} {span}: {:?}", whole.ticks);
                for axis in [Axis::over("over", values), Axis::from_zero("zero", values), whole] {
                    let count = count(axis);
                    assert!((3..=9).contains(&count), "{low} {span}: {count} ticks");
                }
            }
            assert!(count(Axis::logarithmic("powers", [low.abs() + 0.1, low.abs() + 0.2])) >= 3);
        }
    }

    #[test]
    fn values_out_of_all_bounds_give_an_axis_all_the_same() {
        for values in [[f64::MAX, f64::MIN], [f64::MAX, f64::MAX], [1e-320, 2e-320], [f64::INFINITY, 3.0]] {
            assert!(Axis::over("over", values).ticks.len() <= 20);
            assert!(Axis::whole("whole", values).ticks.len() <= 20);
            assert!(Axis::from_zero("zero", values).ticks.len() <= 20);
        }
    }
}
