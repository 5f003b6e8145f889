use std::io::Read;

use lz4_flex::frame::FrameDecoder;
use ruzstd::decoding::StreamingDecoder;

use super::bytes::Bytes;
use super::fault::{Fault, Result};
use super::flatbuffer::Table;
use crate::data::events::{Event, Recording, Sensor};

/// Bytes that a compressed one may become: far more than events do.
const MOST_PER_BYTE: u64 = 64;

/// A line, a header that tells the compression, the streams and where their packets end, then packets: their stream and size, then their
/// content, compressed. Packets of other streams than events are passed over.
pub(super) fn decode(bytes: &[u8]) -> Result<Recording> {
    let mut bytes = Bytes::new(bytes);
    bytes.take(b"#!AER-DAT4.0\r\n".len(), "the first line")?;
    let header = Header::read(&mut bytes)?;
    let mut events = Vec::new();
    while bytes.at() < header.end.unwrap_or(usize::MAX) && !bytes.is_empty() {
        bytes.u32("the stream of a packet")?;
        let size = bytes.u32("the size of a packet")? as usize;
        let at = bytes.at();
        let packet = header.compression.expand(bytes.take(size, &format!("a packet of {size} bytes"))?, at)?;
        // A size of four bytes and that of the root's place stand before the four that name the content.
        if packet.get(8..12) == Some(b"EVTS") {
            let damaged = || Fault::new(at, "a packet of events that is damaged");
            let table = Table::root(&packet[4..]).ok_or_else(damaged)?;
            if table.has(0) {
                read_events(table.vector(0, 16).ok_or_else(damaged)?, at, &mut events)?;
            }
        }
    }
    if let Some(end) = header.end.filter(|&end| bytes.at() < end) {
        return Err(Fault::cut(bytes.at(), &format!("the packets, which end at byte {end}")));
    }
    Ok(Recording { sensor: header.sensor, events })
}

/// Eight bytes of microseconds, two of a column, two of a row, one of polarity, three unused.
fn read_events(records: &[u8], at: usize, events: &mut Vec<Event>) -> Result<()> {
    for &[a, b, c, d, e, f, g, h, x0, x1, y0, y1, is_on, ..] in records.as_chunks::<16>().0 {
        let time_us = i64::from_le_bytes([a, b, c, d, e, f, g, h]);
        let [x, y] = [[x0, x1], [y0, y1]].map(i16::from_le_bytes);
        let (Ok(time_us), Ok(x), Ok(y)) = (u64::try_from(time_us), u16::try_from(x), u16::try_from(y)) else {
            return Err(Fault::new(at, format!("an event with a negative number: {time_us} us, column {x}, row {y}")));
        };
        events.push(Event { time_us, x, y, is_on: is_on != 0 });
    }
    Ok(())
}

struct Header {
    compression: Compression,
    /// Where the packets end; none where the file was never closed.
    end: Option<usize>,
    sensor: Option<Sensor>,
}

impl Header {
    fn read(bytes: &mut Bytes<'_>) -> Result<Self> {
        let size = bytes.u32("the size of the header")? as usize;
        let at = bytes.at();
        let damaged = || Fault::new(at, "a header that is damaged");
        let table = Table::root(bytes.take(size, "the header")?).ok_or_else(damaged)?;
        let compression = Compression::of(table.number(0).map_or(0, i32::from_le_bytes), at)?;
        let end = table.number(1).map_or(-1, i64::from_le_bytes);
        let info = table.vector(2, 1).map(String::from_utf8_lossy);
        Ok(Self { compression, end: usize::try_from(end).ok(), sensor: info.and_then(|xml| sensor(&xml)) })
    }
}

/// The size of the first stream of events in the description of all streams.
fn sensor(xml: &str) -> Option<Sensor> {
    let document = roxmltree::Document::parse(xml).ok()?;
    let is = |node: &roxmltree::Node<'_, '_>, key| node.has_tag_name("attr") && node.attribute("key") == Some(key);
    let named = |node: roxmltree::Node<'_, '_>| is(&node, "typeIdentifier") && node.text() == Some("EVTS");
    let stream = document.descendants().find(|node| named(*node))?.parent()?;
    let size = |key| stream.descendants().find(|node| is(node, key))?.text()?.parse().ok();
    Some(Sensor { width: size("sizeX")?, height: size("sizeY")? })
}

#[derive(Clone, Copy)]
enum Compression {
    None,
    Lz4,
    Zstd,
}

impl Compression {
    /// By its number; 2 and 4 are as 1 and 3, and took longer to make.
    fn of(number: i32, at: usize) -> Result<Self> {
        match number {
            0 => Ok(Compression::None),
            1 | 2 => Ok(Compression::Lz4),
            3 | 4 => Ok(Compression::Zstd),
            other => Err(Fault::new(at, format!("compression {other}: 0 to 4 are known"))),
        }
    }

