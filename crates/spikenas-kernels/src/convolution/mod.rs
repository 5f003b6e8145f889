mod event_driven;
mod events;
mod images;
mod kernel;
mod weight_gradient;

pub(crate) use event_driven::add_rows;
pub use event_driven::convolve_spikes;
pub(crate) use events::{AT_A_TIME, write_places};
pub use images::convolve_images;
pub use kernel::PackedKernel;
pub use weight_gradient::{Planes, weight_gradient};

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
    /// How the sums are written.
    pub layout: Layout,
}

/// Order of the values of a map.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Layout {
    /// `[pixels, channels]`
    #[default]
    ChannelsLast,
    /// `[channels, pixels]`; only where all sums are written.
    Planes,
}

impl ConvolutionMaps {
    /// Maps whose sums are all written.
    pub fn new(samples: usize, height: usize, width: usize) -> Self {
        Self { samples, height, width, pool: 1, layout: Layout::default() }
    }

    pub(crate) fn pixels(&self) -> usize {
        self.height * self.width
    }

    pub(crate) fn pixels_out(&self) -> usize {
        (self.height / self.pool) * (self.width / self.pool)
    }
}

#[cfg(test)]
mod tests;
