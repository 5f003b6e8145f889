//! The text form of an architecture: `0313 0031 0003 0000`.

use spikenas::Architecture;
use spikenas::space::Digits;

use crate::promises::accepted;

pub(crate) fn valid() -> Vec<Vec<u8>> {
    ["0313 0031 0003 0000", "0313 0031 0003 0000 / 0111 0011 0001 0000", "spikenas-bench:0124 0012 0003 0000"]
        .map(Vec::from)
        .into()
}

pub(crate) fn read(input: &[u8]) -> bool {
    let Ok(text) = str::from_utf8(input) else { return false };
    let readings = [Digits::Snasnet, Digits::SpikenasBench].map(|digits| accepted(Architecture::parse(text, digits)));
    for architecture in readings.iter().flatten() {
        let again: Architecture = architecture.to_string().parse().expect("what is written can be read");
        let cells = architecture.cells().len();
        assert_eq!(again.with_cells(cells).as_ref().ok(), Some(architecture));
    }
    readings.iter().any(Option::is_some)
}