    fn expand(self, packet: &[u8], at: usize) -> Result<Vec<u8>> {
        let most = packet.len() as u64 * MOST_PER_BYTE;
        let read = |source: &mut dyn Read| {
            let mut expanded = Vec::new();
            source.take(most + 1).read_to_end(&mut expanded).map(|_| expanded)
        };
        let expanded = match self {
            Compression::None => return Ok(packet.to_vec()),
            Compression::Lz4 => read(&mut FrameDecoder::new(packet)).map_err(|e| e.to_string()),
            Compression::Zstd => StreamingDecoder::new(packet)
                .map_err(|e| e.to_string())
                .and_then(|mut decoder| read(&mut decoder).map_err(|e| e.to_string())),
        };
        match expanded {
            Ok(expanded) if expanded.len() as u64 <= most => Ok(expanded),
            Ok(_) => Err(Fault::new(at, format!("a packet that becomes more than {MOST_PER_BYTE} times as long"))),
            Err(why) => Err(Fault::new(at, format!("a packet that is damaged: {why}"))),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use lz4_flex::frame::FrameEncoder;

    use super::*;

    /// A table of two numbers and a vector, of which any may be left out, with a name of four letters.
    fn table(name: &[u8; 4], numbers: [Option<i32>; 2], vector: &[u8], length: u32) -> Vec<u8> {
        // The root's place, the name, the places of the fields, the table, the vector.
        let mut bytes = [20_u32.to_le_bytes(), *name].concat();
        let places = [numbers[0].map_or(0, |_| 4), numbers[1].map_or(0, |_| 8), 16_u16];
        bytes.extend([10_u16, 20].iter().chain(&places).chain(&[0]).flat_map(|place| place.to_le_bytes()));
        bytes.extend(12_i32.to_le_bytes());
        bytes.extend(numbers[0].unwrap_or(0).to_le_bytes());
        bytes.extend(i64::from(numbers[1].unwrap_or(0)).to_le_bytes());
        bytes.extend([4_u32.to_le_bytes(), length.to_le_bytes()].concat());
        bytes.extend(vector);
        bytes
    }

    fn sized(bytes: Vec<u8>) -> Vec<u8> {
        [(bytes.len() as u32).to_le_bytes().to_vec(), bytes].concat()
    }

    const STREAMS: &str = r#"<dv><node name="outInfo"><node name="0"><attr key="typeIdentifier">EVTS</attr><node name="info">
        <attr key="sizeX" type="int">320</attr><attr key="sizeY" type="int">240</attr></node></node></node></dv>"#;

    /// Two events, in a file whose packets are compressed as a number says.
    fn file(compression: i32, compress: impl Fn(Vec<u8>) -> Vec<u8>) -> Vec<u8> {
        let event = |time: i64, x: i16, y: i16, is_on: u8| {
            [time.to_le_bytes().to_vec(), x.to_le_bytes().into(), y.to_le_bytes().into(), vec![is_on, 0, 0, 0]].concat()
        };
        let events = [event(1_000_000, 319, 7, 1), event(1_000_001, 2, 239, 0)].concat();
        let packet = |name, vector: &[u8], length| {
            let packet = compress(sized(table(name, [Some(4), None], vector, length)));
            [vec![0; 4], sized(packet)].concat()
        };
        // The events are the first field of their table.
        let mut of_events = table(b"EVTS", [None, None], &events, 2);
        of_events[12] = 16;
        let events = [vec![0; 4], sized(compress(sized(of_events)))].concat();
        let header = sized(table(b"IOHE", [Some(compression), Some(-1)], STREAMS.as_bytes(), STREAMS.len() as u32));
        [b"#!AER-DAT4.0\r\n".to_vec(), header, packet(b"FRME", &[1, 2, 3], 3), events].concat()
    }

    #[test]
    fn events_are_read_from_their_packets_and_others_passed_over() {
        let lz4 = |bytes: Vec<u8>| {
            let mut encoder = FrameEncoder::new(Vec::new());
            encoder.write_all(&bytes).unwrap();
            encoder.finish().unwrap()
        };
        for bytes in [file(0, |bytes| bytes), file(1, lz4)] {
            let recording = decode(&bytes).unwrap();
            let first = Event { time_us: 1_000_000, x: 319, y: 7, is_on: true };
            let second = Event { time_us: 1_000_001, x: 2, y: 239, is_on: false };
            assert_eq!(recording.events, [first, second]);
            assert_eq!(recording.sensor, Some(Sensor { width: 320, height: 240 }));
        }
    }

    #[test]
    fn a_file_that_ends_anywhere_but_between_packets_is_an_error() {
        let bytes = file(0, |bytes| bytes);
        let whole: Vec<usize> = (0..bytes.len()).filter(|&length| decode(&bytes[..length]).is_ok()).collect();
        let [after_header, after_first] = whole[..] else { panic!("{whole:?}") };
        assert!(after_header < after_first);
        let error = decode(&bytes[..bytes.len() - 1]).unwrap_err().to_string();
        assert!(error.starts_with("cut off within a packet of "), "{error}");
    }

    #[test]
    fn a_packet_that_becomes_far_too_long_is_refused() {
        let mut encoder = FrameEncoder::new(Vec::new());
        encoder.write_all(&[0; 1 << 20]).unwrap();
        let bomb = encoder.finish().unwrap();
        let error = Compression::Lz4.expand(&bomb, 5).unwrap_err().to_string();
        assert_eq!(error, "a packet that becomes more than 64 times as long (byte 5)");
    }
}
