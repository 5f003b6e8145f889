use super::bytes::Bytes;
use super::clock::Clock;
use super::fault::{Fault, Result};
use crate::data::events::{Event, Recording, Sensor};

/// Last column and row of a DVS128.
const LAST: u16 = 127;

/// Lines that begin with `#`, then pairs of 32 bits, the highest byte first: an address and microseconds.
///
/// The address is a DVS128's: seven bits of a row, seven of a column, one of polarity (0 where it became brighter), turned as
/// SpikingJelly turns them for CIFAR10-DVS.
pub(super) fn decode(bytes: &[u8]) -> Result<Recording> {
    let mut bytes = Bytes::new(bytes);
    while bytes.marked_line(b'#')?.is_some() {}
    let start = bytes.at();
    let mut clock = Clock::new(32);
    let records = bytes.records("an event of eight bytes")?.iter().enumerate();
    let event = |(index, &[a, b, c, d, time @ ..]): (usize, &[u8; 8])| {
        let address = u32::from_be_bytes([a, b, c, d]);
        if address > 0x7fff {
            let what = format!("address {address:#x} is none of a DVS128, which has 15 bits");
            return Err(Fault::new(start + 8 * index, what));
        }
        let [x, y] = [address >> 1, address >> 8].map(|bits| (bits & 0x7f) as u16);
        let time_us = clock.read(u32::from_be_bytes(time).into());
        Ok(Event { time_us, x: LAST - y, y: LAST - x, is_on: address & 1 == 0 })
    };
    let events = records.map(event).collect::<Result<_>>()?;
    Ok(Recording { sensor: Some(Sensor { width: LAST + 1, height: LAST + 1 }), events })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_turned_and_their_polarity_with_them() {
        let mut bytes = b"#!AER-DAT2.0\r\n# a line\r\n".to_vec();
        bytes.extend([(5_u32 << 8 | 9 << 1).to_be_bytes(), 70_000_u32.to_be_bytes()].concat());
        bytes.extend([0x7fff_u32.to_be_bytes(), 70_001_u32.to_be_bytes()].concat());
        let events = decode(&bytes).unwrap().events;
        let first = Event { time_us: 70_000, x: 122, y: 118, is_on: true };
        assert_eq!(events, [first, Event { time_us: 70_001, x: 0, y: 0, is_on: false }]);
        bytes.extend([0x8000_u32.to_be_bytes(), [0; 4]].concat());
        assert!(decode(&bytes).unwrap_err().to_string().ends_with("which has 15 bits (byte 40)"));
    }
}
