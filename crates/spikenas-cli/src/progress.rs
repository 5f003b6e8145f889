use std::io::IsTerminal;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressStyle};
use spikenas::{Error, Progress, Result};

use crate::output::say;

/// Least time between two plain lines.
const LINE_EVERY: Duration = Duration::from_secs(10);

/// Progress on stderr: a bar with the time that remains on a terminal, plain lines otherwise. Ctrl-C stops at the next
/// safe place.
pub struct Terminal {
    bar: Option<ProgressBar>,
    stage: String,
    total: usize,
    done: usize,
    begin: Instant,
    last_line: Instant,
    cancelled: Arc<AtomicBool>,
}

impl Terminal {
    /// Listens for Ctrl-C; a second one ends the program at once.
    pub fn new() -> Result<Self> {
        let cancelled = Arc::new(AtomicBool::new(false));
        let flag = cancelled.clone();
        let listen = move || {
            if flag.swap(true, Ordering::Relaxed) {
                std::process::exit(130);
            }
        };
        ctrlc::set_handler(listen).map_err(|e| Error::invalid(format!("cannot listen for Ctrl-C: {e}")))?;
        let now = Instant::now();
        Ok(Self { bar: None, stage: String::new(), total: 0, done: 0, begin: now, last_line: now, cancelled })
    }

    /// How much is done; the total and the time left where the total is known.
    fn state(&self) -> String {
        let (done, total) = (self.done, self.total);
        if total == 0 || done == 0 {
            return done.to_string();
        }
        let left = self.begin.elapsed().as_secs_f64() * total.saturating_sub(done) as f64 / done as f64;
        format!("{done} of {total}, {left:.0} s left")
    }

    fn is_terminal() -> bool {
        std::io::stderr().is_terminal()
    }
}

impl Progress for Terminal {
    fn begin(&mut self, stage: &str, total: usize) {
        (self.stage, self.total, self.done) = (stage.to_string(), total, 0);
        self.begin = Instant::now();
        self.last_line = self.begin;
        if Self::is_terminal() && total > 0 {
            let bar = ProgressBar::new(total as u64).with_prefix(stage.to_string());
            let template = "{prefix} [{bar:30}] {pos}/{len}, {per_sec}, {eta} left  {wide_msg}";
            if let Ok(style) = ProgressStyle::with_template(template) {
                bar.set_style(style.progress_chars("=> "));
            }
            self.bar = Some(bar);
        }
    }

    fn advance(&mut self, steps: usize, message: &str) {
        self.done += steps;
        if let Some(bar) = &self.bar {
            bar.inc(steps as u64);
            bar.set_message(message.to_string());
        } else if self.last_line.elapsed() >= LINE_EVERY {
            self.last_line = Instant::now();
            let comma = if message.is_empty() { "" } else { ", " };
            say(&format!("{}: {}{comma}{message}", self.stage, self.state()));
        }
    }

    fn end(&mut self) {
        if let Some(bar) = self.bar.take() {
            bar.finish_and_clear();
        }
    }

    fn note(&mut self, message: &str) {
        match &self.bar {
            Some(bar) => bar.println(message),
            None => say(message),
        }
    }

    fn is_cancelled(&self) -> bool {
        self.cancelled.load(Ordering::Relaxed)
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        self.end();
    }
}
