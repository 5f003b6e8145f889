use std::io::{Cursor, Read, Write};

use zip::result::ZipResult;
use zip::write::SimpleFileOptions;
use zip::{DateTime, ZipArchive, ZipWriter};

use super::fault::{Fault, Result};
use super::npy::{self, Array};
use crate::data::events::event::{Event, Recording};

/// Bytes that one of the archive may become, and so many besides: far more than events do.
const MOST_PER_BYTE: u64 = 64;
const MOST_BESIDES: u64 = 1 << 20;
/// The last time: NumPy's are signed.
const LAST_US: u64 = i64::MAX as u64;
/// What times, columns, rows and polarities are called.
const NAMES: [&[&str]; 4] = [
    &["t", "ts", "time", "times", "timestamp", "timestamps"],
    &["x", "xs", "col", "column"],
    &["y", "ys", "row"],
    &["p", "ps", "pol", "polarity", "polarities", "on"],
];
const MEANINGS: [&str; 4] = ["times (t)", "columns (x)", "rows (y)", "polarities (p)"];

/// An archive with an array of times in microseconds, one of columns, one of rows and one of polarities (0 or 1), as SpikingJelly writes
/// it; or one with a single array of records that have these, as tonic does.
pub(super) fn decode(bytes: &[u8]) -> Result<Recording> {
    let damaged = |what: String| Fault::new(0, format!("the archive is damaged: {what}"));
    let mut archive = ZipArchive::new(Cursor::new(bytes)).map_err(|e| damaged(e.to_string()))?;
    let mut members = Vec::new();
    let mut most = bytes.len() as u64 * MOST_PER_BYTE + MOST_BESIDES;
    for index in 0..archive.len() {
        let file = archive.by_index(index).map_err(|e| damaged(e.to_string()))?;
        let name = file.name().map_err(|e| damaged(e.to_string()))?;
        let Some(name) = name.strip_suffix(".npy").map(str::to_ascii_lowercase) else { continue };
        let mut content = Vec::new();
        file.take(most + 1).read_to_end(&mut content).map_err(|e| damaged(format!("{name}: {e}")))?;
        most = most.checked_sub(content.len() as u64).ok_or_else(|| damaged(format!("{name}.npy is far too long")))?;
        members.push((name, content));
    }
    let named = |name: &str, fault: Fault| fault.within(&format!("{name}.npy"));
    let mut arrays = Vec::new();
    for (name, content) in &members {
        arrays.push((name.as_str(), Array::read(content).map_err(|fault| named(name, fault))?));
    }
    // Where each of the four is: an array, and a column of it.
    let mut places = Vec::new();
    for (names, meaning) in NAMES.iter().zip(MEANINGS) {
        let own = arrays.iter().position(|(name, _)| names.contains(name)).map(|array| (array, 0));
        let shared = || arrays.iter().enumerate().find_map(|(at, (_, array))| Some((at, array.column(names)?)));
        let found = own.or_else(shared).ok_or_else(|| Fault::new(0, format!("no array of {meaning}")))?;
        places.push(found);
    }
    let column = |index: usize| {
        let (array, column) = places[index];
        let (name, array) = &arrays[array];
        array.numbers(column).map(move |number| number.map_err(|fault| named(name, fault)))
    };
    let counts: Vec<usize> = places.iter().map(|&(array, _)| arrays[array].1.len()).collect();
    if counts.iter().any(|&count| count != counts[0]) {
        return Err(Fault::new(0, format!("{counts:?} times, columns, rows and polarities: not as many of each")));
    }
    let mut events = Vec::with_capacity(counts[0]);
    for (((t, x), y), p) in column(0).zip(column(1)).zip(column(2)).zip(column(3)) {
        let (time_us, x, y, p) = (t?, x?, y?, p?);
        let event = match (u16::try_from(x), u16::try_from(y), p) {
            (Ok(x), Ok(y), 0 | 1) if time_us <= LAST_US => Event { time_us, x, y, is_on: p == 1 },
            _ => {
                let (number, place) = (events.len() + 1, format!("column {x}, row {y}"));
                let what = format!("event {number} at {time_us} us, {place}, of polarity {p}: none that a camera has");
                return Err(Fault::new(0, what));
            }
        };
        events.push(event);
    }
    Ok(Recording { sensor: None, events })
}

