//! The numbers of a network under the names of SNASNet's state dict: drawn, read from and written to safetensors files.

mod checksum;
mod description;
mod draw;
mod drawn;
mod file;
mod framing;
#[cfg(feature = "report")]
mod head;
mod kept;
mod model;
mod normals;
mod origin;
mod selection;
mod state_dict;
mod tensor;

pub use description::NetworkDescription;
pub use draw::draw;
pub use drawn::Drawn;
pub(crate) use file::{INTEGER, IntegerKind, Integers, TensorFile};
pub use framing::{Framing, Split};
#[cfg(feature = "report")]
pub(crate) use head::Head;
pub(crate) use kept::Kept;
pub use model::Model;
pub use origin::{Ancestor, DatasetId, Origin};
pub use selection::{Choice, Selection};
pub use state_dict::Weights;
pub use tensor::Tensor;

#[cfg(test)]
mod tests;
