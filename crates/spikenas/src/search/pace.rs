use std::time::{Duration, Instant};

/// Before this, the time of a search is not told: it is short, or not known yet.
const SOON: Duration = Duration::from_secs(2);

/// The time that a search still takes, from the scores that were computed so far.
#[derive(Debug)]
pub(super) struct Pace {
    begin: Instant,
    computed: usize,
    /// Scores still to be computed, those of later passes and of the confirmation among them.
    left: f64,
    is_told: bool,
}

impl Pace {
    /// A pace that begins now, with so many scores to come.
    pub fn new(left: f64) -> Self {
        Self { begin: Instant::now(), computed: 0, left, is_told: false }
    }

    /// Sets the scores to come, which are known better with every pass.
    pub fn expect(&mut self, left: f64) {
        self.left = left;
    }

    /// One more score is there.
    pub fn step(&mut self) {
        self.computed += 1;
        self.left = (self.left - 1.0).max(0.0);
    }

    /// Seconds that are left, once that can be told.
    pub fn seconds_left(&self) -> Option<f64> {
        let elapsed = self.begin.elapsed();
        (elapsed >= SOON && self.computed > 0).then(|| elapsed.as_secs_f64() * self.left / self.computed as f64)
    }

    /// The same, the first time that it is known and never again.
    pub fn first_estimate(&mut self) -> Option<f64> {
        let seconds = self.seconds_left().filter(|_| !self.is_told)?;
        self.is_told = true;
        Some(seconds)
    }
}
