use super::bytes::Bytes;
use super::clock::Clock;
use super::fault::{Fault, Result};
use crate::data::events::Event;

/// Prophesee's EVT 2.0: words of 32 bits, the lowest byte first, of which the highest four are the type.
///
/// A change of brightness has the lowest 6 bits of its microseconds, 11 bits of a column, 11 of a row; the higher 28 bits of the time
/// are words of their own. What comes before the first of these has no time and is passed over, and so are triggers and what a maker
/// adds.
pub(super) fn decode(bytes: Bytes<'_>) -> Result<Vec<Event>> {
    const OFF: u32 = 0x0;
    const ON: u32 = 0x1;
    const TIME_HIGH: u32 = 0x8;
    const PASSED_OVER: [u32; 3] = [0xa, 0xe, 0xf];
    let start = bytes.at();
    let mut clock = Clock::new(34);
    let mut base = None;
    let mut events = Vec::new();
    for (index, &word) in bytes.records("a word of four bytes")?.iter().enumerate() {
        let word = u32::from_le_bytes(word);
        match (word >> 28, base) {
            (TIME_HIGH, _) => base = Some(clock.read(u64::from(word & 0x0fff_ffff) << 6)),
            (OFF | ON, None) => {}
            (kind @ (OFF | ON), Some(base)) => {
                let [x, y] = [word >> 11, word].map(|bits| (bits & 0x7ff) as u16);
                events.push(Event { time_us: base + u64::from(word >> 22 & 0x3f), x, y, is_on: kind == ON });
            }
            (kind, _) if PASSED_OVER.contains(&kind) => {}
            (kind, _) => return Err(Fault::new(start + 4 * index, format!("EVT 2.0 has no word of type {kind:#x}"))),
        }
    }
    Ok(events)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn events(words: &[u32]) -> Result<Vec<Event>> {
        decode(Bytes::new(&words.iter().flat_map(|word| word.to_le_bytes()).collect::<Vec<_>>()))
    }

    #[test]
    fn a_time_is_put_together_and_goes_on_when_it_starts_again() {
        let on = |low: u32, x: u32, y: u32| 1 << 28 | low << 22 | x << 11 | y;
        let words = [on(1, 1, 1), 0x8fff_ffff, on(63, 640, 480), 0xa000_0000, 0x8000_0000, on(2, 0, 3) & 0x0fff_ffff];
        let last = (1_u64 << 34) - 1;
        let first = Event { time_us: last, x: 640, y: 480, is_on: true };
        assert_eq!(events(&words).unwrap(), [first, Event { time_us: last + 3, x: 0, y: 3, is_on: false }]);
        assert_eq!(
            events(&[0x8000_0000, 0x3000_0000]).unwrap_err().to_string(),
            "EVT 2.0 has no word of type 0x3 (byte 4)"
        );
    }
}
