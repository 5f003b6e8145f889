//! Files of events that are archives or have packets, small ones: NumPy's `.npz` and iniVation's `.aedat4`.

use std::io::{Cursor, Write};

use lz4_flex::frame::FrameEncoder;
use ruzstd::encoding::{CompressionLevel, compress_to_vec};
use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, ZipWriter};

/// Three events: microseconds, column, row, polarity.
const EVENTS: [(i64, i16, i16, u8); 3] = [(5, 3, 4, 1), (70_000, 30, 2, 0), (70_000, 0, 33, 1)];

/// An archive with an array of each of t, x, y and p, and one with a single array of records that have these; not compressed, so that a
/// changed byte is one of an array.
pub(super) fn npz() -> Vec<Vec<u8>> {
    let column = |bytes: fn(&(i64, i16, i16, u8)) -> Vec<u8>| EVENTS.iter().flat_map(bytes).collect::<Vec<u8>>();
    let columns = [
        ("t", npy("'<i8'", &column(|event| event.0.to_le_bytes().into()))),
        ("x", npy("'>u2'", &column(|event| event.1.to_be_bytes().into()))),
        ("y", npy("'<f4'", &column(|event| f32::from(event.2).to_le_bytes().into()))),
        ("p", npy("'|b1'", &column(|event| vec![event.3]))),
    ];
    let record = column(|event| {
        [&event.1.to_le_bytes()[..], &event.2.to_le_bytes(), &event.0.to_le_bytes(), &[event.3]].concat()
    });
    let records = npy("[('x', '<u2'), ('y', '<u2'), ('timestamps', '<i8'), ('p', '|u1')]", &record);
    vec![archive(&columns), archive(&[("events", records)])]
}

/// An array as NumPy writes it.
fn npy(description: &str, rows: &[u8]) -> Vec<u8> {
    let count = EVENTS.len();
    let header = format!("{{'descr': {description}, 'fortran_order': False, 'shape': ({count},), }}\n");
    [b"\x93NUMPY\x01\x00", &(header.len() as u16).to_le_bytes()[..], header.as_bytes(), rows].concat()
}

fn archive(arrays: &[(&str, Vec<u8>)]) -> Vec<u8> {
    let options = SimpleFileOptions::default().compression_method(CompressionMethod::Stored);
    let mut archive = ZipWriter::new(Cursor::new(Vec::new()));
    for (name, array) in arrays {
        archive.start_file(format!("{name}.npy"), options).expect("an archive in memory");
        archive.write_all(array).expect("an archive in memory");
    }
    archive.finish().expect("an archive in memory").into_inner()
}

/// The same packet as it is, by LZ4 and by Zstandard.
pub(super) fn aedat4() -> Vec<Vec<u8>> {
    let lz4 = |bytes: &[u8]| {
        let mut encoder = FrameEncoder::new(Vec::new());
        encoder.write_all(bytes).expect("bytes in memory");
        encoder.finish().expect("bytes in memory")
    };
    let zstd = |bytes: &[u8]| compress_to_vec(bytes, CompressionLevel::Fastest);
    vec![aedat4_of(0, <[u8]>::to_vec), aedat4_of(1, lz4), aedat4_of(3, zstd)]
}

/// The first line; the header, which tells the compression and the sensor; one packet of the stream 0.
fn aedat4_of(compression: i32, compress: impl Fn(&[u8]) -> Vec<u8>) -> Vec<u8> {
    const STREAMS: &str = r#"<dv><node name="0"><attr key="typeIdentifier">EVTS</attr><attr key="sizeX">40</attr><attr key="sizeY">34</attr></node></dv>"#;
    let record = |&(time_us, x, y, is_on): &(i64, i16, i16, u8)| {
        [&time_us.to_le_bytes()[..], &x.to_le_bytes(), &y.to_le_bytes(), &[is_on, 0, 0, 0]].concat()
    };
    let records: Vec<u8> = EVENTS.iter().flat_map(record).collect();
    // A table's fields: numbers, then where the vector behind it begins.
    let no_end = [&compression.to_le_bytes()[..], &(-1_i64).to_le_bytes()].concat();
    let header = sized(flatbuffer(b"IOHE", &[4, 8, 16], &no_end, STREAMS.as_bytes(), STREAMS.len()));
    let packet = sized(compress(&sized(flatbuffer(b"EVTS", &[4], &[], &records, EVENTS.len()))));
    [b"#!AER-DAT4.0\r\n", &header[..], &[0; 4], &packet].concat()
}

/// A flatbuffer of one table, whose fields lie at places, of which the last is that of a vector.
fn flatbuffer(name: &[u8; 4], places: &[u16], numbers: &[u8], vector: &[u8], length: usize) -> Vec<u8> {
    let sizes = [4 + 2 * places.len() as u16, 8 + numbers.len() as u16];
    let mut list: Vec<u8> = sizes.iter().chain(places).flat_map(|place| place.to_le_bytes()).collect();
    list.resize(list.len().next_multiple_of(4), 0);
    let root = 8 + list.len() as u32;
    let back = list.len() as u32;
    let table =
        [&back.to_le_bytes()[..], numbers, &4_u32.to_le_bytes(), &(length as u32).to_le_bytes(), vector].concat();
    [&root.to_le_bytes()[..], name, &list, &table].concat()
}

fn sized(bytes: Vec<u8>) -> Vec<u8> {
    [&(bytes.len() as u32).to_le_bytes()[..], &bytes].concat()
}
