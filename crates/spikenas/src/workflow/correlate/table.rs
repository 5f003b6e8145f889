use std::fs::File;
use std::path::Path;

use crate::data::shuffled;
use crate::random::{generator, name_key};
use crate::space::{Cell, Digits, Edge, Operation};
use crate::{Error, Result};

/// Columns of a table that an error lists, at most.
const LISTED: usize = 20;

/// What is said of a table that is not there.
const ABSENT: &str = "there is no such table: give a file of comma-separated values";

/// Trained cells and their accuracies.
#[derive(Clone, Debug, PartialEq)]
pub struct Table {
    /// One trained cell each.
    pub rows: Vec<Row>,
    /// Whether the file has its truth as parts of 1, which were made percent.
    pub had_fractions: bool,
}

/// One trained cell.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Row {
    /// The cell, alike for all cells of the network.
    pub cell: Cell,
    /// The truth: an accuracy in percent.
    pub truth: f64,
}

/// The highest truth in percent that is read, far above any; sums of many are still exact.
const MOST_TRUTH: f64 = 1e6;

/// A random half of a table's rows, always the same two.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Half {
    /// The half that may be looked at while a score is chosen.
    Choice,
    /// The half that the choice is judged by.
    Verdict,
}

impl Table {
    /// Reads a table of SpikeNAS-Bench's form: columns `op01`, `op02`, `op12`, `op03`, `op13`, `op23` with its digits, in any order
    /// and among others, and one with the truth. Where no truth is above 1, all are taken as parts of 1.
    ///
    /// Errors name the file, and the line of a row that cannot be read.
    pub fn read(path: &Path, truth: &str) -> Result<Self> {
        let wrong = |reason: String| Error::file(path, reason);
        let mut reader = csv::Reader::from_reader(File::open(path).map_err(Error::io_or_absent(path, ABSENT))?);
        let heads = reader.headers().map_err(|e| wrong(e.to_string()))?.clone();
        let column = |name: &str| {
            let found = heads.iter().position(|head| head.trim() == name);
            found.ok_or_else(|| {
                let (shown, more) = (heads.iter().take(LISTED), heads.len().saturating_sub(LISTED));
                let more = if more > 0 { format!(" and {more} more") } else { String::new() };
                wrong(format!("has no column `{name}`; it has {}{more}", shown.collect::<Vec<_>>().join(", ")))
            })
        };
        let edges = Edge::ALL.map(|edge| column(&format!("op{}{}", edge.from(), edge.to())));
        let truth = column(truth)?;
        let mut columns = Vec::new();
        for edge in edges {
            columns.push(edge?);
        }
        let mut rows = Vec::new();
        for record in reader.records() {
            let record = record.map_err(|e| wrong(e.to_string()))?;
            let line = record.position().map_or(0, |p| p.line());
            let text = |column: usize| record.get(column).unwrap_or_default().trim();
            let mut cell = Cell::uniform(Operation::Zeroize);
            for (edge, &column) in Edge::ALL.into_iter().zip(&columns) {
                let operations = Digits::SpikenasBench.operations();
                let operation = text(column).parse::<usize>().ok().and_then(|digit| operations.get(digit).copied());
                let operation = operation
                    .ok_or_else(|| wrong(format!("line {line}: `{}` is not one of the digits 0 to 4", text(column))))?;
                cell = cell.with(edge, operation);
            }
            let value = text(truth).parse::<f64>().ok().filter(|v| v.is_finite());
            let value = value.ok_or_else(|| wrong(format!("line {line}: `{}` is not a number", text(truth))))?;
            if value.abs() > MOST_TRUTH {
                return Err(wrong(format!(
                    "line {line}: {value:e} is no accuracy: give truths of at most {MOST_TRUTH}"
                )));
            }
            rows.push(Row { cell, truth: value });
        }
        if rows.len() < 2 {
            return Err(wrong(format!("has {} rows: there is nothing to rank", rows.len())));
        }
        let had_fractions = rows.iter().all(|row| (0.0..=1.0).contains(&row.truth));
        if had_fractions {
            rows.iter_mut().for_each(|row| row.truth *= 100.0);
        }
        Ok(Self { rows, had_fractions })
    }

    /// One of the two halves.
    pub fn half(mut self, half: Half) -> Self {
        let order = shuffled(self.rows.len(), &mut generator(&[name_key("half of a table")]));
        let (choice, verdict) = order.split_at(self.rows.len() / 2);
        let mut kept = match half {
            Half::Choice => choice.to_vec(),
            Half::Verdict => verdict.to_vec(),
        };
        kept.sort_unstable();
        self.rows = kept.into_iter().map(|index| self.rows[index]).collect();
        self
    }

    /// Rows drawn by a seed, in the order of the table.
    pub fn sample(mut self, count: usize, seed: u64) -> Self {
        let mut kept = shuffled(self.rows.len(), &mut generator(&[seed, name_key("sample of a table")]));
        kept.truncate(count);
        kept.sort_unstable();
        self.rows = kept.into_iter().map(|index| self.rows[index]).collect();
        self
    }
}

