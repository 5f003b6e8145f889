use std::ops::{Deref, DerefMut};

/// Bytes of a cache line, which is as long as the widest vector.
const LINE: usize = 64;

/// Values that begin on a cache line, so that a vector of any instruction set never lies across two.
#[derive(Debug, Default)]
pub struct AlignedValues {
    /// The values, behind as many others as lie before the first line.
    values: Vec<f32>,
    offset: usize,
    length: usize,
}

impl AlignedValues {
    /// `length` zeros.
    ///
    /// Nothing is written where the system's fresh pages are zeros already: the threads that fill them touch them first.
    pub fn zeros(length: usize) -> Self {
        let whole = length.checked_add(LINE / size_of::<f32>() - 1).expect("more values than there is memory");
        let values = vec![0.0; whole];
        let offset = values.as_ptr().align_offset(LINE);
        Self { values, offset, length }
    }
}

impl Clone for AlignedValues {
    fn clone(&self) -> Self {
        let mut values = Self::zeros(self.length);
        values.copy_from_slice(self);
        values
    }
}

impl Deref for AlignedValues {
    type Target = [f32];

    fn deref(&self) -> &[f32] {
        &self.values[self.offset..][..self.length]
    }
}

impl DerefMut for AlignedValues {
    fn deref_mut(&mut self) -> &mut [f32] {
        &mut self.values[self.offset..][..self.length]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_begin_on_a_line() {
        for length in [0, 1, 16, 17, 1000, 3 << 18] {
            let mut values = AlignedValues::zeros(length);
            values.fill(1.5);
            assert_eq!((values.len(), values.as_ptr() as usize % 64), (length, 0));
            assert_eq!(values.iter().sum::<f32>(), 1.5 * length as f32);
            let copy = values.clone();
            assert_eq!((&copy[..], copy.as_ptr() as usize % 64), (&values[..], 0));
        }
    }
}
