//! Options that commands share: each has one name and one meaning.

mod budget;
mod device;
mod framing;
mod general;
mod images;
mod learning;
mod network;
mod recipe;
mod score;
mod search;
mod shard;
mod space;
mod tasks;
mod training;

pub use budget::{BudgetArguments, parse_bits};
pub use framing::FramingArguments;
pub use general::{CommonArguments, MachineArguments};
pub use images::{DataArguments, parse_shape, short_name};
pub use learning::LearningArguments;
pub use network::{NetworkArguments, WidthList, parse_widths};
pub use score::ScoreArguments;
pub use search::SearchArguments;
pub use shard::ShardArguments;
pub use space::{DigitArguments, Operations, parse_operations};
pub use tasks::TaskArguments;
pub use training::TrainArguments;