/// Ranks that need no network at all: the baselines that every score has to beat.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Trivial {
    /// Convolutions, which is the order of the parameters.
    Parameters,
    /// Convolutions on a path from input to output.
    LiveConvolutions,
    /// Most convolutions on one path.
    Depth,
    /// The same, then the number of paths.
    DepthThenPaths,
}

impl Trivial {
    /// Every trivial rank.
    pub const ALL: [Trivial; 4] =
        [Trivial::Parameters, Trivial::LiveConvolutions, Trivial::Depth, Trivial::DepthThenPaths];

    /// Its name in records.
    pub fn name(self) -> &'static str {
        match self {
            Trivial::Parameters => "rank: parameters",
            Trivial::LiveConvolutions => "rank: live convolutions",
            Trivial::Depth => "rank: depth",
            Trivial::DepthThenPaths => "rank: depth, then paths",
        }
    }

    /// The value that a cell is ranked by.
    pub fn of(self, cell: &Cell) -> f64 {
        let depth = || cell.depth().map_or(f64::NEG_INFINITY, |depth| depth as f64);
        match self {
            Trivial::Parameters => convolutions(cell) as f64,
            Trivial::LiveConvolutions => convolutions(&cell.pruned()) as f64,
            Trivial::Depth => depth(),
            Trivial::DepthThenPaths => depth() + cell.paths().count() as f64 / 16.0,
        }
    }
}

/// Convolutions of a cell.
pub(super) fn convolutions(cell: &Cell) -> usize {
    cell.operations().into_iter().filter(|o| o.kernel().is_some()).count()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<Table> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("table.csv");
        std::fs::write(&path, text).unwrap();
        Table::read(&path, "test_acc")
    }

    const HEADS: &str = "id,op01,op02,op12,op03,op13,op23,test_acc\n";

    #[test]
    fn columns_are_found_by_name() {
        let table = read("test_acc,op23,op13,op03,op12,op02,op01\n81.5,0,0,2,0,0,0\n80,4,0,0,0,1,0\n").unwrap();
        assert_eq!(table.rows[0].cell.operation(Edge::E03), Operation::Conv3x3Low);
        assert_eq!(table.rows[1].cell.operation(Edge::E23), Operation::Conv3x3High);
        assert_eq!(table.rows[0].truth, 81.5);
    }

    #[test]
    fn truths_between_0_and_1_are_made_percent() {
        let fractions = read(&format!("{HEADS}0,0,0,0,1,0,0,0.8125\n1,0,0,0,2,0,0,1\n")).unwrap();
        assert!(fractions.had_fractions);
        assert_eq!(fractions.rows.iter().map(|row| row.truth).collect::<Vec<_>>(), [81.25, 100.0]);
        assert!(!read(&format!("{HEADS}0,0,0,0,1,0,0,0.8\n1,0,0,0,2,0,0,9.5\n")).unwrap().had_fractions);
    }

    #[test]
    fn rows_that_cannot_be_read_are_named() {
        for (text, word) in [
            (format!("{HEADS}0,0,0,0,7,0,0,10\n1,0,0,0,1,0,0,80\n"), "line 2: `7`"),
            (format!("{HEADS}0,0,0,0,1,0,0,good\n"), "line 2: `good`"),
            (format!("{HEADS}0,0,0,0,1,0,0,80\n1,0,0,0,1,0,0,-inf\n"), "line 3: `-inf`"),
            (format!("{HEADS}0,0,0,0,1,0,0,80\n1,0,0,0,1,0,0,1e308\n"), "line 3: 1e308 is no accuracy"),
            (format!("{HEADS}0,0,0,0,1,0,0,80\n"), "1 rows"),
            (format!("{HEADS}0,0,0\n"), "table.csv"),
            ("op01,test_acc\n1,2\n".into(), "no column `op02`"),
        ] {
            let error = read(&text).unwrap_err().to_string();
            assert!(error.contains(word), "{error}");
        }
    }

    #[test]
    fn halves_are_apart_and_make_the_whole() {
        let row = |truth: usize| Row { cell: Cell::uniform(Operation::Skip), truth: truth as f64 };
        let table = Table { rows: (0..101).map(row).collect(), had_fractions: false };
        let truths = |half| table.clone().half(half).rows.iter().map(|r| r.truth as usize).collect::<Vec<_>>();
        let (choice, verdict) = (truths(Half::Choice), truths(Half::Verdict));
        let mut all = [choice.clone(), verdict].concat();
        all.sort_unstable();
        assert_eq!((choice.len(), all), (50, (0..101).collect::<Vec<_>>()));
    }

    #[test]
    fn trivial_ranks_know_what_leads_to_the_output() {
        let cell = "0323 0000 0000 0000".parse::<crate::space::Architecture>().unwrap().cells()[0];
        let values = Trivial::ALL.map(|rank| rank.of(&cell));
        assert_eq!(values, [3.0, 1.0, 1.0, 1.0 + 1.0 / 16.0]);
    }
}
