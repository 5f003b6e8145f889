//! Numbers and names as a person reads them.

pub use crate::graph::layer_place as layer;

/// A whole number with its thousands separated by narrow spaces: `1 234 567`.
pub fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut out = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            out.push('\u{202f}');
        }
        out.push(digit);
    }
    out
}

/// A duration: `0.24 s`, `17.6 s`, `3 min 13 s`, `2 h 05 min`.
pub fn duration(seconds: f64) -> String {
    match seconds {
        s if s < 1.0 => format!("{s:.2} s"),
        s if s < 60.0 => format!("{s:.1} s"),
        s if s < 3600.0 => format!("{} min {:02} s", (s / 60.0) as u64, s as u64 % 60),
        s if s < 172_800.0 => format!("{} h {:02} min", (s / 3600.0) as u64, s as u64 / 60 % 60),
        s => format!("{:.1} days", s / 86_400.0),
    }
}

/// Per cent with two digits.
pub(super) fn percent(value: f64) -> String {
    format!("{value:.2} %")
}

/// A large count: `1.23 M`, `45.6 k`.
pub(super) fn count(value: f64) -> String {
    match value {
        v if v >= 1e9 => format!("{:.2} G", v / 1e9),
        v if v >= 1e6 => format!("{:.2} M", v / 1e6),
        v if v >= 1e3 => format!("{:.1} k", v / 1e3),
        v => format!("{v:.0}"),
    }
}

/// An energy: `12.3 µJ`, `450 nJ`.
pub(super) fn energy(picojoules: f64) -> String {
    match picojoules {
        e if e >= 1e9 => format!("{:.2} mJ", e / 1e9),
        e if e >= 1e6 => format!("{:.2} µJ", e / 1e6),
        e if e >= 1e3 => format!("{:.1} nJ", e / 1e3),
        e => format!("{e:.1} pJ"),
    }
}

/// A name that a user chose, such as that of a class or a folder, as it can stand in a line: control characters, and those that
/// turn the direction of the text around them, are shown as `\u{fffd}`.
pub fn plain(name: &str) -> String {
    let turns =
        |c| matches!(c, '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    name.chars().map(|c| if c.is_control() || turns(c) { '\u{fffd}' } else { c }).collect()
}

/// A name in at most `most` characters.
pub fn shortened(name: &str, most: usize) -> String {
    let name = plain(name);
    if name.chars().count() <= most {
        return name;
    }
    let kept: String = name.chars().take(most.saturating_sub(1)).collect();
    format!("{}…", kept.trim_end())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_plain_and_short() {
        assert_eq!(plain("a\u{202e}b\nc\u{1b}[2J"), "a\u{fffd}b\u{fffd}c\u{fffd}[2J");
        assert_eq!(shortened("katze", 5), "katze");
        assert_eq!(shortened("größer als", 7), "größer…");
    }

    #[test]
    fn numbers_are_short() {
        assert_eq!(grouped(1_234_567), "1\u{202f}234\u{202f}567");
        assert_eq!((duration(193.4), energy(1.5e6)), ("3 min 13 s".into(), "1.50 µJ".into()));
    }
}
