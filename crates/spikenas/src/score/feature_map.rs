use std::sync::Arc;

use spikenas_kernels::{Affine, Extent, Moments, Sum, Term};

use super::buffers::Buffer;
use crate::plan::Shape;

/// Raw values of a convolution or pooling, with the batch norm to apply on reading.
#[derive(Clone)]
pub(super) struct Part {
    pub(super) values: Arc<Buffer>,
    pub(super) affine: Option<Arc<Vec<Affine>>>,
}

/// What a node holds: the sum of what its edges bring, not yet added up. Of nothing, zeros.
#[derive(Clone)]
pub(super) struct FeatureMap {
    parts: Vec<Part>,
    pub(super) shape: Shape,
    extent: Extent,
}

impl FeatureMap {
    /// Zeros.
    pub(super) fn zeros(shape: Shape, steps: usize, samples: usize) -> Self {
        let extent = Extent { steps, samples, pixels: shape.height * shape.width, channels: shape.channels };
        Self { parts: Vec::new(), shape, extent }
    }

    /// One part.
    pub(super) fn of(part: Part, shape: Shape, steps: usize, samples: usize) -> Self {
        Self { parts: vec![part], ..Self::zeros(shape, steps, samples) }
    }

    /// Adds another map of the same sizes.
    pub(super) fn add(&mut self, other: &FeatureMap) {
        self.parts.extend(other.parts.iter().cloned());
    }

    /// Hands the kernels the sum, normalised where an affine is given.
    pub(super) fn read<R>(&self, affine: Option<&[Affine]>, read: impl FnOnce(&Sum<'_>) -> R) -> R {
        let terms: Vec<Term<'_>> = self
            .parts
            .iter()
            .map(|p| Term { values: &p.values, affine: p.affine.as_deref().map(Vec::as_slice) })
            .collect();
        read(&Sum { terms: &terms, affine, extent: self.extent })
    }
}

/// Joins the moments of maps `[steps, samples]` over the samples of each timestep.
pub(super) fn moments_by_step(maps: &[Moments], samples: usize, channels: usize) -> Vec<Moments> {
    maps.chunks(samples.max(1)).map(|step| Moments::total(step, channels)).collect()
}
