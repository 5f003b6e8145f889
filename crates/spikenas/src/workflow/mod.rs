//! Several stages over one dataset: a [`Project`] does them in memory; a [`run`] searches, trains and tests into a folder; a
//! [`study`] is several runs that answer a question, [`seeds`] the same run with several seeds, and [`front`] the trainings of
//! a search's several answers; [`correlate`] measures how well scores rank a table of trained architectures, [`replay`] how
//! well each method of a search finds the best of it, and [`tabulate`] makes such a table. [`options`] are what a person says
//! of a search, and [`score()`] is one without any.

pub mod correlate;
pub mod front;
pub mod options;
mod part;
#[cfg(test)]
mod power_loss;
mod project;
pub mod replay;
pub mod run;
mod score;
pub mod seeds;
pub mod study;
pub mod tabulate;
mod task;

pub use part::PartRecord;
pub use project::{Project, Trained};
pub use score::{Scored, score};
pub use task::Task;
