use std::time::Instant;

/// Below this, a time is not worth a word.
const SHORT: f64 = 60.0;

/// Part of a training step's time that a test takes for as many images: the forward pass of three.
const TEST: f64 = 1.0 / 3.0;

/// Steps that are waited for before a time is estimated, of which the first, that also claims the memory, does not count.
const STEPS: usize = 4;

/// How long the rest of a training takes, as measured since this process began it.
pub(super) struct Pace {
    /// When the first step was done.
    begin: Option<Instant>,
    steps: usize,
    /// Images since the first step, each times its timesteps.
    images: usize,
    is_said: bool,
}

impl Pace {
    pub fn new() -> Self {
        Self { begin: None, steps: 0, images: 0, is_said: false }
    }

    /// Counts a step on so many images times timesteps.
    pub fn step(&mut self, images: usize) {
        self.steps += 1;
        match self.begin {
            None => self.begin = Some(Instant::now()),
            Some(_) => self.images += images,
        }
    }

    /// Seconds for so many training and test images, each times its timesteps, once steps enough were measured; none where that is short.
    ///
    /// `tested` are the images of the tests so far, whose time was measured with that of the steps.
    pub fn seconds(&self, train: usize, test: usize, tested: usize) -> Option<f64> {
        let begin = self.begin.filter(|_| self.steps >= STEPS && self.images > 0)?;
        let measured = self.images as f64 + TEST * tested as f64;
        let seconds = begin.elapsed().as_secs_f64() / measured * (train as f64 + TEST * test as f64);
        (seconds >= SHORT).then_some(seconds)
    }

    /// Whether the estimate is due, once.
    pub fn is_due(&mut self) -> bool {
        let is_due =
            !self.is_said && self.steps >= STEPS && self.begin.is_some_and(|b| b.elapsed().as_secs_f64() >= 1.0);
        self.is_said |= is_due;
        is_due
    }
}
