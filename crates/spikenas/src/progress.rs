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

/// Ignores all progress.
#[derive(Clone, Copy, Debug, Default)]
pub struct Silent;

impl Progress for Silent {}
