//! Graph -> what a network costs: parameters and their memory, synaptic operations, energy; and its budget.

mod budget;
mod chip;
mod device;
mod ledger;
mod memory;
mod operations;

pub use budget::{Bits, Budget, Scope, parse_bytes};
pub use chip::{ChipCheck, ChipEnergy, ChipLimit, Figure, Microcontroller, Need, Neuromorphic, Profile, ProfileKind};
pub use device::{
    Buffer, ChipCores, DeviceItem, DeviceLedger, DeviceLimits, DeviceMemory, DeviceNeed, DevicePlan, Leak, LeakKind,
    Limits, Schedule, Target, WeightBits,
};
pub use ledger::{Ledger, LedgerEntry, ParameterCount, Unreachable};
pub use memory::Memory;
pub use operations::{ADDITION_PJ, LayerOperations, MULTIPLICATION_PJ, Operations};
