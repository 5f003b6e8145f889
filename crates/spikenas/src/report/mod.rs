//! Figures, tables and pages of runs; everything is read from records, nothing is computed again.
//!
//! The way of the data: [`Records`] (what stands in a folder, and what is wrong with it) -> [`Section`]s of facts, figures and
//! tables -> one HTML page, SVG files, or lines of text.

mod axis;
mod cell;
mod chart;
mod command;
mod compare;
mod correlation;
mod figure;
mod page;
mod published;
mod records;
mod run;
mod search;
mod study;
mod text;
mod words;

pub use cell::draw_in_characters;
pub use command::command_line;
pub use correlation::table as correlation_table;
pub use figure::{Column, Figure, Table, Value};
pub use page::page;
pub use records::{Records, RunRecords, StudyRecords};
pub use text::{table_lines, text};
pub use words::{duration, grouped};

use serde::Serialize;

use crate::metrics::{NeuroBench, Operations};
use crate::record::{EpochRecord, SearchRecord};

/// What a report says, before it takes a form.
#[derive(Clone, Debug, PartialEq)]
pub struct Report {
    /// The page's title.
    pub title: String,
    /// What was asked and found, in a sentence or two.
    pub summary: String,
    /// The figures that matter most: a name and a value each.
    pub facts: Vec<(String, String)>,
    /// Everything else, in order.
    pub sections: Vec<Section>,
    /// Records that could not be read, and why.
    pub faults: Vec<String>,
}

/// A part of a report under a heading.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Section {
    /// The heading.
    pub title: String,
    /// Paragraphs of text.
    pub words: Vec<String>,
    /// Drawings of cells: a name and an SVG each.
    pub cells: Vec<(String, String)>,
    /// Figures, each with its numbers.
    pub figures: Vec<Figure>,
    /// Tables without a figure.
    pub tables: Vec<Table>,
    /// Something to copy: a command or a file.
    pub code: Vec<String>,
}

impl Section {
    /// A section with nothing in it yet.
    fn titled(title: &str) -> Self {
        Self { title: title.to_string(), ..Self::default() }
    }
}

/// A run in one JSON document.
#[derive(Clone, Debug, Serialize)]
pub struct RunSummary {
    /// The folder.
    pub run: String,
    /// The result of the search.
    pub search: Option<SearchRecord>,
    /// The last epoch of the training.
    pub last_epoch: Option<EpochRecord>,
    /// The figures of the test, under NeuroBench's names.
    pub neurobench: Option<NeuroBench>,
    /// Operations of an inference, layer by layer.
    pub operations: Option<Operations>,
    /// Their energy in picojoules.
    pub energy_pj: Option<f64>,
    /// The command that makes the run again.
    pub command: Option<String>,
    /// Records that could not be read, and why.
    pub faults: Vec<String>,
}

impl Report {
    /// The report of one run or study, or of several compared.
    pub fn new(records: &[Records]) -> crate::Result<Self> {
        match records {
            [Records::Run(run)] => run::report(run),
            [Records::Study(study)] => study::report(study),
            [Records::Correlation(correlation, faults)] => correlation::report(correlation, faults),
            several => compare::report(several),
        }
    }

    /// All figures with their numbers, in order.
    pub fn figures(&self) -> impl Iterator<Item = &Figure> {
        self.sections.iter().flat_map(|s| &s.figures)
    }
}
