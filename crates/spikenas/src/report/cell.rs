//! A cell as a graph: as SVG, and in characters.

use std::fmt::Write;

use super::chart::{PAPER, escaped};
use crate::space::{Architecture, Cell, Edge, Kernel, Operation, Transform};

/// Middles of the nodes in the SVG, and the size of the drawing.
const NODES: [(i32, i32); 4] = [(40, 108), (200, 108), (360, 108), (520, 108)];
const SIZE: (i32, i32) = (560, 216);
/// Height of the drawing where edges lead back.
const DEEPER: i32 = 292;

/// Distance of the middle of an edge from the row of nodes; upwards is negative.
fn bend(edge: Edge) -> i32 {
    match edge {
        Edge::E01 | Edge::E12 | Edge::E23 => 0,
        Edge::E02 => -56,
        Edge::E13 => -84,
        Edge::E03 => 84,
        Edge::E10 | Edge::E21 | Edge::E32 => 34,
        Edge::E20 | Edge::E31 => 120,
        Edge::E30 => 154,
    }
}

/// Every edge that connects, those back last.
fn connecting(cell: &Cell) -> impl Iterator<Item = Edge> {
    Edge::ALL.into_iter().chain(Edge::BACK).filter(|&edge| cell.operation(edge) != Operation::Zeroize)
}

