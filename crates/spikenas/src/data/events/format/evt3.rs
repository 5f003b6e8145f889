use super::bytes::Bytes;
use super::clock::Clock;
use super::fault::{Fault, Result};
use crate::data::events::Event;

/// Bits of a column and of a row.
const PLACE: u16 = 0x7ff;
/// The bit of the polarity beside a column.
const ON: u16 = 0x800;

/// Prophesee's EVT 3.0: words of 16 bits, the lowest byte first, of which the highest four are the type.
///
/// Row and time stay until another word changes them. A change of brightness is a word with its column, or a bit of a word that stands
/// for 12 or 8 columns from the last base on, which moves on with each. What comes before the first word of a time's higher half has
/// no time and is passed over, and so are triggers and what a maker adds.
pub(super) fn decode(bytes: Bytes<'_>) -> Result<Vec<Event>> {
    let start = bytes.at();
    let mut camera = Camera { clock: Clock::new(24), base_us: None, time_us: 0, row: 0, column: 0, is_on: false };
    let mut events = Vec::new();
    for (index, &word) in bytes.records("a word of two bytes")?.iter().enumerate() {
        camera.take(u16::from_le_bytes(word), &mut events).map_err(|what| Fault::new(start + 2 * index, what))?;
    }
    Ok(events)
}

/// What the words so far have said.
struct Camera {
    clock: Clock,
    /// The time without its lower 12 bits; none before it was said.
    base_us: Option<u64>,
    time_us: u64,
    row: u16,
    /// The first column that the next word of several stands for.
    column: u16,
    is_on: bool,
}

impl Camera {
    fn take(&mut self, word: u16, events: &mut Vec<Event>) -> std::result::Result<(), String> {
        let bits = word & 0x0fff;
        match (word >> 12, self.base_us) {
            (0x8, _) => {
                let base = self.clock.read(u64::from(bits) << 12);
                (self.base_us, self.time_us) = (Some(base), base);
            }
            (0x0 | 0x2..=0x6, None) => {}
            (0x0, _) => self.row = bits & PLACE,
            (0x2, _) => events.push(self.event(bits & PLACE, bits & ON != 0)),
            (0x3, _) => (self.column, self.is_on) = (bits & PLACE, bits & ON != 0),
            (0x4, _) => self.several(bits, 12, events)?,
            (0x5, _) => self.several(bits & 0xff, 8, events)?,
            (0x6, Some(base)) => self.time_us = base + u64::from(bits),
            (0x7 | 0xa | 0xe | 0xf, _) => {}
            (kind, _) => return Err(format!("EVT 3.0 has no word of type {kind:#x}")),
        }
        Ok(())
    }

    /// A bit for each of so many columns.
    fn several(&mut self, bits: u16, count: u16, events: &mut Vec<Event>) -> std::result::Result<(), String> {
        if self.column > PLACE {
            return Err(format!("columns from {} on: a sensor has at most {}", self.column, PLACE + 1));
        }
        let fired = (0..count).filter(|column| bits >> column & 1 == 1);
        events.extend(fired.map(|column| self.event(self.column + column, self.is_on)));
        self.column += count;
        Ok(())
    }

    fn event(&self, x: u16, is_on: bool) -> Event {
        Event { time_us: self.time_us, x, y: self.row, is_on }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn events(words: &[u16]) -> Result<Vec<Event>> {
        decode(Bytes::new(&words.iter().flat_map(|word| word.to_le_bytes()).collect::<Vec<_>>()))
    }

    #[test]
    fn rows_times_and_bases_stay_until_they_change() {
        let words = [0x2005, 0x8001, 0x6002, 0x0007, 0x2805, 0x3810, 0x4801, 0x5003, 0x6003, 0x2006];
        let event = |time_us, x, is_on| Event { time_us, x, y: 7, is_on };
        let on = |x| event(4098, x, true);
        assert_eq!(events(&words).unwrap(), [on(5), on(16), on(27), on(28), on(29), event(4099, 6, false)]);
    }

    #[test]
    fn the_time_goes_on_when_its_24_bits_start_again() {
        let words = [0x8fff, 0x6fff, 0x2001, 0x8000, 0x6001, 0x2001];
        let times: Vec<u64> = events(&words).unwrap().iter().map(|event| event.time_us).collect();
        assert_eq!(times, [(1 << 24) - 1, (1 << 24) + 1]);
    }

    #[test]
    fn words_that_no_camera_sends_are_named_with_their_place() {
        assert_eq!(events(&[0x8000, 0x9000]).unwrap_err().to_string(), "EVT 3.0 has no word of type 0x9 (byte 2)");
        let endless: Vec<u16> = [0x8000].into_iter().chain([0x4fff; 300]).collect();
        let error = events(&endless).unwrap_err().to_string();
        assert_eq!(error, "columns from 2052 on: a sensor has at most 2048 (byte 344)");
    }
}
