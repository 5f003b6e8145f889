//! What is searched: operations on the edges of cells, cells in an architecture, and the spaces of them.
//!
//! Everything here is pure and hashable; nothing knows of shapes or weights.

mod architecture;
mod cell;
mod cell_kind;
mod operation;
mod search_space;

pub use architecture::Architecture;
pub use cell::{Cell, Edge};
pub use cell_kind::CellKind;
pub use operation::{Digits, Kernel, Operation, Transform};
pub use search_space::SearchSpace;
