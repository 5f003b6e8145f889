use std::sync::Arc;

use super::draw::draw;
use super::kept::Kept;
use crate::graph::{Initialisation, Parameter};

/// Drawn tensors, each kept once it was asked for.
pub struct Drawn {
    initialisation: Initialisation,
    seed: u64,
    repeat: u64,
    tensors: Kept<Vec<f32>>,
}

impl Drawn {
    /// Tensors of one repeat.
    pub fn new(initialisation: Initialisation, seed: u64, repeat: u64) -> Self {
        Self { initialisation, seed, repeat, tensors: Kept::default() }
    }

    /// A tensor, see [`draw`].
    pub fn tensor(&self, parameter: &Parameter) -> Arc<Vec<f32>> {
        self.tensors.get(parameter, || draw(parameter, self.initialisation, self.seed, self.repeat))
    }
}
