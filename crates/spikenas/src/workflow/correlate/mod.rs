//! How well scores rank a table of trained architectures.
//!
//! [`Table`] (architectures and their accuracies) -> [`score_table`] (each score of each, for several seeds) ->
//! [`Correlation`] (how well the order by each score agrees with the table's). Several processes share the scores of a table:
//! [`score_part`] by each, then [`merge_scores`].

mod columns;
mod config;
mod inherited;
mod ranks;
mod record;
mod round;
mod scores;
mod scoring;
mod shards;
mod table;
mod taken_over;

pub use config::CorrelateConfig;
pub use inherited::{Inherited, inherit_table};
pub use ranks::{kendall_tau_b, spearman};
pub use record::{AllAndLiving, Choice, Correlation, ScoreCorrelation, correlate};
pub use scores::Scores;
pub use scoring::score_table;
pub use shards::{is_shared, merge_scores, score_part};
pub use table::{Half, Row, Table, Trivial};
