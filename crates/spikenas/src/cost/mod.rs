//! Graph -> what a network costs: parameters and their memory, synaptic operations, energy; and its budget.

mod budget;
mod ledger;
mod operations;

pub use budget::{Bits, Budget, Scope};
pub use ledger::{Ledger, LedgerEntry, ParameterCount, Unreachable};
pub use operations::{ADDITION_PJ, LayerOperations, MULTIPLICATION_PJ, Operations};
