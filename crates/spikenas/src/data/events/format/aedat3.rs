use super::bytes::Bytes;
use super::fault::{Fault, Result};
use crate::data::events::{Event, Recording};

/// The type of packets with polarity events.
const POLARITY: u16 = 1;

/// A header that ends with `#!END-HEADER`, then packets: 28 bytes that tell their type, the size and number of their events, and the
/// overflows of the clock so far, then the events. Packets of another type, and events that are marked as not valid, are passed over.
pub(super) fn decode(bytes: &[u8]) -> Result<Recording> {
    let mut bytes = Bytes::new(bytes);
    loop {
        let at = bytes.at();
        match bytes.marked_line(b'#')? {
            Some(b"#!END-HEADER") => break,
            Some(_) => {}
            None => return Err(Fault::new(at, "the header does not end with #!END-HEADER")),
        }
    }
    let mut events = Vec::new();
    while !bytes.is_empty() {
        let at = bytes.at();
        let head: [u8; 28] = bytes.array("the header of a packet")?;
        let word = |place: usize| u32::from_le_bytes([head[place], head[place + 1], head[place + 2], head[place + 3]]);
        let (kind, size, overflows, count) = (u16::from_le_bytes([head[0], head[1]]), word(4), word(12), word(16));
        let length = size as usize * count as usize;
        let packet = bytes.take(length, &format!("a packet of {count} events of {size} bytes"))?;
        if kind != POLARITY {
            continue;
        }
        if size != 8 {
            return Err(Fault::new(at + 4, format!("polarity events of {size} bytes, where the format has 8")));
        }
        for &[a, b, c, d, time @ ..] in packet.as_chunks::<8>().0 {
            let data = u32::from_le_bytes([a, b, c, d]);
            if data & 1 == 0 {
                continue;
            }
            let [x, y] = [data >> 17, data >> 2].map(|bits| (bits & 0x7fff) as u16);
            let time_us = u64::from(overflows) << 31 | u64::from(u32::from_le_bytes(time));
            events.push(Event { time_us, x, y, is_on: data >> 1 & 1 == 1 });
        }
    }
    Ok(Recording { sensor: None, events })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn packet(kind: u16, overflows: u32, events: &[(u32, u32)]) -> Vec<u8> {
        let count = events.len() as u32;
        let mut bytes = [kind.to_le_bytes(), 1_u16.to_le_bytes()].concat();
        bytes.extend([8, 4, overflows, count, count, count].map(u32::to_le_bytes).concat());
        bytes.extend(events.iter().flat_map(|&(data, time)| [data.to_le_bytes(), time.to_le_bytes()].concat()));
        bytes
    }

    #[test]
    fn polarity_packets_are_read_with_their_overflows_and_others_passed_over() {
        let header = b"#!AER-DAT3.1\r\n#Format: RAW\r\n#!END-HEADER\r\n";
        let data = |x: u32, y: u32, on: u32, valid: u32| x << 17 | y << 2 | on << 1 | valid;
        let events = [(data(100, 7, 1, 1), 50), (data(1, 2, 0, 0), 51), (data(3, 4, 0, 1), 52)];
        let mut bytes = [header.to_vec(), packet(2, 0, &[(9, 9)]), packet(1, 1, &events)].concat();
        let first = Event { time_us: (1 << 31) + 50, x: 100, y: 7, is_on: true };
        let last = Event { time_us: (1 << 31) + 52, x: 3, y: 4, is_on: false };
        assert_eq!(decode(&bytes).unwrap().events, [first, last]);
        bytes.pop();
        let error = decode(&bytes).unwrap_err().to_string();
        assert_eq!(error, "cut off within a packet of 3 events of 8 bytes (byte 106)");
    }
}
