use crate::sizes::product;

/// The maps that a convolution reads, and what it writes. Stride 1, zero padding that keeps the size.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ConvolutionMaps {
    /// Samples of the batch.
    pub samples: usize,
    /// Rows of pixels.
    pub height: usize,
    /// Columns of pixels.
    pub width: usize,
    /// Side of the squares of sums that are averaged as they are written, a divisor of height and width; 1 writes all.
    pub pool: usize,
}

impl ConvolutionMaps {
    /// Maps whose sums are all written.
    pub fn new(samples: usize, height: usize, width: usize) -> Self {
        Self { samples, height, width, pool: 1 }
    }

    /// Panics where the sizes wrap, or the averages are not of whole squares.
    pub(crate) fn check(&self) {
        product([self.samples, self.height, self.width]);
        assert!(self.pool > 0, "squares of side 0 have no average");
        assert!(
            self.height.is_multiple_of(self.pool) && self.width.is_multiple_of(self.pool),
            "squares of side {} do not divide maps of {} x {}",
            self.pool,
            self.height,
            self.width
        );
    }

    pub(crate) fn pixels(&self) -> usize {
        product([self.height, self.width])
    }

    /// Pixels that are written; the maps have been checked.
    pub(crate) fn pixels_out(&self) -> usize {
        (self.height / self.pool) * (self.width / self.pool)
    }
}
