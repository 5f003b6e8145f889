//! Budgets: `1.2M`, `480KiB`.

use spikenas::cost::{Bits, Budget};

use crate::promises::accepted;

pub(crate) fn valid() -> Vec<Vec<u8>> {
    ["1.2M", "800k", "1200000", "480KiB", "1.5MiB", "2GiB"].map(Vec::from).into()
}

pub(crate) fn read(input: &[u8]) -> bool {
    let Ok(text) = str::from_utf8(input) else { return false };
    let Some(budget) = accepted(text.parse::<Budget>()) else { return false };
    assert_eq!(budget.to_string().parse::<Budget>().ok(), Some(budget), "{budget}");
    for bits in [1, 3, 8, 64].map(Bits::new).into_iter().flatten() {
        let parameters = budget.parameters(bits);
        assert!(matches!(budget, Budget::Bytes(_)) || bits.memory_bytes(parameters) > 0);
    }
    true
}
