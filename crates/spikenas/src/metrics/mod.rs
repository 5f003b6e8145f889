//! What a trained network does and costs: accuracy, loss, firing rates, operations, energy.

mod evaluation;
mod operations;

pub(crate) use evaluation::evaluate_in;
pub use evaluation::{Evaluation, LayerRate, check_images, evaluate, predicted};
pub use operations::{ADDITION_PJ, LayerOperations, MULTIPLICATION_PJ, NeuroBench, Operations, SynapticOperations};
