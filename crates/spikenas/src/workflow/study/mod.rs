//! Several runs that answer a question together: the scenarios of the paper's Table 1, and its ablations.
//!
//! A [`Study`] is a list of [`Scenario`]s under common [`Settings`]; each becomes a run folder, all together `study.json`.

mod definition;
mod estimate;
mod record;
mod runner;
mod scenario;
mod settings;

pub use definition::Study;
pub use estimate::Estimate;
pub use record::{ScenarioResult, StudyRecord};
pub use runner::{Named, check, run, run_task, tasks};
pub use scenario::{Kind, Scenario};
pub use settings::{Budgets, NetworkSettings, RandomSearch, ScoreSettings, Settings};
