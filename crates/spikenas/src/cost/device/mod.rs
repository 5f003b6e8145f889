//! Graph -> the memory of its integer network on a device: what lies in flash, and what in RAM under a schedule.
//!
//! The plan is the one that the exported C code follows, so that its symbols have the ledger's bytes.

mod arena;
mod arithmetic;
mod ledger;
mod limits;
mod plan;

pub use arithmetic::{Leak, LeakKind, Limits, Target, WeightBits};
pub use ledger::{DeviceItem, DeviceLedger, DeviceMemory};
pub use limits::{ChipCores, DeviceLimits, DeviceNeed};
pub use plan::{Buffer, DevicePlan, Schedule};
