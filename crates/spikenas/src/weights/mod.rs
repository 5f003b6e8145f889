//! The numbers of a network under the names of SNASNet's state dict: drawn, read from and written to safetensors files.

mod description;
mod draw;
mod file;
mod state_dict;
mod tensor;

pub use description::NetworkDescription;
pub use draw::{Drawn, draw};
pub(crate) use file::TensorFile;
pub use state_dict::Weights;
pub use tensor::Tensor;

#[cfg(test)]
mod tests;
