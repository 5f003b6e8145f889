//! Figures, tables and pages of runs; everything is read from records, nothing is computed again.
//!
//! The way of the data: [`Records`] (the content of a folder, and its faults) -> [`Section`]s of facts, figures and
//! tables -> one HTML page, SVG files, or lines of text.

mod activity;
mod answers;
mod axis;
mod cell;
mod chart;
mod classes;
mod command;
mod compare;
mod compose;
mod confusion;
mod correlation;
mod csv;
mod device;
mod document;
mod figure;
mod front;
mod heat_map;
mod list;
mod memory;
mod neurobench;
mod page;
mod published;
mod reading;
mod records;
mod replay;
mod run;
mod schedules;
mod search;
mod seeds;
mod several;
mod study;
mod supernet;
mod text;
mod training;
mod words;

pub use cell::{draw_architecture, draw_in_characters};
pub use command::{command_line, quoted};
pub use correlation::table as correlation_table;
pub use csv::csv;
pub use document::{Picture, Report, Section};
pub use figure::{Column, Figure, Table, Value};
pub use list::{Listed, State, list};
pub use neurobench::{NeuroBench, SynapticOperations};
pub use page::page;
pub use records::{Accuracy, Records, RunRecords, RunSummary, SeedsRecords, StudyRecords};
pub use replay::table as replay_table;
pub use text::{table_lines, text};
pub use words::{duration, grouped, layer, plain, shortened};
