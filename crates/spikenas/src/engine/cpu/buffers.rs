use std::ops::{Deref, DerefMut};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use spikenas_kernels::AlignedValues;

/// Memory for feature maps, with a ceiling, and for spikes. Memory is used again: fresh pages cost more
/// than filling them.
#[derive(Clone)]
pub(super) struct Buffers {
    pool: Arc<Mutex<Pool>>,
}

struct Pool {
    free: Vec<AlignedValues>,
    /// Values that are in use or free.
    held: usize,
    /// The most values to hold.
    ceiling: usize,
    free_words: Vec<Vec<u64>>,
}

/// Some values that are returned to their [`Buffers`] when dropped.
pub(super) struct Buffer {
    values: AlignedValues,
    length: usize,
    home: Buffers,
}

impl Buffers {
    /// Memory of at most `bytes`.
    pub(super) fn new(bytes: u64) -> Self {
        let ceiling = usize::try_from(bytes / size_of::<f32>() as u64).unwrap_or(usize::MAX);
        Self { pool: Arc::new(Mutex::new(Pool { free: Vec::new(), held: 0, ceiling, free_words: Vec::new() })) }
    }

    fn pool(&self) -> MutexGuard<'_, Pool> {
        self.pool.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The most bytes of feature maps to hold.
    pub(super) fn allowed(&self) -> u64 {
        (self.pool().ceiling as u64).saturating_mul(size_of::<f32>() as u64)
    }

    /// Values that are in use or free.
    #[cfg(test)]
    pub(super) fn held(&self) -> usize {
        self.pool().held
    }

    /// `length` arbitrary values: the smallest free buffer that is large enough and not twice as large, or a new
    /// one; nothing where that would go beyond the ceiling.
    pub(super) fn take(&self, length: usize) -> Option<Buffer> {
        // Memory is asked for, and given back, without the lock.
        let mut given_back = Vec::new();
        let mut pool = self.pool();
        let fitting = pool.free.iter().enumerate().filter(|(_, v)| (length..=2 * length).contains(&v.len()));
        let found = match fitting.min_by_key(|(_, v)| v.len()).map(|(index, _)| index) {
            Some(index) => Some(pool.free.swap_remove(index)),
            None => {
                while pool.held.saturating_add(length) > pool.ceiling {
                    let values = pool.free.pop()?;
                    pool.held -= values.len();
                    given_back.push(values);
                }
                pool.held += length;
                None
            }
        };
        drop(pool);
        drop(given_back);
        let values = found.unwrap_or_else(|| AlignedValues::zeros(length));
        Some(Buffer { values, length, home: self.clone() })
    }

    /// Words for spikes: the smallest free ones that have room for that many, or none.
    pub(super) fn take_words(&self, length: usize) -> Vec<u64> {
        let mut pool = self.pool();
        let fitting = pool.free_words.iter().enumerate().filter(|(_, w)| w.capacity() >= length);
        let smallest = fitting.min_by_key(|(_, w)| w.capacity()).map(|(index, _)| index);
        smallest.map_or_else(Vec::new, |index| pool.free_words.swap_remove(index))
    }

    /// Keeps words for other spikes.
    pub(super) fn give_words(&self, words: Vec<u64>) {
        self.pool().free_words.push(words);
    }
}

impl Drop for Buffer {
    fn drop(&mut self) {
        let values = std::mem::take(&mut self.values);
        self.home.pool().free.push(values);
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
        let buffers = Buffers::new(u64::MAX);
        let pointer = buffers.take(100).unwrap().as_ptr();
        let again = buffers.take(60).unwrap();
        assert_eq!((again.as_ptr(), again.len()), (pointer, 60));
        drop(again);
        assert_ne!(buffers.take(40).unwrap().as_ptr(), pointer);
        assert_ne!(buffers.take(101).unwrap().as_ptr(), pointer);
    }

    #[test]
    fn the_ceiling_holds_and_free_buffers_make_room() {
        let buffers = Buffers::new(400);
        let first = buffers.take(60).unwrap();
        assert!(buffers.take(41).is_none());
        let second = buffers.take(40).unwrap();
        drop((first, second));
        assert_eq!(buffers.take(100).unwrap().len(), 100);
        assert!(buffers.take(101).is_none());
    }
}
