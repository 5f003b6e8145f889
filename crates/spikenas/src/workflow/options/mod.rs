//! What somebody asks of a search: only what is said. What is not follows from the images, the preset and the rest of what is
//! said, so that every front end has the same defaults.

mod budget;
mod device;
mod method;
mod network;
mod read;
mod score;
mod search;

pub use budget::BudgetOptions;
pub use device::DeviceOptions;
pub use method::MethodOptions;
pub use network::NetworkOptions;
pub use score::ScoreOptions;
pub use search::SearchOptions;
