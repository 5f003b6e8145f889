use super::bytes::Bytes;
use super::clock::Clock;
use super::fault::{Fault, Result};
use super::percent_header::Header;
use crate::data::events::{Event, Recording};

/// Types of events with a place and a polarity: of older cameras, and of newer ones.
const PLACED: [u8; 2] = [0x00, 0x0c];

/// Lines that begin with `%`, a byte each of the type and the size of events, then pairs of 32 bits, the lowest byte first: microseconds,
/// and 14 bits of a column, 14 of a row, 4 of polarity.
pub(super) fn decode(bytes: &[u8]) -> Result<Recording> {
    let mut bytes = Bytes::new(bytes);
    let header = Header::read(&mut bytes)?;
    if header.version.as_deref() != Some("2") {
        let version = header.version.unwrap_or_else(|| "of no version".into());
        return Err(Fault::new(0, format!(".dat {version}: version 2 is read")));
    }
    let at = bytes.at();
    let [kind, size] = bytes.array("the type and the size of events")?;
    if !PLACED.contains(&kind) || size != 8 {
        return Err(Fault::new(
            at,
            format!("events of type {kind} and {size} bytes, where types 0 and 12 of 8 are read"),
        ));
    }
    let mut clock = Clock::new(32);
    let event = |&[a, b, c, d, data @ ..]: &[u8; 8]| {
        let data = u32::from_le_bytes(data);
        let time_us = clock.read(u32::from_le_bytes([a, b, c, d]).into());
        let [x, y] = [data, data >> 14].map(|bits| (bits & 0x3fff) as u16);
        Event { time_us, x, y, is_on: data >> 28 != 0 }
    };
    let events = bytes.records("an event of eight bytes")?.iter().map(event).collect();
    Ok(Recording { sensor: header.sensor(), events })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_rows_and_polarities_share_32_bits_behind_the_time() {
        let mut bytes = b"% Data file containing CD events.\n% Version 2\n".to_vec();
        bytes.extend([12, 8]);
        bytes.extend([77_u32.to_le_bytes(), (1_u32 << 28 | 300 << 14 | 1000).to_le_bytes()].concat());
        assert_eq!(decode(&bytes).unwrap().events, [Event { time_us: 77, x: 1000, y: 300, is_on: true }]);
        bytes[47] = 7;
        assert!(decode(&bytes).unwrap_err().to_string().starts_with("events of type 12 and 7 bytes"));
        assert!(decode(b"% Version 1\n").unwrap_err().to_string().contains("version 2 is read"));
    }
}
