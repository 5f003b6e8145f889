//! Charts as SVG: plotters draws axes, lines and legends; points and bars stand on top as elements of their own, so that each
//! carries its value for a reader who points at it.

use std::fmt::Write;

use plotters::coord::Shift;
use plotters::prelude::*;

use super::axis::{Axis, LETTER};
use super::words::shortened;
use crate::{Error, Result};

/// Colours of light paper, each with the name of the page's variable that replaces it there.
pub(super) const PAPER: [(RGBColor, &str); 9] = [
    (RGBColor(0x1b, 0x1f, 0x24), "ink"),
    (RGBColor(0x5c, 0x66, 0x70), "muted"),
    (RGBColor(0xe3, 0xe7, 0xeb), "grid"),
    (RGBColor(0x00, 0x6d, 0xb0), "series-1"),
    (RGBColor(0xd5, 0x5e, 0x01), "series-2"),
    (RGBColor(0x00, 0x8f, 0x68), "series-3"),
    (RGBColor(0xb2, 0x4a, 0x8e), "series-4"),
    (RGBColor(0x8a, 0x6d, 0x00), "series-5"),
    (RGBColor(0x4e, 0x5f, 0xb5), "series-6"),
];
const INK: RGBColor = PAPER[0].0;
const MUTED: RGBColor = PAPER[1].0;
const GRID: RGBColor = PAPER[2].0;
/// Colours of series; with more series they repeat.
const SERIES: usize = PAPER.len() - 3;

const WIDTH: u32 = 520;
const HEIGHT: u32 = 350;
/// Height of a bar with the space around it.
const BAR: u32 = 25;
const FONT: (&str, i32) = ("sans-serif", 15);
/// Height of a row of names of series.
const LEGEND_ROW: u32 = 20;
/// Characters of a name beside a bar or in a legend, at most: the others would be cut off.
const NAME: usize = 30;
/// Characters of a name beside a point.
const LABEL: usize = 24;

/// A point with the words that are shown where a reader points at it.
#[derive(Clone, Debug)]
pub(super) struct Dot {
    pub(super) x: f64,
    pub(super) y: f64,
    /// Index of its series, which gives the colour.
    pub(super) series: usize,
    pub(super) radius: f64,
    pub(super) words: String,
    /// What stands beside it, where there is room; nothing where it is empty.
    pub(super) label: String,
}

/// A line through points.
#[derive(Clone, Debug)]
pub(super) struct Line {
    pub(super) points: Vec<(f64, f64)>,
    pub(super) series: usize,
}

/// A line at one value of an axis, such as a budget.
#[derive(Clone, Debug)]
pub(super) struct Rule {
    pub(super) at: f64,
    pub(super) name: String,
}

/// Points and lines over two axes.
pub(super) struct Plot {
    pub(super) x: Axis,
    pub(super) y: Axis,
    /// Names of the series, for the legend; none where there is only one.
    pub(super) series: Vec<String>,
    pub(super) lines: Vec<Line>,
    pub(super) dots: Vec<Dot>,
    /// A line down from the top at a value of x.
    pub(super) limit: Option<Rule>,
}

/// Bars to the right, one per name.
pub(super) struct Bars {
    pub(super) x: Axis,
    pub(super) bars: Vec<Bar>,
    /// Names of the series, for the legend.
    pub(super) series: Vec<String>,
    /// A line down from the top at a value of x.
    pub(super) limit: Option<Rule>,
}

/// A bar, or several laid end to end.
pub(super) struct Bar {
    pub(super) name: String,
    /// The length and the series of each part.
    pub(super) parts: Vec<(f64, usize)>,
    pub(super) words: String,
}

type Area<'a> = DrawingArea<SVGBackend<'a>, Shift>;

fn colour(series: usize) -> RGBColor {
    PAPER[3 + series % SERIES].0
}

fn hex(colour: RGBColor) -> String {
    format!("#{:02X}{:02X}{:02X}", colour.0, colour.1, colour.2)
}

