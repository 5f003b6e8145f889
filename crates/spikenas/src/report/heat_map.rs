//! A map of squares, the darker the more, as SVG.

use std::fmt::Write;

use super::axis::LETTER;
use super::chart::{PAPER, escaped};

/// Room for the words at the left end and at the top.
const HEAD: usize = 24;

/// The least width: a narrower drawing would be shown with larger letters than others.
const LEAST: usize = 460;

/// Names of rows and columns, and what each of both are.
pub(super) struct HeatMap {
    pub(super) rows: Vec<String>,
    pub(super) columns: Vec<String>,
    pub(super) titles: [&'static str; 2],
}

/// One square: how dark it is, from 0 to 1, what it says, and what stands in it.
pub(super) struct Square {
    pub(super) part: f64,
    pub(super) words: String,
    pub(super) label: Option<String>,
}

impl HeatMap {
    /// Draws it with a square for each row and column.
    pub(super) fn draw(&self, square: impl Fn(usize, usize) -> Square) -> String {
        let Self { rows, columns, titles: [left, top] } = self;
        let room = |names: &[String]| {
            let longest = names.iter().map(|name| name.chars().count()).max().unwrap_or(0);
            (longest as f64 * LETTER) as usize + HEAD + 8
        };
        let [beside, above] = [room(rows), room(columns)];
        let side = (330 / rows.len().max(columns.len()).max(1)).clamp(16, 44);
        let [width, height] = [(beside + side * columns.len() + 8).max(LEAST), above + side * rows.len() + 8];
        let [ink, muted, grid, fill] = [0, 1, 2, 3].map(|index| {
            let colour = PAPER[index].0;
            format!("#{:02X}{:02X}{:02X}", colour.0, colour.1, colour.2)
        });
        let mut svg = format!(
            r#"<svg width="{width}" height="{height}" viewBox="0 0 {width} {height}" xmlns="http://www.w3.org/2000/svg" font-family="sans-serif" font-size="14">"#
        );
        let middle = beside + side * columns.len() / 2;
        let _ = write!(svg, r#"<text x="{middle}" y="15" text-anchor="middle" fill="{ink}">{top}</text>"#);
        let middle = above + side * rows.len() / 2;
        let _ = write!(
            svg,
            r#"<text transform="translate(15 {middle}) rotate(-90)" text-anchor="middle" fill="{ink}">{left}</text>"#
        );
        for (index, words) in rows.iter().enumerate() {
            let (words, x, y) = (escaped(words), beside - 6, above + side * index + side / 2 + 5);
            let _ = write!(svg, r#"<text x="{x}" y="{y}" text-anchor="end" fill="{muted}">{words}</text>"#);
        }
        for (index, words) in columns.iter().enumerate() {
            let (words, x, y) = (escaped(words), beside + side * index + side / 2 + 5, above - 6);
            let _ = write!(svg, r#"<text transform="translate({x} {y}) rotate(-90)" fill="{muted}">{words}</text>"#);
        }
        for (row, column) in (0..rows.len()).flat_map(|row| (0..columns.len()).map(move |column| (row, column))) {
            let (x, y) = (beside + side * column, above + side * row);
            let Square { part, words, label } = square(row, column);
            let _ = write!(
                svg,
                r#"<rect class="mark" x="{x}" y="{y}" width="{side}" height="{side}" stroke="{grid}" fill="{fill}" fill-opacity="{:.3}"><title>{}</title></rect>"#,
                0.75 * part,
                escaped(&words)
            );
            if let Some(label) = label {
                let (x, y) = (x + side / 2, y + side / 2 + 4);
                let _ = write!(
                    svg,
                    r#"<text x="{x}" y="{y}" text-anchor="middle" font-size="11" fill="{ink}" pointer-events="none">{label}</text>"#
                );
            }
        }
        svg + "</svg>"
    }
}
