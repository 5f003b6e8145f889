use super::bytes::Bytes;
use super::fault::Result;
use crate::data::events::{Event, Recording};

/// A row that no sensor has: the record says that the clock has overflown.
const OVERFLOW_ROW: u8 = 240;
/// Microseconds that an overflow adds to all times after it.
const OVERFLOW_US: u64 = 1 << 13;

/// Column, row, then a bit of polarity and 23 bits of microseconds, the highest first.
pub(super) fn decode(bytes: &[u8]) -> Result<Recording> {
    let mut overflow = 0;
    let mut events = Vec::with_capacity(bytes.len() / 5);
    for &[x, y, high, middle, low] in Bytes::new(bytes).records("an event of five bytes")? {
        if y == OVERFLOW_ROW {
            overflow += OVERFLOW_US;
            continue;
        }
        let time_us = u64::from(u32::from_be_bytes([0, high & 0x7f, middle, low])) + overflow;
        events.push(Event { time_us, x: x.into(), y: y.into(), is_on: high & 0x80 != 0 });
    }
    Ok(Recording { sensor: None, events })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_overflow_moves_all_times_after_it_and_is_no_event() {
        let bytes = [[3, 4, 0x80, 0, 9], [0, 240, 0, 0, 10], [5, 6, 0x01, 2, 3]].concat();
        let events = decode(&bytes).unwrap().events;
        let first = Event { time_us: 9, x: 3, y: 4, is_on: true };
        let second = Event { time_us: 8_192 + 0x010203, x: 5, y: 6, is_on: false };
        assert_eq!(events, [first, second]);
    }

    #[test]
    fn an_event_that_is_cut_off_is_named_with_its_place() {
        assert_eq!(
            decode(&[1, 2, 0, 0, 0, 7]).unwrap_err().to_string(),
            "cut off within an event of five bytes (byte 5)"
        );
    }
}
