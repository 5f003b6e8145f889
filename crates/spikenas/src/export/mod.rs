//! Trained networks in the forms of other tools and of devices: of the graph and its weights alone.

pub mod c;
pub mod nir;
