use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use super::{Cell, Digits, Edge, Operation};
use crate::{Error, Result};

/// Marks the text form of an architecture whose digits are those of SpikeNAS-Bench.
const BENCH_PREFIX: &str = "spikenas-bench:";

/// One cell description for each cell of the network.
///
/// The text form is SNASNet's connection matrix, rows from-node, columns to-node, one matrix per cell joined by `/`;
/// a single matrix stands for all cells. Digits below the diagonal are edges back to earlier nodes. Architectures that need the thresholds of SpikeNAS-Bench carry the prefix
/// `spikenas-bench:`, since digits 2 and 4 mean something else there.
///
/// ```
/// use spikenas::space::Architecture;
/// let one: Architecture = "0313 0031 0003 0000".parse().unwrap();
/// let both = one.clone().with_cells(2).unwrap();
/// assert_eq!(both, "0313 0031 0003 0000 / 0313 0031 0003 0000".parse().unwrap());
/// assert_eq!(both.to_string(), "0313 0031 0003 0000");
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(into = "String", try_from = "String")]
pub struct Architecture {
    cells: Vec<Cell>,
}

impl Architecture {
    /// An architecture of the given cells; at least one.
    pub fn new(cells: Vec<Cell>) -> Result<Self> {
        if cells.is_empty() {
            return Err(Error::invalid("an architecture needs at least one cell"));
        }
        Ok(Self { cells })
    }

    /// `count` times the same cell.
    pub fn repeated(cell: Cell, count: usize) -> Result<Self> {
        Self::new(vec![cell; count])
    }

    /// The cells in order.
    pub fn cells(&self) -> &[Cell] {
        &self.cells
    }

    /// The architecture with `count` cells: a single cell is repeated, any other count must fit.
    pub fn with_cells(self, count: usize) -> Result<Self> {
        match self.cells.as_slice() {
            [cell] => Self::repeated(*cell, count),
            cells if cells.len() == count => Ok(self),
            cells => Err(Error::invalid(format!(
                "architecture `{self}` describes {} cells, the network has {count}: give one matrix or {count}",
                cells.len()
            ))),
        }
    }

    /// The architecture with cell `index` replaced.
    pub fn with_cell(&self, index: usize, cell: Cell) -> Self {
        let mut cells = self.cells.clone();
        cells[index] = cell;
        Self { cells }
    }

    /// The first cell without a path from its input to its output, counted from 1; such a network gives the same output
    /// for every image.
    pub fn cell_without_path(&self) -> Option<usize> {
        self.cells.iter().position(|cell| !cell.is_connected()).map(|index| index + 1)
    }

    /// Most spatial convolutions on a path through each cell, added up; `None` where a cell has no path.
    ///
    /// ```
    /// use spikenas::space::Architecture;
    /// let of = |text: &str| text.parse::<Architecture>().unwrap().depth();
    /// assert_eq!([of("0313 0031 0003 0000/0001 0000 0000 0000"), of("0330 0000 0000 0000")], [Some(3), None]);
    /// ```
    pub fn depth(&self) -> Option<usize> {
        self.cells.iter().map(Cell::depth).sum()
    }

    /// The depth, then the number of paths through each cell, added up: at most four a cell and three cells never make up for a
    /// convolution. Minus infinity where a cell has no path.
    pub fn depth_then_paths(&self) -> f64 {
        let paths: usize = self.cells.iter().map(|cell| cell.paths().count()).sum();
        self.depth().map_or(f64::NEG_INFINITY, |depth| depth as f64 + paths as f64 / 16.0)
    }

    /// The depth, then skips less average poolings on paths through each cell, a hundredth each: six edges a cell and three cells never
    /// make up for a convolution. Minus infinity where a cell has no path.
    ///
    /// ```
    /// use spikenas::space::Architecture;
    /// let of = |text: &str| text.parse::<Architecture>().unwrap().depth_then_skips();
    /// assert_eq!([of("0301 0030 0003 0000"), of("0304 0030 0003 0000")], [3.01, 2.99]);
    /// ```
    pub fn depth_then_skips(&self) -> f64 {
        let live = self.pruned();
        let count = |of: Operation| live.cells.iter().flat_map(Cell::operations).filter(|&o| o == of).count() as f64;
        let skips = count(Operation::Skip) - count(Operation::AvgPool3x3);
        self.depth().map_or(f64::NEG_INFINITY, |depth| depth as f64 + skips / 100.0)
    }

    /// The architecture with every edge that is on no path from its cell's input to its output set to zeroize.
    pub fn pruned(&self) -> Self {
        Self { cells: self.cells.iter().map(|cell| cell.pruned()).collect() }
    }

    /// Reads the text form, taking digits without a prefix as `digits` says.
    pub fn parse(text: &str, digits: Digits) -> Result<Self> {
        let (matrices, digits) = match text.trim().strip_prefix(BENCH_PREFIX) {
            Some(rest) => (rest, Digits::SpikenasBench),
            None => (text, digits),
        };
        Self::new(matrices.split('/').map(|matrix| parse_matrix(matrix, digits)).collect::<Result<_>>()?)
    }

    fn digits(&self) -> Digits {
        let is_bench = |o: &Operation| Digits::Snasnet.digit(*o).is_none();
        if self.cells.iter().any(|c| c.all_operations().any(|o| is_bench(&o))) {
            Digits::SpikenasBench
        } else {
            Digits::Snasnet
        }
    }
}

