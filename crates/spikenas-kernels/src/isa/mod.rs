//! Instruction sets, chosen once at run time, and the vectors that kernels are written in.

mod feature;
mod instruction_set;
mod operation;
mod vector;
#[cfg(target_arch = "x86_64")]
mod x86;

pub use instruction_set::Isa;
pub(crate) use operation::{BlockOperation, Operation, in_blocks};
pub(crate) use vector::{Vector, stream};
