/// A counter of few bits that starts again from 0: its times in full.
pub(super) struct Clock {
    bits: u32,
    turns: u64,
    last: u64,
}

impl Clock {
    /// A counter of so many bits, at most 63.
    pub fn new(bits: u32) -> Self {
        Self { bits, turns: 0, last: 0 }
    }

    /// A reading in full: it has started again where it is less than the last by more than half its range.
    pub fn read(&mut self, reading: u64) -> u64 {
        self.turns += u64::from(reading + (1 << (self.bits - 1)) < self.last);
        self.last = reading;
        (self.turns << self.bits) + reading
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_counter_that_starts_again_goes_on_and_one_that_is_a_little_out_of_order_does_not_jump() {
        let mut clock = Clock::new(8);
        let read = [3, 200, 190, 255, 4, 2, 130, 1].map(|reading| clock.read(reading));
        assert_eq!(read, [3, 200, 190, 255, 260, 258, 386, 513]);
    }
}
