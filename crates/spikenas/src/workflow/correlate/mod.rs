//! How well scores rank a table of trained architectures.
//!
//! [`Table`] (architectures and their accuracies) -> [`score_table`] (each score of each, for several seeds) ->
//! [`Correlation`] (how well the order by each score agrees with the table's).

mod columns;
mod inherited;
mod ranks;
mod record;
mod scoring;
mod table;

pub use inherited::{Inherited, inherit_table};
pub use ranks::{kendall_tau_b, spearman};
pub use record::{AllAndLiving, Choice, Correlation, ScoreCorrelation, correlate};
pub use scoring::{CorrelateConfig, Scores, score_table};
pub use table::{Half, Row, Table, Trivial};
