//! Numbers and names as a person reads them.

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

/// A module of the reference's state dict as a place in the network: `cell1.cell_architecture.3.1` -> `cell 1, 0→3`.
pub(super) fn layer(name: &str) -> String {
    use crate::space::Edge;
    let parts: Vec<&str> = name.split('.').collect();
    let number = |text: &str, prefix: &str| text.strip_prefix(prefix).and_then(|n| n.parse::<usize>().ok());
    match parts.as_slice() {
        ["stem", ..] => "stem".into(),
        ["last_act", ..] => "last activation".into(),
        ["classifier", "1" | "2"] => "classifier, hidden".into(),
        ["classifier", "3"] => "classifier, output".into(),
        [cell, "cell_architecture", edge, ..] => {
            let edge = edge.parse::<usize>().ok().and_then(|i| Edge::ALL.get(i));
            match (number(cell, "cell"), edge) {
                (Some(cell), Some(edge)) => format!("cell {cell}, {}→{}", edge.from(), edge.to()),
                _ => name.into(),
            }
        }
        [reduction, ..] => number(reduction, "downconv").map_or(name.into(), |n| format!("reduction {n}")),
        [] => name.into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn layers_have_places() {
        for (name, place) in [
            ("stem.0", "stem"),
            ("cell2.cell_architecture.3.1", "cell 2, 0→3"),
            ("cell1.cell_architecture.2", "cell 1, 1→2"),
            ("downconv1.1", "reduction 1"),
            ("classifier.3", "classifier, output"),
            ("something.else", "something.else"),
        ] {
            assert_eq!(layer(name), place);
        }
    }

    #[test]
    fn numbers_are_short() {
        assert_eq!(grouped(1_234_567), "1\u{202f}234\u{202f}567");
        assert_eq!((duration(193.4), energy(1.5e6)), ("3 min 13 s".into(), "1.50 µJ".into()));
    }
}
