use std::ops::{Deref, DerefMut};

/// As many values as a cache line and the widest vector hold.
#[derive(Clone, Copy, Debug)]
#[repr(C, align(64))]
struct Line([f32; LINE]);

const LINE: usize = 16;

/// Values that begin on a cache line, so that a vector of any instruction set never lies across two.
#[derive(Clone, Debug, Default)]
pub struct AlignedValues {
    lines: Vec<Line>,
    length: usize,
}

impl AlignedValues {
    /// `length` zeros.
    pub fn zeros(length: usize) -> Self {
        Self { lines: vec![Line([0.0; LINE]); length.div_ceil(LINE)], length }
    }
}

impl Deref for AlignedValues {
    type Target = [f32];

    fn deref(&self) -> &[f32] {
        // SAFETY: lines are arrays of f32 without padding, one behind the other, and hold at least `length` of them.
        unsafe { std::slice::from_raw_parts(self.lines.as_ptr().cast(), self.length) }
    }
}

impl DerefMut for AlignedValues {
    fn deref_mut(&mut self) -> &mut [f32] {
        // SAFETY: as above.
        unsafe { std::slice::from_raw_parts_mut(self.lines.as_mut_ptr().cast(), self.length) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_begin_on_a_line() {
        for length in [0, 1, 16, 17, 1000] {
            let mut values = AlignedValues::zeros(length);
            values.fill(1.5);
            assert_eq!((values.len(), values.as_ptr() as usize % 64), (length, 0));
            assert_eq!(values.iter().sum::<f32>(), 1.5 * length as f32);
        }
    }
}
