use super::kernel::PackedKernel;
use super::maps::ConvolutionMaps;
use crate::sizes::assert_fit_offsets;

/// Where the weights of a map's spikes are: for each chunk of a kernel and each row of pixels, the offset
/// `(column * chunk + channel) * block` of every spike, in this order.
#[derive(Default)]
pub(super) struct Events {
    offsets: Vec<u32>,
    /// `[chunks, height, width + 1]`: where the offsets of each pixel begin, and where those of the row end.
    starts: Vec<u32>,
}

/// Offsets that are written at a time.
pub(crate) const AT_A_TIME: usize = 8;

impl Events {
    /// Panics where the spikes of a map could be more, or the rows of weights of a line of pixels lie further apart, than 32
    /// bits hold.
    pub(super) fn check(maps: &ConvolutionMaps, kernel: &PackedKernel) {
        assert_fit_offsets("neurons of a map", [maps.height, maps.width, kernel.inputs]);
        assert_fit_offsets("weights of a line of pixels", [maps.width, kernel.chunk, kernel.block]);
    }

    /// Lists the spikes of `words`, `[height, width, words of a pixel]`, of maps that have been checked.
    #[inline(always)]
    pub(super) fn list(&mut self, words: &[u64], height: usize, width: usize, kernel: &PackedKernel) {
        let total: usize = words.iter().map(|w| w.count_ones() as usize).sum();
        if self.offsets.len() < total + AT_A_TIME {
            self.offsets.resize(total + AT_A_TIME, 0);
        }
        self.starts.clear();
        if words.is_empty() {
            return;
        }
        let words_per_pixel = kernel.inputs.div_ceil(64);
        let words_per_chunk = kernel.chunk.div_ceil(64);
        let mut count = 0;
        for first in (0..words_per_pixel).step_by(words_per_chunk) {
            let of_chunk = first..(first + words_per_chunk).min(words_per_pixel);
            for row in words.chunks_exact(width * words_per_pixel).take(height) {
                for (column, pixel) in row.chunks_exact(words_per_pixel).enumerate() {
                    self.starts.push(count as u32);
                    for (index, &word) in pixel[of_chunk.clone()].iter().enumerate() {
                        // SAFETY: there is room for all spikes and as many more as one step writes.
                        unsafe {
                            let base = (column * kernel.chunk + index * 64) * kernel.block;
                            write_offsets(word, base, kernel.block, self.offsets.as_mut_ptr().add(count));
                        }
                        count += word.count_ones() as usize;
                    }
                }
                self.starts.push(count as u32);
            }
        }
    }

    /// The starts of a row, `[width + 1]`.
    #[inline(always)]
    pub(super) fn row(&self, chunk: usize, y: usize, height: usize, width: usize) -> &[u32] {
        &self.starts[(chunk * height + y) * (width + 1)..][..width + 1]
    }

    /// The offsets from a start on.
    #[inline(always)]
    pub(super) fn offsets(&self) -> *const u32 {
        self.offsets.as_ptr()
    }
}

/// Writes the offsets of the bits of a word, several at a time so that few branches depend on their number.
///
/// # Safety
/// `to` has room for the bits and `AT_A_TIME` more.
#[inline(always)]
pub(crate) unsafe fn write_offsets(mut word: u64, base: usize, block: usize, mut to: *mut u32) {
    while word != 0 {
        for index in 0..AT_A_TIME {
            // SAFETY: the caller's promise; past the last bit, what is written is not used.
            unsafe { to.add(index).write(base as u32 + word.trailing_zeros() * block as u32) };
            word &= word.wrapping_sub(1);
        }
        // SAFETY: within the room that the caller promises, or not used again.
        to = unsafe { to.add(AT_A_TIME) };
    }
}
