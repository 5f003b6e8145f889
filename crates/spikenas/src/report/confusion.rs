//! A confusion matrix as SVG.

use super::heat_map::{HeatMap, Square};
use super::words::{grouped, percent, plain, shortened};
use crate::engine::ClassResult;

/// Characters of a name beside the matrix.
const NAME: usize = 18;
/// Squares of fewer classes hold their counts.
const COUNTED: usize = 12;

/// The name of a class, or its number where it has none.
pub(super) fn name(classes: &[ClassResult], class: usize) -> String {
    match classes.get(class).map(|c| plain(&c.name)) {
        Some(name) if !name.trim().is_empty() => name,
        _ => format!("class {class}"),
    }
}

/// Rows are the classes of the images, columns what they were taken for; a square is the darker the larger its part of its row.
pub(super) fn draw(classes: &[ClassResult]) -> String {
    let names = |most: usize| (0..classes.len()).map(move |class| shortened(&name(classes, class), most));
    let whole: Vec<String> = names(60).collect();
    let square = |row: usize, column: usize| {
        let class = &classes[row];
        let count = class.predicted.iter().find(|taken| taken.class == column).map_or(0, |taken| taken.count);
        let part = (count as f64 / class.total.max(1) as f64).min(1.0);
        let words = format!(
            "{}, taken for {}: {} of {} ({})",
            whole[row],
            whole[column],
            grouped(count as u64),
            grouped(class.total as u64),
            percent(100.0 * part)
        );
        Square { part, words, label: (count > 0 && classes.len() <= COUNTED).then(|| short(count)) }
    };
    let (rows, columns) = (names(NAME).collect(), names(NAME).collect());
    HeatMap { rows, columns, titles: ["class", "taken for"] }.draw(square)
}

/// A count in at most four characters.
fn short(count: usize) -> String {
    match count {
        0..=9999 => count.to_string(),
        10_000..=999_999 => format!("{}k", count / 1000),
        _ => "…".into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::Taken;

    #[test]
    fn every_pair_has_a_square_with_its_words() {
        let class = |name: &str, predicted: &[(usize, usize)]| ClassResult {
            name: name.into(),
            total: 4,
            correct: 1,
            predicted: predicted.iter().map(|&(class, count)| Taken { class, count }).collect(),
        };
        let svg = draw(&[class("<cat>", &[(0, 1), (1, 3)]), class("dog", &[(1, 4)])]);
        assert_eq!(svg.matches("class=\"mark\"").count(), 4);
        assert!(svg.contains("<title>&lt;cat&gt;, taken for dog: 3 of 4 (75.00 %)</title>"), "{svg}");
        assert!(svg.contains("<title>dog, taken for &lt;cat&gt;: 0 of 4 (0.00 %)</title>"), "{svg}");
        assert!(!svg.contains("<cat>"));
    }
}
