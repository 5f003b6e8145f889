use std::sync::Arc;

use spikenas_kernels::{Affine, Term};

use super::buffers::Buffer;

/// Raw values of a convolution or pooling, with the batch norm to apply on reading.
pub(super) struct Part {
    pub(super) values: Buffer,
    /// The values before they were averaged, where they are kept.
    pub(super) unpooled: Option<Buffer>,
    pub(super) affine: Option<Arc<Vec<Affine>>>,
}

impl Part {
    /// The part as the kernels read it.
    pub(super) fn term(&self) -> Term<'_> {
        Term { values: &self.values, affine: self.affine.as_deref().map(Vec::as_slice) }
    }
}