/// Draws the edges that connect, each with the name of its operation; dashes lead back, a timestep later.
pub(super) fn draw(cell: &Cell) -> String {
    let colour = |index: usize| format!("#{:02X}{:02X}{:02X}", PAPER[index].0.0, PAPER[index].0.1, PAPER[index].0.2);
    let (ink, muted) = (colour(0), colour(1));
    let (width, height) = (SIZE.0, if cell.has_feedback() { DEEPER } else { SIZE.1 });
    let mut svg = format!(
        r#"<svg width="{width}" height="{height}" viewBox="0 0 {width} {height}" xmlns="http://www.w3.org/2000/svg">"#
    );
    for edge in connecting(cell) {
        let operation = cell.operation(edge);
        let stroke = match operation.transform() {
            Transform::Nothing => continue,
            Transform::Identity => muted.clone(),
            Transform::AveragePool(_) => colour(5),
            Transform::Convolution { kernel: Kernel::ONE, .. } => colour(6),
            Transform::Convolution { .. } => colour(3),
        };
        let ((x0, y0), (x1, y1)) = (NODES[edge.from()], NODES[edge.to()]);
        let bend = bend(edge);
        // A cubic curve passes at three quarters of the height of its handles.
        let handle = y0 + bend * 4 / 3;
        let lift = bend.signum() * 13;
        let inset = if bend == 0 { 15 } else { 6 };
        let forth = (x1 - x0).signum();
        let (xa, ya, xb, yb) = (x0 + forth * inset, y0 + lift, x1 - forth * (inset + 4), y1 + lift);
        let dashes = if edge.is_back() { r#" stroke-dasharray="5 3""# } else { "" };
        let third = (x1 - x0) / 4;
        let _ = write!(
            svg,
            r#"<path d="M{xa} {ya} C{} {handle} {} {handle} {xb} {yb}" fill="none" stroke="{stroke}" stroke-width="2"{dashes}/>"#,
            x0 + third,
            x1 - third
        );
        let head = arrow_head((x1 - third, handle), (xb, yb));
        let _ = write!(svg, r#"<polygon points="{head}" fill="{stroke}"/>"#);
        let (middle, y) = ((x0 + x1) / 2, y0 + bend + if bend > 0 { 17 } else { -7 });
        let name = escaped(operation.name());
        let _ = write!(
            svg,
            r#"<text x="{middle}" y="{y}" text-anchor="middle" font-family="sans-serif" font-size="13" fill="{ink}">{name}</text>"#
        );
    }
    for (index, (x, y)) in NODES.into_iter().enumerate() {
        let _ = write!(
            svg,
            r#"<circle cx="{x}" cy="{y}" r="14" fill="none" stroke="{ink}" stroke-width="1.5"/><text x="{x}" y="{}" text-anchor="middle" font-family="sans-serif" font-size="14" fill="{ink}">{index}</text>"#,
            y + 5
        );
    }
    svg += "</svg>";
    svg
}

/// Draws an architecture as an SVG: one cell where all are alike, and otherwise each under the one before.
pub fn draw_architecture(architecture: &Architecture) -> String {
    let cells = architecture.cells();
    let is_repeated = cells.windows(2).all(|pair| pair[0] == pair[1]);
    if let (true, Some(cell)) = (is_repeated, cells.first()) {
        return draw(cell);
    }
    let (mut drawings, mut y) = (String::new(), 0);
    for cell in cells {
        drawings += &draw(cell).replacen("<svg", &format!(r#"<svg y="{y}""#), 1);
        y += if cell.has_feedback() { DEEPER } else { SIZE.1 };
    }
    let width = SIZE.0;
    format!(
        r#"<svg width="{width}" height="{y}" viewBox="0 0 {width} {y}" xmlns="http://www.w3.org/2000/svg">{drawings}</svg>"#
    )
}

/// The corners of an arrow's head at the end of a line that comes from a handle.
fn arrow_head(handle: (i32, i32), end: (i32, i32)) -> String {
    let (dx, dy) = (f64::from(end.0 - handle.0), f64::from(end.1 - handle.1));
    let length = dx.hypot(dy).max(1.0);
    let (dx, dy) = (dx / length, dy / length);
    let (tip_x, tip_y) = (f64::from(end.0) + 4.0 * dx, f64::from(end.1) + 4.0 * dy);
    let corner = |along: f64, across: f64| {
        format!("{:.1},{:.1}", tip_x - along * dx - across * dy, tip_y - along * dy + across * dx)
    };
    [corner(0.0, 0.0), corner(11.0, 5.0), corner(11.0, -5.0)].join(" ")
}

/// The cell in words: the text alternative.
pub(super) fn words(cell: &Cell) -> String {
    let edge = |e: Edge| format!("{}→{} {}", e.from(), e.to(), cell.operation(e).name());
    connecting(cell).map(edge).collect::<Vec<_>>().join(", ")
}

/// Columns between two nodes of the drawing in characters.
const STEP: usize = 18;

/// A cell in characters, four lines of 58 columns; edges back, which add a timestep later, are named in a fifth.
///
/// ```
/// use spikenas::report::draw_in_characters;
/// let cell = "0313 0041 0003 0000".parse::<spikenas::space::Architecture>().unwrap().cells()[0];
/// assert_eq!(
///     draw_in_characters(&cell),
///     [
///         "                    ╭────────────── skip ───────────────▼",
///         "  ╭───── skip ──────┼─────────────────▼                 │",
///         " (0)─── conv3x3 ──▶(1)─ avgpool3x3 ─▶(2)─── conv3x3 ──▶(3)",
///         "  ╰────────────────────── conv3x3 ──────────────────────▲",
///     ]
///     .join("\n")
/// );
/// ```
pub fn draw_in_characters(cell: &Cell) -> String {
    let node = |index: usize| 2 + index * STEP;
    let mut rows = vec![vec![' '; node(3) + 2]; 4];
    let mut put = |row: usize, column: usize, text: &str| {
        text.chars().enumerate().for_each(|(i, c)| rows[row][column + i] = c);
    };
    for edge in Edge::ALL {
        let operation = cell.operation(edge);
        if operation == Operation::Zeroize {
            continue;
        }
        let (from, to) = (node(edge.from()), node(edge.to()));
        let (row, start, end) = match edge {
            Edge::E01 | Edge::E12 | Edge::E23 => (2, '─', '▶'),
            Edge::E13 => (0, '╭', '▼'),
            Edge::E02 => (1, '╭', '▼'),
            _ => (3, '╰', '▲'),
        };
        let (first, last) = if row == 2 { (from + 2, to - 2) } else { (from, to) };
        let name = format!(" {} ", operation.name());
        let length = last - first + 1;
        // The name of 0→2 stands before node 1, where 1→3 crosses.
        let room = if edge == Edge::E02 { STEP } else { length };
        let before = room.saturating_sub(name.chars().count()) / 2;
        let mut line: Vec<char> = vec!['─'; length];
        name.chars().enumerate().for_each(|(i, c)| line[before + i] = c);
        (line[0], line[length - 1]) = (start, end);
        put(row, first, &line.into_iter().collect::<String>());
    }
    // 1→3 passes the row of 0→2 on its way up and down.
    if cell.operation(Edge::E13) != Operation::Zeroize {
        put(1, node(1), if cell.operation(Edge::E02) == Operation::Zeroize { "│" } else { "┼" });
        put(1, node(3), "│");
    }
    for index in 0..4 {
        put(2, node(index) - 1, &format!("({index})"));
    }
    let mut lines: Vec<String> =
        rows.into_iter().map(|row| row.into_iter().collect::<String>().trim_end().to_string()).collect();
    if cell.has_feedback() {
        let back = connecting(cell).filter(|edge| edge.is_back());
        let names = back.map(|edge| format!("{}→{} {}", edge.from(), edge.to(), cell.operation(edge).name()));
        lines.push(format!("  back: {}", names.collect::<Vec<_>>().join(", ")));
    }
    lines.join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cell(text: &str) -> Cell {
        text.parse::<Architecture>().unwrap().cells()[0]
    }

    #[test]
    fn edges_without_connection_are_not_drawn() {
        assert_eq!(draw(&cell("0313 0031 0003 0000")).matches("<path").count(), 6);
        let svg = draw(&cell("0003 0000 0000 0000"));
        assert_eq!((svg.matches("<path").count(), svg.matches("conv3x3").count()), (1, 1));
        assert!(!draw_in_characters(&cell("0003 0000 0000 0000")).contains('╭'));
    }

    #[test]
    fn edges_back_are_dashed_and_named() {
        let feedback = cell("0303 0020 1001 0210");
        let svg = draw(&feedback);
        assert_eq!((svg.matches("<path").count(), svg.matches("dasharray").count()), (7, 3));
        assert!(words(&feedback).ends_with("2→0 skip, 3→1 conv1x1, 3→2 skip"), "{}", words(&feedback));
        assert!(draw_in_characters(&feedback).ends_with("  back: 2→0 skip, 3→1 conv1x1, 3→2 skip"));
    }

    #[test]
    fn cells_that_are_alike_are_drawn_once_and_others_one_under_the_other() {
        let drawings = |text: &str| draw_architecture(&text.parse().unwrap());
        assert_eq!(drawings("0003 0000 0000 0000"), draw(&cell("0003 0000 0000 0000")));
        let both = drawings("0003 0000 0000 0000/0313 0031 0003 0000");
        assert_eq!((both.matches("<path").count(), both.matches("<svg").count()), (7, 3));
        assert!(both.contains(r#"height="432""#) && both.contains(r#"<svg y="216""#), "{both}");
    }

    #[test]
    fn words_name_every_connection() {
        assert_eq!(words(&cell("0310 0001 0000 0000")), "0→1 conv3x3, 0→2 skip, 1→3 skip");
    }
}
