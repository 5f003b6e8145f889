use super::bytes::Bytes;
use super::fault::{Fault, Result};
use crate::data::events::event::{Event, Recording, Sensor};

/// A row that no sensor has: the record says that the clock has overflown.
const OVERFLOW_ROW: u8 = 240;
/// Microseconds that an overflow adds to all times after it.
const OVERFLOW_US: u64 = 1 << 13;

/// The largest sensor: a byte has a column, and rows end where an overflow stands.
pub(super) const LARGEST: Sensor = Sensor { width: 256, height: OVERFLOW_ROW as u16 };
/// Bits of a time.
const TIME_BITS: u32 = 23;

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

/// The file of some events. Errors: one that has no room in five bytes.
pub(super) fn encode(events: &[Event]) -> Result<Vec<u8>> {
    let mut bytes = Vec::with_capacity(5 * events.len());
    for &Event { time_us, x, y, is_on } in events {
        if x >= LARGEST.width || y >= LARGEST.height || time_us >> TIME_BITS > 0 {
            let Sensor { width, height } = LARGEST;
            let most = format!("at most {width} columns, {height} rows and 2^{TIME_BITS} us");
            return Err(Fault::new(bytes.len(), format!("no room for column {x}, row {y}, {time_us} us: {most}")));
        }
        let [_, high, middle, low] = (time_us as u32).to_be_bytes();
        bytes.extend([x as u8, y as u8, high | u8::from(is_on) << 7, middle, low]);
    }
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read_and_what_has_no_room_is_named() {
        let event = |time_us, x, y, is_on| Event { time_us, x, y, is_on };
        let events = [event(0, 0, 0, false), event(0x7f_ffff, 255, 239, true), event(0x01_0203, 7, 8, true)];
        let bytes = encode(&events).unwrap();
        assert_eq!(bytes[10..], [7, 8, 0x81, 2, 3]);
        assert_eq!(decode(&bytes).unwrap().events, events);
        let failure = |event| encode(&[events[0], event]).unwrap_err().to_string();
        assert!(
            failure(event(1 << 23, 0, 0, true))
                .starts_with("no room for column 0, row 0, 8388608 us: at most 256 columns")
        );
        assert!(failure(event(0, 256, 0, true)).contains("column 256"));
        assert!(failure(event(0, 0, OVERFLOW_ROW.into(), true)).ends_with("(byte 5)"));
    }

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
