use std::collections::HashSet;
use std::io::{IsTerminal, Write, stderr};
use std::time::{Duration, Instant};

use spikenas::Progress;

use crate::output::{duration, say};
use crate::signals::{self, Attention};

/// Least time between two plain lines.
const LINE_EVERY: Duration = Duration::from_secs(10);
/// Least time between two states of the line that changes.
const DRAW_EVERY: Duration = Duration::from_millis(100);
/// Characters of the bar.
const BAR: usize = 30;

/// Progress on stderr: one line that changes on a terminal, plain lines otherwise. A signal stops the work at the next safe
/// place.
pub struct Terminal {
    /// Whether a line can be written over.
    is_live: bool,
    is_drawn: bool,
    stage: Stage,
    /// When there last was a line.
    shown: Instant,
    /// The warnings that were told, each of them once.
    warned: HashSet<String>,
    /// From the first stage on.
    attention: Option<Attention>,
}

/// What is being done.
struct Stage {
    name: String,
    /// 0 where it is not known.
    total: usize,
    done: usize,
    message: String,
    begin: Instant,
}

impl Terminal {
    /// Nothing is shown before the first stage.
    pub fn new() -> Self {
        let is_dumb = std::env::var_os("TERM").is_some_and(|terminal| terminal == "dumb");
        Self {
            is_live: stderr().is_terminal() && !is_dumb,
            is_drawn: false,
            stage: Stage::new("", 0),
            shown: Instant::now(),
            warned: HashSet::new(),
            attention: None,
        }
    }

    fn draw(&mut self) {
        self.shown = Instant::now();
        self.is_drawn = true;
        let _ = write!(stderr(), "\r{}\x1b[K", self.stage.line(width()));
    }

    fn erase(&mut self) {
        if std::mem::take(&mut self.is_drawn) {
            let _ = write!(stderr(), "\r\x1b[K");
        }
    }
}

/// Columns of the terminal.
fn width() -> usize {
    #[cfg(unix)]
    let known = rustix::termios::tcgetwinsize(stderr()).ok().map(|size| usize::from(size.ws_col));
    #[cfg(not(unix))]
    let known = None;
    known.filter(|&columns| columns > 0).unwrap_or(80)
}

impl Stage {
    fn new(name: &str, total: usize) -> Self {
        Self { name: name.into(), total, done: 0, message: String::new(), begin: Instant::now() }
    }

    /// How much is done.
    fn count(&self) -> String {
        if self.total == 0 { self.done.to_string() } else { format!("{} of {}", self.done, self.total) }
    }

    /// The time that remains, where it can be told.
    fn left(&self) -> String {
        if self.total == 0 || self.done == 0 {
            return String::new();
        }
        let rest = self.total.saturating_sub(self.done) as f64;
        format!(", {} left", duration(self.begin.elapsed().as_secs_f64() * rest / self.done as f64))
    }

    /// A plain line.
    fn plain(&self) -> String {
        let comma = if self.message.is_empty() { "" } else { ", " };
        format!("{}: {}{}{comma}{}", self.name, self.count(), self.left(), self.message)
    }

    /// The longest line that fits a terminal.
    fn line(&self, width: usize) -> String {
        let Self { name, message, .. } = self;
        let (count, left) = (self.count(), self.left());
        let full = BAR * self.done.min(self.total) / self.total.max(1);
        let bar = format!("[{}{}]", "=".repeat(full), " ".repeat(BAR - full));
        let percent = 100 * self.done.min(self.total) / self.total.max(1);
        let lines = [
            format!("{name} {bar} {count}{left}  {message}"),
            format!("{name} {bar} {count}{left}"),
            format!("{name}: {count}{left}"),
            format!("{name}: {percent} %{left}"),
        ];
        // A full last column would begin the next row.
        let fits = |line: &String| line.chars().count() < width;
        let known = if self.total == 0 { &lines[2..3] } else { &lines[..] };
        let line = known.iter().find(|line| fits(line)).or(known.last()).map_or("", String::as_str);
        line.chars().take(width.saturating_sub(1)).collect()
    }
}

impl Progress for Terminal {
    fn begin(&mut self, stage: &str, total: usize) {
        self.attention.get_or_insert_with(Attention::new);
        self.stage = Stage::new(stage, total);
        self.shown = self.stage.begin;
        if self.is_live {
            self.draw();
        }
    }

    fn advance(&mut self, steps: usize, message: &str) {
        self.stage.done += steps;
        message.clone_into(&mut self.stage.message);
        if self.is_live && self.shown.elapsed() >= DRAW_EVERY {
            self.draw();
        } else if !self.is_live && self.shown.elapsed() >= LINE_EVERY {
            self.shown = Instant::now();
            say(&self.stage.plain());
        }
    }

    fn end(&mut self) {
        self.erase();
    }

    fn note(&mut self, message: &str) {
        // Training and test look at the same network, and say the same of it.
        if message.starts_with("warning: ") && !self.warned.insert(message.into()) {
            return;
        }
        let was_drawn = self.is_drawn;
        self.erase();
        message.lines().for_each(say);
        if was_drawn {
            self.draw();
        }
    }

    fn is_cancelled(&self) -> bool {
        signals::is_received()
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        self.erase();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_fits_any_width_and_says_most_where_there_is_room() {
        let mut stage = Stage::new("epoch 12 of 300", 50_000);
        (stage.done, stage.message) = (12_500, "loss 1.2345".into());
        for width in 0..200 {
            assert!(stage.line(width).chars().count() <= width.saturating_sub(1), "{width}");
        }
        assert!(stage.line(120).ends_with("left  loss 1.2345"), "{}", stage.line(120));
        assert!(stage.line(120).contains("[=======                       ] 12500 of 50000, "));
        assert!(stage.line(40).starts_with("epoch 12 of 300: 25 %, "), "{}", stage.line(40));
        stage.total = 0;
        assert_eq!(stage.line(40), "epoch 12 of 300: 12500");
    }
}
