use std::path::{Path, PathBuf};
use std::time::{SystemTime, UNIX_EPOCH};

use crate::record::{Growing, files};
use crate::train::EpochRecord;
use crate::{Error, Result};

/// A training as TensorBoard reads it: a file of TFRecords, each an `Event` message of scalars.
///
/// Formats: <https://www.tensorflow.org/tutorials/load_data/tfrecord> and `tensorboard/compat/proto/event.proto`.
pub struct EventFile {
    path: PathBuf,
    file: Growing,
}

impl EventFile {
    /// Goes on with a file where it stands, so that a reader that follows it reads on, or begins one; `epochs` are those kept so far.
    ///
    /// What was cut off at the end is dropped, and epochs that are missing are added. Where later ones are there, which are trained
    /// again, an event tells readers to forget them.
    pub fn open(path: &Path, epochs: &[EpochRecord]) -> Result<Self> {
        path.parent().map_or(Ok(()), files::create_folder)?;
        let wrong = |error| Error::io(path)(error);
        let mut file = Growing::open(path).map_err(wrong)?;
        let found = Found::read(&file.read().map_err(wrong)?);
        file.cut(found.whole as u64).map_err(wrong)?;
        let mut events = Self { path: path.to_path_buf(), file };
        if found.whole == 0 {
            events.write(&version_event(seconds_now()))?;
        }
        let kept = epochs.last().map_or(0, |epoch| epoch.epoch as u64);
        if found.last_step > kept {
            events.write(&restart_event(seconds_now(), kept + 1))?;
        }
        let missing = epochs.iter().filter(|epoch| epoch.epoch as u64 > found.last_step);
        missing.into_iter().try_for_each(|epoch| events.append(epoch))?;
        Ok(events)
    }

    /// Adds an epoch.
    pub fn append(&mut self, epoch: &EpochRecord) -> Result<()> {
        self.write(&epoch_event(seconds_now(), epoch))
    }

    fn write(&mut self, event: &[u8]) -> Result<()> {
        self.file.append(&tf_record(event)).map_err(Error::io(&self.path))
    }
}

/// What a file of events holds.
#[derive(Debug, Default, PartialEq)]
struct Found {
    /// Bytes of its whole records.
    whole: usize,
    /// The step of its last event of scalars; 0 where there is none.
    last_step: u64,
}

impl Found {
    fn read(bytes: &[u8]) -> Self {
        let mut found = Self::default();
        while let Some((message, length)) = first_record(&bytes[found.whole..]) {
            found.whole += length;
            found.last_step = epoch_of(message).unwrap_or(found.last_step);
        }
        found
    }
}

/// The message of the first record, if it is whole, and the length of the record.
fn first_record(bytes: &[u8]) -> Option<(&[u8], usize)> {
    let (length, rest) = bytes.split_first_chunk::<8>()?;
    let rest = rest.strip_prefix(&masked_checksum(length))?;
    let (message, rest) = rest.split_at_checked(usize::try_from(u64::from_le_bytes(*length)).ok()?)?;
    rest.starts_with(&masked_checksum(message)).then_some((message, 16 + message.len()))
}

/// The step of an event as [`epoch_event`] writes it: behind the wall time, before the scalars.
fn epoch_of(event: &[u8]) -> Option<u64> {
    let rest = event.get(9..)?.strip_prefix(key(2, 0).as_slice())?;
    let digits = rest.iter().position(|byte| byte & 0x80 == 0)? + 1;
    let is_summary = rest[digits..].starts_with(&key(5, 2));
    let number = |value, &byte: &u8| value << 7 | u64::from(byte & 0x7f);
    is_summary.then(|| rest[..digits].iter().rev().fold(0, number))
}

fn seconds_now() -> f64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0.0, |since| since.as_secs_f64())
}

/// Length and its checksum, the message and its checksum.
fn tf_record(message: &[u8]) -> Vec<u8> {
    let length = (message.len() as u64).to_le_bytes();
    [&length[..], &masked_checksum(&length), message, &masked_checksum(message)].concat()
}

/// CRC-32C, rotated and moved so that a checksum of data that hold checksums is no special case.
fn masked_checksum(bytes: &[u8]) -> [u8; 4] {
    crc32c(bytes).rotate_right(15).wrapping_add(0xa282_ead8).to_le_bytes()
}

/// Castagnoli's checksum of 32 bits, bit by bit.
fn crc32c(bytes: &[u8]) -> u32 {
    const POLYNOMIAL: u32 = 0x82f6_3b78;
    let shift = |crc: u32, _| crc >> 1 ^ if crc & 1 == 1 { POLYNOMIAL } else { 0 };
    !bytes.iter().fold(!0, |crc, &byte| (0..8).fold(crc ^ u32::from(byte), shift))
}

/// `wall_time = 1`, `file_version = 3`
fn version_event(wall_time: f64) -> Vec<u8> {
    [field_f64(1, wall_time), field_bytes(3, b"brain.Event:2")].concat()
}

