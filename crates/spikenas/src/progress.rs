/// Receives the progress of long work, and may ask it to stop.
pub trait Progress {
    /// A stage of `total` steps begins.
    fn begin(&mut self, _stage: &str, _total: usize) {}

    /// `steps` more steps of the stage are done; `message` says what is known by now.
    fn advance(&mut self, _steps: usize, _message: &str) {}

    /// The stage is over.
    fn end(&mut self) {}

    /// Something worth a line of its own.
    fn note(&mut self, _message: &str) {}

    /// Whether to stop at the next safe place.
    fn is_cancelled(&self) -> bool {
        false
    }
}

/// A time that is only estimated: `40 s`, `12 min`, `2 h 05 min`, `3.1 days`.
pub(crate) fn rough_duration(seconds: f64) -> String {
    match seconds {
        s if s < 100.0 => format!("{s:.0} s"),
        s if s < 5970.0 => format!("{:.0} min", s / 60.0),
        s if s < 172_800.0 => format!("{} h {:02} min", (s / 3600.0) as u64, s as u64 / 60 % 60),
        s => format!("{:.1} days", s / 86_400.0),
    }
}

/// Ignores all progress.
#[derive(Clone, Copy, Debug, Default)]
pub struct Silent;

impl Progress for Silent {}
