/// Bytes that several buffers share, each for the time that it is needed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Arena {
    /// Buffers so far: the first byte, the bytes, and the last step at which it is needed.
    taken: Vec<(usize, usize, usize)>,
    /// The most bytes that are needed at a time.
    pub(super) bytes: usize,
}

impl Arena {
    /// The place of a buffer of so many bytes from one step to another: the first gap that it fits.
    pub(super) fn place(&mut self, bytes: usize, from: usize, to: usize) -> usize {
        self.taken.retain(|&(_, _, last)| last >= from);
        self.taken.sort_unstable();
        let mut start = 0;
        for &(first, taken, _) in &self.taken {
            if start + bytes <= first {
                break;
            }
            start = start.max(first + taken);
        }
        self.taken.push((start, bytes, to));
        self.bytes = self.bytes.max(start + bytes);
        start
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn buffers_take_the_place_of_those_that_nothing_needs_any_more() {
        let mut arena = Arena::default();
        assert_eq!(arena.place(10, 0, 2), 0);
        assert_eq!(arena.place(5, 1, 9), 10);
        assert_eq!(arena.place(4, 3, 5), 0);
        assert_eq!(arena.place(6, 3, 5), 4);
        assert_eq!(arena.place(1, 3, 5), 15);
        assert_eq!(arena.bytes, 16);
    }
}
