//! A confusion matrix as SVG.

use std::fmt::Write;

use super::axis::LETTER;
use super::chart::{PAPER, escaped};
use super::words::{grouped, percent, plain, shortened};
use crate::engine::ClassResult;

/// Characters of a name beside the matrix.
const NAME: usize = 18;
/// Room for the words at the left end and at the top.
const HEAD: usize = 24;
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
    let whole: Vec<String> = (0..classes.len()).map(|class| shortened(&name(classes, class), 60)).collect();
    let names: Vec<String> = (0..classes.len()).map(|class| shortened(&name(classes, class), NAME)).collect();
    let room = names.iter().map(|n| n.chars().count()).max().unwrap_or(0) as f64 * LETTER;
    let margin = room as usize + HEAD + 8;
    let side = (330 / classes.len().max(1)).clamp(16, 44);
    let size = margin + side * classes.len() + 8;
    let [ink, muted, grid, fill] = [0, 1, 2, 3].map(|index| {
        let colour = PAPER[index].0;
        format!("#{:02X}{:02X}{:02X}", colour.0, colour.1, colour.2)
    });
    let mut svg = format!(
        r#"<svg width="{size}" height="{size}" viewBox="0 0 {size} {size}" xmlns="http://www.w3.org/2000/svg" font-family="sans-serif" font-size="14">"#
    );
    let middle = margin + side * classes.len() / 2;
    let _ = write!(svg, r#"<text x="{middle}" y="15" text-anchor="middle" fill="{ink}">taken for</text>"#);
    let _ = write!(
        svg,
        r#"<text transform="translate(15 {middle}) rotate(-90)" text-anchor="middle" fill="{ink}">class</text>"#
    );
    for (index, words) in names.iter().enumerate() {
        let (words, at) = (escaped(words), margin + side * index + side / 2 + 5);
        let left = margin - 6;
        let _ = write!(svg, r#"<text x="{left}" y="{at}" text-anchor="end" fill="{muted}">{words}</text>"#);
        let _ = write!(svg, r#"<text transform="translate({at} {left}) rotate(-90)" fill="{muted}">{words}</text>"#);
    }
    for (row, class) in classes.iter().enumerate() {
        let y = margin + side * row;
        for column in 0..classes.len() {
            let x = margin + side * column;
            let count = class.predicted.iter().find(|taken| taken.class == column).map_or(0, |taken| taken.count);
            let part = (count as f64 / class.total.max(1) as f64).min(1.0);
            let words = escaped(&format!(
                "{}, taken for {}: {} of {} ({})",
                whole[row],
                whole[column],
                grouped(count as u64),
                grouped(class.total as u64),
                percent(100.0 * part)
            ));
            let _ = write!(
                svg,
                r#"<rect class="mark" x="{x}" y="{y}" width="{side}" height="{side}" stroke="{grid}" fill="{fill}" fill-opacity="{:.3}"><title>{words}</title></rect>"#,
                0.75 * part
            );
            if count > 0 && classes.len() <= COUNTED {
                let (x, y) = (x + side / 2, y + side / 2 + 4);
                let _ = write!(
                    svg,
                    r#"<text x="{x}" y="{y}" text-anchor="middle" font-size="11" fill="{ink}" pointer-events="none">{}</text>"#,
                    short(count)
                );
            }
        }
    }
    svg + "</svg>"
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
