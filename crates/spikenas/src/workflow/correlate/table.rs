use std::fs::File;
use std::path::Path;

use super::columns::{Form, column, read_truth, text};
use crate::data::shuffled;
use crate::random::{generator, name_key};
use crate::space::{Architecture, Cell};
use crate::{Error, Result};

/// What is said of a table that is not there.
const ABSENT: &str = "there is no such table: give a file of comma-separated values";

/// Trained architectures and their accuracies.
#[derive(Clone, Debug, PartialEq)]
pub struct Table {
    /// One trained architecture each; those of more cells than one have equally many.
    pub rows: Vec<Row>,
    /// Whether the file has its truth as parts of 1, which were made percent.
    pub had_fractions: bool,
}

/// One trained architecture.
#[derive(Clone, Debug, PartialEq)]
pub struct Row {
    /// The architecture; one of a single cell stands for as many like it as the network has.
    pub architecture: Architecture,
    /// The truth: an accuracy in percent.
    pub truth: f64,
}

impl Row {
    /// Whether each cell has a path from its input to its output.
    pub fn is_living(&self) -> bool {
        self.architecture.cell_without_path().is_none()
    }
}

/// A random half of a table's rows, always the same two.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Half {
    /// The half that may be looked at while a score is chosen.
    Choice,
    /// The half that the choice is judged by.
    Verdict,
}

impl Table {
    /// Reads a table with a column `architecture`, in the text form, or with the columns of SpikeNAS-Bench, `op01`, `op02`, `op12`,
    /// `op03`, `op13`, `op23`, with its digits; in any order and among others; and one with the truth. Where no truth is above
    /// 1, all are taken as parts of 1.
    ///
    /// Errors name the file, and the line of a row that cannot be read.
    pub fn read(path: &Path, truth: &str) -> Result<Self> {
        let wrong = |reason: String| Error::file(path, reason);
        let mut reader = csv::Reader::from_reader(File::open(path).map_err(Error::io_or_absent(path, ABSENT))?);
        let heads = reader.headers().map_err(|e| wrong(e.to_string()))?.clone();
        let (form, truth) = (Form::of(&heads).map_err(wrong)?, column(&heads, truth).map_err(wrong)?);
        let (mut rows, mut cells) = (Vec::<Row>::new(), None);
        for record in reader.records() {
            let record = record.map_err(|e| wrong(e.to_string()))?;
            let line = record.position().map_or(0, |p| p.line());
            let on_line = |reason: String| wrong(format!("line {line}: {reason}"));
            let architecture = form.read(&record).map_err(on_line)?;
            let truth = read_truth(text(&record, truth)).map_err(on_line)?;
            let count = architecture.cells().len();
            if count > 1 && cells.is_some_and(|cells| cells != count) {
                return Err(on_line(format!(
                    "`{architecture}` has {count} cells, others before it {}",
                    cells.unwrap_or(1)
                )));
            }
            cells = cells.or((count > 1).then_some(count));
            rows.push(Row { architecture, truth });
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

    /// Cells of the networks that were trained, where an architecture says so: one matrix alone stands for any number.
    pub fn cells(&self) -> Option<usize> {
        self.rows.iter().map(|row| row.architecture.cells().len()).find(|&cells| cells > 1)
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
        self.rows = kept.into_iter().map(|index| self.rows[index].clone()).collect();
        self
    }

    /// Rows drawn by a seed, in the order of the table.
    pub fn sample(mut self, count: usize, seed: u64) -> Self {
        let mut kept = shuffled(self.rows.len(), &mut generator(&[seed, name_key("sample of a table")]));
        kept.truncate(count);
        kept.sort_unstable();
        self.rows = kept.into_iter().map(|index| self.rows[index].clone()).collect();
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

    /// The value that an architecture is ranked by.
    pub fn of(self, architecture: &Architecture) -> f64 {
        match self {
            Trivial::Parameters => convolutions(architecture) as f64,
            Trivial::LiveConvolutions => convolutions(&architecture.pruned()) as f64,
            Trivial::Depth => architecture.depth().map_or(f64::NEG_INFINITY, |depth| depth as f64),
            Trivial::DepthThenPaths => architecture.depth_then_paths(),
        }
    }
}

/// Convolutions of all cells.
pub(super) fn convolutions(architecture: &Architecture) -> usize {
    let operations = architecture.cells().iter().flat_map(Cell::all_operations);
    operations.filter(|operation| operation.kernel().is_some()).count()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::space::{Edge, Operation};

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
        assert_eq!(table.rows[0].architecture.cells()[0].operation(Edge::E03), Operation::Conv3x3Low);
        assert_eq!(table.rows[1].architecture.cells()[0].operation(Edge::E23), Operation::Conv3x3High);
        assert_eq!(table.rows[0].truth, 81.5);
    }

    #[test]
    fn architectures_in_their_text_form_have_as_many_cells_as_the_network() {
        let two = "0313 0031 0003 0000/0001 0000 0000 0000";
        let table = read(&format!("test_acc,architecture\n50,0313 0031 0003 0000\n52.5,{two}\n")).unwrap();
        assert_eq!((table.cells(), table.rows[1].architecture.to_string()), (Some(2), two.to_string()));
        let error = read(&format!("test_acc,architecture\n50,{two}\n51,{two}/0001 0000 0000 0000\n")).unwrap_err();
        assert!(error.to_string().contains("line 3") && error.to_string().contains("3 cells"), "{error}");
        let error = read("test_acc,architecture\n50,0313 0031\n51,0001 0000 0000 0000\n").unwrap_err();
        assert!(error.to_string().contains("line 2") && error.to_string().contains("connection matrix"), "{error}");
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
        let architecture = || Architecture::repeated(Cell::uniform(Operation::Skip), 1).unwrap();
        let row = |truth: usize| Row { architecture: architecture(), truth: truth as f64 };
        let table = Table { rows: (0..101).map(row).collect(), had_fractions: false };
        let truths = |half| table.clone().half(half).rows.iter().map(|r| r.truth as usize).collect::<Vec<_>>();
        let (choice, verdict) = (truths(Half::Choice), truths(Half::Verdict));
        let mut all = [choice.clone(), verdict].concat();
        all.sort_unstable();
        assert_eq!((choice.len(), all), (50, (0..101).collect::<Vec<_>>()));
    }

    #[test]
    fn trivial_ranks_know_what_leads_to_the_output() {
        let values = |text: &str| Trivial::ALL.map(|rank| rank.of(&text.parse().unwrap()));
        assert_eq!(values("0323 0000 0000 0000"), [3.0, 1.0, 1.0, 1.0 + 1.0 / 16.0]);
        assert_eq!(values("0323 0000 0000 0000/0301 0030 0003 0000"), [6.0, 4.0, 4.0, 4.0 + 3.0 / 16.0]);
    }
}