impl Plot {
    /// Draws it as an SVG document.
    pub(super) fn draw(&self) -> Result<String> {
        let legend = legend_height(&self.series);
        drawn((WIDTH, HEIGHT + legend), |area, marks| {
            let left = self.y.widest_name() + 34;
            let mut chart = ChartBuilder::on(area)
                .margin(10)
                .margin_top(22 + legend)
                .margin_right(18)
                .x_label_area_size(46)
                .y_label_area_size(left)
                .build_cartesian_2d(self.x.clone(), self.y.clone())?;
            chart
                .configure_mesh()
                .light_line_style(TRANSPARENT)
                .bold_line_style(GRID)
                .axis_style(MUTED)
                .label_style(FONT.into_font().color(&MUTED))
                .axis_desc_style(FONT.into_font().color(&INK))
                .x_desc(&self.x.label)
                .y_desc(&self.y.label)
                .draw()?;
            for line in &self.lines {
                let points = line.points.iter().copied();
                chart.draw_series(LineSeries::new(points, colour(line.series).stroke_width(2)))?;
            }
            if let Some(rule) = &self.limit {
                let ends = [(rule.at, self.y.low), (rule.at, self.y.high)];
                chart.draw_series(DashedLineSeries::new(ends, 5, 4, INK.stroke_width(1)))?;
                let (x, y) = chart.backend_coord(&ends[1]);
                marks.limit(x, y - 14, &rule.name);
            }
            for dot in self.dots.iter().filter(|d| d.x.is_finite() && d.y.is_finite()) {
                let (x, y) = chart.backend_coord(&(dot.x, dot.y));
                marks.dot(x, y, dot);
            }
            let labelled = self.dots.iter().filter(|d| !d.label.is_empty() && d.x.is_finite() && d.y.is_finite());
            let places: Vec<_> = labelled.map(|d| (chart.backend_coord(&(d.x, d.y)), d.label.as_str())).collect();
            let (left, top) = chart.backend_coord(&(self.x.low, self.y.high));
            let (right, bottom) = chart.backend_coord(&(self.x.high, self.y.low));
            marks.labels(&places, [left, top, right, bottom]);
            marks.legend(&self.series);
            Ok(())
        })
    }
}

impl Bars {
    /// Draws them as an SVG document.
    pub(super) fn draw(&self) -> Result<String> {
        let names: Vec<String> = self.bars.iter().map(|b| shortened(&b.name, NAME)).collect();
        let y = Axis::of_names(&names);
        let legend = legend_height(&self.series);
        let height = 80 + BAR * self.bars.len() as u32 + legend;
        drawn((WIDTH, height), |area, marks| {
            let mut chart = ChartBuilder::on(area)
                .margin(10)
                .margin_right(22)
                .margin_top(22 + legend)
                .x_label_area_size(46)
                .y_label_area_size(y.widest_name().min(WIDTH / 2) + 14)
                .build_cartesian_2d(self.x.clone(), y.clone())?;
            chart
                .configure_mesh()
                .light_line_style(TRANSPARENT)
                .bold_line_style(GRID)
                .disable_y_mesh()
                .axis_style(MUTED)
                .label_style(FONT.into_font().color(&MUTED))
                .axis_desc_style(FONT.into_font().color(&INK))
                .x_desc(&self.x.label)
                .draw()?;
            for (bar, &middle) in self.bars.iter().zip(&y.ticks) {
                let mut from = 0.0;
                for &(length, series) in bar.parts.iter().filter(|(length, _)| length.is_finite()) {
                    let to = from + length;
                    let (x0, y0) = chart.backend_coord(&(from, middle + 0.36));
                    let (x1, y1) = chart.backend_coord(&(to, middle - 0.36));
                    marks.bar([x0.min(x1), y0, (x1 - x0).abs().max(1), y1 - y0], series, &bar.words);
                    from = to;
                }
            }
            if let Some(rule) = &self.limit {
                let ends = [(rule.at, y.low), (rule.at, y.high)];
                chart.draw_series(DashedLineSeries::new(ends, 5, 4, INK.stroke_width(1)))?;
                let (x, top) = chart.backend_coord(&ends[1]);
                marks.limit(x, top - 14, &rule.name);
            }
            marks.legend(&self.series);
            Ok(())
        })
    }
}

