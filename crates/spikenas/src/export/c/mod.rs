//! An integer network as C99: one header, one source without allocation or any library but `stdint.h` and `string.h`, and a test
//! program with golden inputs and outputs.
//!
//! The source follows the plan of [`DevicePlan`](crate::cost::DevicePlan): its constants and its static state have the bytes of the device's ledger.

mod export;
mod header;
mod layers;
mod name;
mod packed;
mod runtime;
mod source;
mod test;

pub use export::CExport;
pub use name::Name;
