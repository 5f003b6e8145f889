use std::ops::{Deref, DerefMut};
use std::sync::{Arc, Mutex, PoisonError};

/// Memory that feature maps of one pass leave to the next: fresh pages cost as much as filling them.
#[derive(Clone, Default)]
pub(super) struct Buffers {
    free: Arc<Mutex<Vec<Vec<f32>>>>,
}

/// Some values that go back to their [`Buffers`] when dropped.
pub(super) struct Buffer {
    values: Vec<f32>,
    length: usize,
    home: Buffers,
}

impl Buffers {
    /// So many values, whatever they are: the smallest free buffer that is large enough and not twice as large.
    pub(super) fn take(&self, length: usize) -> Buffer {
        let mut free = self.free.lock().unwrap_or_else(PoisonError::into_inner);
        let fitting = free.iter().enumerate().filter(|(_, v)| (length..=2 * length).contains(&v.len()));
        let values = match fitting.min_by_key(|(_, v)| v.len()).map(|(index, _)| index) {
            Some(index) => free.swap_remove(index),
            None => vec![0.0; length],
        };
        Buffer { values, length, home: self.clone() }
    }
}

impl Drop for Buffer {
    fn drop(&mut self) {
        let values = std::mem::take(&mut self.values);
        self.home.free.lock().unwrap_or_else(PoisonError::into_inner).push(values);
    }
}

impl Deref for Buffer {
    type Target = [f32];

    fn deref(&self) -> &[f32] {
        &self.values[..self.length]
    }
}

impl DerefMut for Buffer {
    fn deref_mut(&mut self) -> &mut [f32] {
        &mut self.values[..self.length]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn buffers_come_back_when_they_fit() {
        let buffers = Buffers::default();
        let pointer = buffers.take(100).as_ptr();
        let again = buffers.take(60);
        assert_eq!((again.as_ptr(), again.len()), (pointer, 60));
        drop(again);
        assert_ne!(buffers.take(40).as_ptr(), pointer);
        assert_ne!(buffers.take(101).as_ptr(), pointer);
    }
}