/// `wall_time = 1`, `step = 2`, `summary = 5`: an epoch's numbers.
fn epoch_event(wall_time: f64, epoch: &EpochRecord) -> Vec<u8> {
    let scalars = [
        ("loss/train", Some(epoch.train_loss)),
        ("loss/validation", epoch.validation_loss),
        ("loss/test", epoch.test_loss),
        ("accuracy/train", Some(epoch.train_accuracy)),
        ("accuracy/validation", epoch.validation_accuracy),
        ("accuracy/validation_top5", epoch.validation_top5_accuracy),
        ("accuracy/test", epoch.test_accuracy),
        ("accuracy/test_top5", epoch.test_top5_accuracy),
        ("learning_rate", Some(epoch.learning_rate)),
        ("images_per_second", Some(epoch.images_per_second)),
    ];
    let present = scalars.into_iter().filter_map(|(tag, value)| Some((tag, value?)));
    // `Summary.value = 1` with `tag = 1`, `simple_value = 2`
    let value = |(tag, value): (&str, f64)| {
        field_bytes(1, &[field_bytes(1, tag.as_bytes()), field_f32(2, value as f32)].concat())
    };
    let summary: Vec<u8> = present.flat_map(value).collect();
    [field_f64(1, wall_time), field_integer(2, epoch.epoch as u64), field_bytes(5, &summary)].concat()
}

/// `wall_time = 1`, `step = 2`, `session_log = 7` with `status = 1`, which is START: events from this step on are void.
fn restart_event(wall_time: f64, step: u64) -> Vec<u8> {
    [field_f64(1, wall_time), field_integer(2, step), field_bytes(7, &field_integer(1, 1))].concat()
}

/// A number in base 128, lowest digit first.
fn varint(mut value: u64) -> Vec<u8> {
    let mut bytes = Vec::new();
    while value >= 0x80 {
        bytes.push(value as u8 | 0x80);
        value >>= 7;
    }
    bytes.push(value as u8);
    bytes
}

/// Number and wire type of a field of a Protocol Buffers message.
fn key(field: u64, wire_type: u64) -> Vec<u8> {
    varint(field << 3 | wire_type)
}

fn field_integer(field: u64, value: u64) -> Vec<u8> {
    [key(field, 0), varint(value)].concat()
}

fn field_f64(field: u64, value: f64) -> Vec<u8> {
    [key(field, 1), value.to_le_bytes().to_vec()].concat()
}

fn field_f32(field: u64, value: f32) -> Vec<u8> {
    [key(field, 5), value.to_le_bytes().to_vec()].concat()
}

fn field_bytes(field: u64, bytes: &[u8]) -> Vec<u8> {
    [key(field, 2), varint(bytes.len() as u64), bytes.to_vec()].concat()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What TensorBoard 2.21's own protocol classes and `RecordWriter` write for the two events below.
    const WRITTEN_BY_TENSORBOARD: &str = concat!(
        "1800000000000000a37f4b2209000000000000f83f1a0d627261696e2e4576656e743a322a28646c91000000000000009ed57d430900",
        "0000000000f83f10ac022a82010a110a0a6c6f73732f747261696e15000010400a100a096c6f73732f7465737415000020400a150a0e",
        "61636375726163792f747261696e15000048410a140a0d61636375726163792f7465737415000020410a140a0d6c6561726e696e675f",
        "72617465150000003e0a180a11696d616765735f7065725f7365636f6e641500005b436933c4a5",
    );

    fn epoch() -> EpochRecord {
        EpochRecord {
            epoch: 300,
            learning_rate: 0.125,
            train_loss: 2.25,
            train_accuracy: 12.5,
            test_loss: Some(2.5),
            test_accuracy: Some(10.0),
            images_per_second: 219.0,
            seconds: 9.0,
            ..EpochRecord::default()
        }
    }

    #[test]
    fn records_are_those_of_tensorboard() {
        let bytes = [tf_record(&version_event(1.5)), tf_record(&epoch_event(1.5, &epoch()))].concat();
        let hex: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
        assert_eq!(hex, WRITTEN_BY_TENSORBOARD);
    }

    fn epochs(count: usize) -> Vec<EpochRecord> {
        (1..=count).map(|number| EpochRecord { epoch: number * 100, ..epoch() }).collect()
    }

    #[test]
    fn a_file_goes_on_in_place_and_lacks_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("events");
        let read = || std::fs::read(&path).unwrap();
        let mut begun = EventFile::open(&path, &[]).unwrap();
        begun.append(&epochs(1)[0]).unwrap();
        let before = read();
        // A kill in the middle of an event, after an epoch whose event was not written.
        std::fs::write(&path, [&before[..], &tf_record(&epoch_event(1.0, &epoch()))[..20]].concat()).unwrap();
        EventFile::open(&path, &epochs(2)).unwrap();
        let after = read();
        assert_eq!(after[..before.len()], before);
        assert_eq!(Found::read(&after), Found { whole: after.len(), last_step: 200 });
        EventFile::open(&path, &epochs(2)).unwrap();
        assert_eq!(read(), after);
    }

    #[test]
    fn epochs_that_are_trained_again_are_void_for_readers() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("events");
        EventFile::open(&path, &epochs(3)).unwrap();
        let length = std::fs::metadata(&path).unwrap().len() as usize;
        EventFile::open(&path, &epochs(2)).unwrap();
        let text = std::fs::read(&path).unwrap();
        let (message, size) = first_record(&text[length..]).unwrap();
        assert_eq!(length + size, text.len());
        assert_eq!(message[9..], [0x10, 0xc9, 0x01, 0x3a, 0x02, 0x08, 0x01]);
    }
}