/// Elements on top of what plotters draws.
#[derive(Default)]
struct Marks(String);

impl Marks {
    fn dot(&mut self, x: i32, y: i32, dot: &Dot) {
        let (fill, words) = (hex(colour(dot.series)), escaped(&dot.words));
        let _ = writeln!(
            self.0,
            r#"<circle class="mark" cx="{x}" cy="{y}" r="{}" fill="{fill}" fill-opacity="0.75"><title>{words}</title></circle>"#,
            dot.radius
        );
    }

    fn bar(&mut self, [x, y, width, height]: [i32; 4], series: usize, words: &str) {
        let (fill, words) = (hex(colour(series)), escaped(words));
        let _ = writeln!(
            self.0,
            r#"<rect class="mark" x="{x}" y="{y}" width="{width}" height="{height}" fill="{fill}"><title>{words}</title></rect>"#
        );
    }

    /// The name of a limit beside the top of its line, on the side where there is room.
    fn limit(&mut self, x: i32, y: i32, name: &str) {
        let (anchor, x) = if x > WIDTH as i32 / 2 { ("end", x - 5) } else { ("start", x + 5) };
        self.words(x, y + 11, anchor, name);
    }

    /// A square and a name for each series, above the plot.
    fn legend(&mut self, names: &[String]) {
        let names: Vec<String> = names.iter().map(|name| shortened(name, NAME)).collect();
        for (index, ((x, row), name)) in legend_positions(&names).into_iter().zip(&names).enumerate() {
            let (fill, y) = (hex(colour(index)), 8 + row * LEGEND_ROW as i32);
            let _ = writeln!(self.0, r#"<rect x="{x}" y="{y}" width="12" height="12" rx="2" fill="{fill}"/>"#);
            self.words(x + 17, y + 11, "start", name);
        }
    }

    /// Names beside points: right, left, above or below, wherever one fits into the frame and on no other; what fits nowhere
    /// is left out, and shows where a reader points.
    fn labels(&mut self, points: &[((i32, i32), &str)], [left, top, right, bottom]: [i32; 4]) {
        const HEIGHT: i32 = 15;
        let around = |x: i32, y: i32| [x - 6, y - 6, x + 6, y + 6];
        let mut taken: Vec<[i32; 4]> = points.iter().map(|&((x, y), _)| around(x, y)).collect();
        for (index, &((x, y), name)) in points.iter().enumerate() {
            let name = shortened(name, LABEL);
            let width = (name.chars().count() as f64 * LETTER) as i32;
            let (beside, centred) = (y - HEIGHT / 2, x - width / 2);
            let corners = [(x + 8, beside), (x - 8 - width, beside), (centred, y - 8 - HEIGHT), (centred, y + 8)];
            let boxes = corners.map(|(x, y)| [x, y, x + width, y + HEIGHT]);
            let is_free = |place: &[i32; 4]| {
                let is_inside = place[0] >= left && place[1] >= top && place[2] <= right && place[3] <= bottom;
                is_inside && taken.iter().enumerate().all(|(other, one)| other == index || !overlap(one, place))
            };
            if let Some(place) = boxes.into_iter().find(is_free) {
                taken.push(place);
                self.words(place[0], place[1] + 12, "start", &name);
            }
        }
    }

    fn words(&mut self, x: i32, y: i32, anchor: &str, words: &str) {
        let (fill, words) = (hex(INK), escaped(words));
        let _ = writeln!(
            self.0,
            r#"<text x="{x}" y="{y}" text-anchor="{anchor}" font-family="sans-serif" font-size="14" fill="{fill}">{words}</text>"#
        );
    }
}

/// Whether two boxes, left, top, right and bottom each, have a point in common.
fn overlap(one: &[i32; 4], other: &[i32; 4]) -> bool {
    one[0] < other[2] && other[0] < one[2] && one[1] < other[3] && other[1] < one[3]
}

/// Positions of the names of series: the left end and the row.
fn legend_positions(names: &[String]) -> Vec<(i32, i32)> {
    let (mut x, mut row) = (12, 0);
    let mut positions = Vec::new();
    for name in names {
        let width = 36 + (name.chars().count() as f64 * LETTER) as i32;
        if x > 12 && x + width > WIDTH as i32 {
            (x, row) = (12, row + 1);
        }
        positions.push((x, row));
        x += width;
    }
    positions
}

fn legend_height(names: &[String]) -> u32 {
    let names: Vec<String> = names.iter().map(|name| shortened(name, NAME)).collect();
    legend_positions(&names).last().map_or(0, |&(_, row)| LEGEND_ROW * (row as u32 + 1))
}

/// Text for an element or an attribute.
pub(super) fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

type Drawing = std::result::Result<(), DrawingAreaErrorKind<std::io::Error>>;

fn drawn(size: (u32, u32), draw: impl FnOnce(&Area<'_>, &mut Marks) -> Drawing) -> Result<String> {
    let (mut svg, mut marks) = (String::new(), Marks::default());
    {
        let area = SVGBackend::with_string(&mut svg, size).into_drawing_area();
        let done = draw(&area, &mut marks).and_then(|()| area.present());
        done.map_err(|e| Error::invalid(format!("a figure cannot be drawn: {e}")))?;
    }
    Ok(svg.replace("</svg>", &format!("{}</svg>", marks.0)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn dot(x: f64, y: f64) -> Dot {
        Dot { x, y, series: 0, radius: 3.0, words: format!("<{x}> & {y}"), label: String::new() }
    }

    #[test]
    fn every_finite_point_is_drawn_once_with_its_words() {
        let dots = vec![dot(1.0, 2.0), dot(2.0, f64::NEG_INFINITY), dot(3.0, 4.0)];
        let axis = |label: &str, of: fn(&Dot) -> f64| Axis::over(label, dots.iter().map(of));
        let (x, y) = (axis("x", |d| d.x), axis("y", |d| d.y));
        let limit = Some(Rule { at: 2.5, name: "budget".into() });
        let plot = Plot { x, y, series: vec![], lines: vec![], dots: dots.clone(), limit };
        let svg = plot.draw().unwrap();
        assert_eq!(svg.matches("class=\"mark\"").count(), 2);
        assert!(svg.contains("&lt;1&gt; &amp; 2") && svg.contains(">budget<"), "{svg}");
        assert!(svg.trim_end().ends_with("</svg>"));
    }

    #[test]
    fn points_are_labelled_where_no_label_hides_another() {
        let labelled = |x: f64, y: f64, label: &str| Dot { label: label.into(), ..dot(x, y) };
        let mut dots =
            vec![labelled(1.0, 1.0, "first"), labelled(9.0, 9.0, "a <last> one that is far too long to be shown")];
        dots.extend((0..20).map(|i| labelled(5.0 + 0.001 * f64::from(i), 5.0, &format!("crowded {i}"))));
        let axis = |label: &str, of: fn(&Dot) -> f64| Axis::over(label, dots.iter().map(of));
        let (x, y) = (axis("x", |d| d.x), axis("y", |d| d.y));
        let svg = Plot { x, y, series: vec![], lines: vec![], dots, limit: None }.draw().unwrap();
        assert!(svg.contains(">first</text>") && svg.contains(">a &lt;last&gt; one that is f"), "{svg}");
        assert!((1..=4).contains(&svg.matches(">crowded ").count()), "{svg}");
    }

    #[test]
    fn bars_have_a_name_and_a_mark_for_each_part() {
        let bar =
            |name: &str, parts: &[(f64, usize)]| Bar { name: name.into(), parts: parts.into(), words: name.into() };
        let bars = vec![bar("stem", &[(4.0, 0), (1.0, 1)]), bar("cell 1, 0→1", &[(9.0, 0)])];
        let x = Axis::from_zero("parameters", [5.0, 9.0]);
        let svg = Bars { x, bars, series: vec!["weights".into(), "batch norm".into()], limit: None }.draw().unwrap();
        assert_eq!(svg.matches("class=\"mark\"").count(), 3);
        assert!(svg.contains("cell 1, 0→1") && svg.contains("batch norm"));
    }
}