/// One connection matrix: four rows of four digits, zero on the diagonal.
fn parse_matrix(text: &str, digits: Digits) -> Result<Cell> {
    let malformed = |why: String| Error::invalid(format!("`{}` is not a connection matrix: {why}", text.trim()));
    let rows: Vec<&str> = text.split_whitespace().collect();
    if rows.len() != 4 || rows.iter().any(|r| r.chars().count() != 4) {
        return Err(malformed("give four rows of four digits, such as `0313 0031 0003 0000`".into()));
    }
    let mut cell = Cell::uniform(Operation::Zeroize);
    for (from, row) in rows.iter().enumerate() {
        for (to, digit) in row.chars().enumerate() {
            let operation =
                digit.to_digit(10).and_then(|d| digits.operations().get(d as usize).copied()).ok_or_else(|| {
                    malformed(format!("`{digit}` is not one of the digits 0 to {}", digits.operations().len() - 1))
                })?;
            match Edge::between(from, to) {
                Some(edge) => cell = cell.with(edge, operation),
                None if digit == '0' => {}
                None => {
                    return Err(malformed(format!(
                        "row {from}, column {to} is `{digit}`, but no node has an edge to itself"
                    )));
                }
            }
        }
    }
    Ok(cell)
}

impl fmt::Display for Architecture {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let digits = self.digits();
        if digits == Digits::SpikenasBench {
            f.write_str(BENCH_PREFIX)?;
        }
        let equal = self.cells.iter().all(|c| c == &self.cells[0]);
        let shown = if equal { &self.cells[..1] } else { &self.cells[..] };
        for (i, cell) in shown.iter().enumerate() {
            if i > 0 {
                f.write_str("/")?;
            }
            for from in 0..4 {
                if from > 0 {
                    f.write_str(" ")?;
                }
                for to in 0..4 {
                    let digit = Edge::between(from, to).and_then(|e| digits.digit(cell.operation(e))).unwrap_or('0');
                    write!(f, "{digit}")?;
                }
            }
        }
        Ok(())
    }
}

impl FromStr for Architecture {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        Self::parse(text, Digits::Snasnet)
    }
}

impl From<Architecture> for String {
    fn from(architecture: Architecture) -> String {
        architecture.to_string()
    }
}

impl TryFrom<String> for Architecture {
    type Error = Error;

    fn try_from(text: String) -> Result<Self> {
        text.parse()
    }
}

#[cfg(test)]
mod tests {
    use rand::RngExt;

    use super::*;

    #[test]
    fn text_form_round_trips_and_repeats() {
        for text in [
            "0313 0031 0003 0000",
            "0111 0011 0001 0000/0333 0033 0003 0000",
            "spikenas-bench:0413 0021 0003 0000",
            "0303 0020 1001 0210",
        ] {
            assert_eq!(text.parse::<Architecture>().unwrap().to_string(), text);
        }
    }

    #[test]
    fn digits_of_the_bench_are_other_operations() {
        let cell = Architecture::parse("0243 0000 0000 0000", Digits::SpikenasBench).unwrap().cells()[0];
        assert_eq!(cell.operation(Edge::E01), Operation::Conv3x3Low);
        assert_eq!(cell.operation(Edge::E02), Operation::Conv3x3High);
        assert_eq!(cell.operation(Edge::E03), Operation::Conv3x3);
    }

    #[test]
    fn malformed_matrices_say_what_is_wrong() {
        for (text, word) in [
            ("", "four rows"),
            ("0313 0031 0003", "four rows"),
            ("0313 0031 0003 000", "four rows"),
            ("0513 0031 0003 0000", "`5`"),
            ("0x13 0031 0003 0000", "`x`"),
            ("0313 0031 0003 0001", "to itself"),
            ("0313 0031 0003 0000/", "four rows"),
        ] {
            let message = text.parse::<Architecture>().unwrap_err().to_string();
            assert!(message.contains(word), "{text}: {message}");
        }
    }

    #[test]
    fn whatever_is_read_as_an_architecture_is_written_so_that_it_reads_the_same() {
        let mut rng = crate::random::generator(&[11]);
        let alphabet: Vec<char> = "00001234/ \t\n9x\u{0}é\u{ff11}".chars().collect();
        let mut read = 0;
        for round in 0..20_000 {
            // A matrix with a few characters replaced, dropped or doubled.
            let mut text: Vec<char> = "0313 0031 0003 0000/0101 0030 0004 0000".chars().collect();
            for _ in 0..round % 4 {
                let (place, letter) = (rng.random_range(0..text.len()), alphabet[rng.random_range(0..alphabet.len())]);
                match rng.random_range(0..4) {
                    0 => drop(text.remove(place)),
                    1 => text.insert(place, letter),
                    _ => text[place] = letter,
                }
            }
            let text: String = text.into_iter().collect();
            for digits in [Digits::Snasnet, Digits::SpikenasBench] {
                if let Ok(architecture) = Architecture::parse(&text, digits) {
                    read += 1;
                    assert_eq!(architecture.to_string().parse::<Architecture>().unwrap(), architecture, "{text:?}");
                }
            }
        }
        assert!(read > 10_000, "{read} of the texts are architectures");
    }

    #[test]
    fn two_matrices_do_not_fit_three_cells() {
        let two: Architecture = "0111 0011 0001 0000/0333 0033 0003 0000".parse().unwrap();
        assert!(two.with_cells(3).unwrap_err().to_string().contains("describes 2 cells"));
    }
}