/// The archive of some events: an array of each of `t`, `x`, `y` and `p`, as SpikingJelly writes it.
pub(super) fn encode(events: &[Event]) -> Result<Vec<u8>> {
    let array = |kind: &str, number: fn(&Event) -> Vec<u8>| {
        npy::encode(kind, events.len(), &events.iter().flat_map(number).collect::<Vec<u8>>())
    };
    let members = [
        ("t", array("'<i8'", |event| (event.time_us as i64).to_le_bytes().into())),
        ("x", array("'<u2'", |event| event.x.to_le_bytes().into())),
        ("y", array("'<u2'", |event| event.y.to_le_bytes().into())),
        ("p", array("'|u1'", |event| vec![event.is_on.into()])),
    ];
    archive(&members).map_err(|e| Fault::new(0, format!("no archive of the events: {e}")))
}

/// An archive of arrays, of which the same arrays make the same bytes at any time.
fn archive(arrays: &[(&str, Vec<u8>)]) -> ZipResult<Vec<u8>> {
    let options = SimpleFileOptions::default().last_modified_time(DateTime::default());
    let mut archive = ZipWriter::new(Cursor::new(Vec::new()));
    for (name, array) in arrays {
        archive.start_file(format!("{name}.npy"), options)?;
        archive.write_all(array)?;
    }
    Ok(archive.finish()?.into_inner())
}

#[cfg(test)]
mod tests {
    use super::npy::encode as npy;
    use super::*;

    fn npz(arrays: &[(&str, Vec<u8>)]) -> Vec<u8> {
        archive(arrays).unwrap()
    }

    const EVENTS: [Event; 2] =
        [Event { time_us: 70_000, x: 3, y: 4, is_on: true }, Event { time_us: 70_001, x: 300, y: 5, is_on: false }];

    fn bytes<const N: usize>(values: [[u8; N]; 2]) -> Vec<u8> {
        values.concat()
    }

    #[test]
    fn four_arrays_of_any_numbers_are_events() {
        let archive = npz(&[
            ("t", npy("'<i8'", 2, &bytes([70_000_i64, 70_001].map(i64::to_le_bytes)))),
            ("x", npy("'>u2'", 2, &bytes([3_u16, 300].map(u16::to_be_bytes)))),
            ("y", npy("'<f4'", 2, &bytes([4_f32, 5.0].map(f32::to_le_bytes)))),
            ("Polarity", npy("'|b1'", 2, &[1, 0])),
        ]);
        assert_eq!(decode(&archive).unwrap().events, EVENTS);
    }

    #[test]
    fn what_is_written_is_read_and_is_the_same_bytes_again() {
        let events = [EVENTS[0], Event { time_us: 1 << 40, x: 65_535, y: 0, is_on: true }, EVENTS[1]];
        let archive = encode(&events).unwrap();
        assert_eq!(decode(&archive).unwrap().events, events);
        assert_eq!(archive, encode(&events).unwrap());
    }

    #[test]
    fn an_array_of_records_is_events() {
        let row = |t: u32, x: u16, y: u16, p: u8| {
            [x.to_le_bytes().to_vec(), y.to_le_bytes().into(), t.to_le_bytes().into(), vec![p]].concat()
        };
        let rows = [row(70_000, 3, 4, 1), row(70_001, 300, 5, 0)].concat();
        let description = "[('x', '<u2'), ('y', '<u2'), ('timestamps', '<u4'), ('p', '|u1')]";
        assert_eq!(decode(&npz(&[("events", npy(description, 2, &rows))])).unwrap().events, EVENTS);
    }

    #[test]
    fn what_is_wrong_is_named_with_its_array() {
        let small = |name| (name, npy("'|u1'", 2, &[0, 1]));
        let with = |array| decode(&npz(&[small("t"), small("x"), small("y"), array])).unwrap_err().to_string();
        assert_eq!(with(small("z")), "no array of polarities (p) (byte 0)");
        assert_eq!(with(("p", npy("'|u1'", 2, &[0]))), "p.npy: cut off within 2 rows of 1 bytes (byte 128)");
        assert_eq!(with(("p", npy("'|i1'", 2, &[0, 255]))), "p.npy: a number that no event has (byte 1)");
        assert!(with(("p", npy("[]", 2, &[]))).contains("numbers of a kind that no event has"));
        assert!(with(("p", npy("'<c16'", 2, &[0; 32]))).contains("numbers of a kind that no event has"));
        assert!(with(("p", npy("'|u1'", 3, &[0; 3]))).starts_with("[2, 2, 2, 3] times"));
        assert!(with(("p", npy("'|u1'", 2, &[0, 7]))).contains("event 2 at 1 us, column 1, row 1, of polarity 7"));
        let archive = npz(&[small("t"), small("x"), small("y"), small("p")]);
        for length in 0..archive.len() {
            assert!(decode(&archive[..length]).is_err(), "cut to {length} bytes");
        }
    }
}
