//! Spikes in HDF5, as the Heidelberg datasets have them: `labels`, and for each sample in `spikes/times` and `spikes/units` a list, of
//! seconds and of channels.

use std::collections::HashMap;
use std::fs;
use std::path::{Path, PathBuf};

use hdf5_pure::DatatypeByteOrder::LittleEndian;
use hdf5_pure::{Dataset, Datatype, File};

use crate::data::events::{Event, Recording, Sensor};
use crate::{Error, Result};

/// Channels of the artificial cochlea.
pub(super) const UNITS: u16 = 700;
/// The longest file that is read: it is held in memory as it is.
const MOST_BYTES: u64 = 1 << 32;

/// A file of spikes, and where in it those of each sample are.
pub(in crate::data) struct Spikes {
    pub path: PathBuf,
    bytes: Vec<u8>,
    /// Classes of the samples.
    pub labels: Vec<u16>,
    times: Lists,
    units: Lists,
}

impl std::fmt::Debug for Spikes {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Spikes({})", self.path.display())
    }
}

/// Lists of numbers of one kind.
struct Lists {
    kind: Number,
    /// Where in the file each begins, and how many numbers it has.
    places: Vec<(usize, usize)>,
}

/// A number of a list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Number {
    bytes: usize,
    is_float: bool,
}

impl Spikes {
    /// Reads a file, or the one in an archive.
    ///
    /// Errors: a file that is damaged, or has no such lists, or as many labels as lists.
    pub fn open(path: &Path, bytes: Vec<u8>) -> Result<Self> {
        let damaged = |what: String| Error::file(path, format!("{what}: replace or remove it"));
        let file = File::from_bytes(bytes.clone()).map_err(|e| damaged(format!("damaged ({e})")))?;
        let labels = file.dataset("labels").map_err(|e| damaged(format!("no labels ({e})")))?;
        check_size(&labels, 2, &bytes).map_err(|e| damaged(format!("labels: {e}")))?;
        let labels = labels.read_u64().map_err(|e| damaged(format!("its labels are damaged ({e})")))?;
        let labels: Vec<u16> = labels.into_iter().map(|label| u16::try_from(label).unwrap_or(u16::MAX)).collect();
        let lists = |name: &str| Lists::read(&file, name, &bytes).map_err(|e| damaged(format!("{name}: {e}")));
        let (times, units) = (lists("spikes/times")?, lists("spikes/units")?);
        if times.places.len() != labels.len() || units.places.len() != labels.len() {
            let (times, units) = (times.places.len(), units.places.len());
            return Err(damaged(format!(
                "{} labels, lists of times of {times} samples and of units of {units}",
                labels.len()
            )));
        }
        Ok(Self { path: path.to_path_buf(), bytes, labels, times, units })
    }

    /// Reads a file from the disk. Errors: those of [`Spikes::open`]; it is too long to be held in memory.
    pub fn load(path: &Path) -> Result<Self> {
        let length = fs::metadata(path).map_err(Error::io(path))?.len();
        if length > MOST_BYTES {
            return Err(Error::file(path, format!("{length} bytes: {MOST_BYTES} are the most")));
        }
        Self::open(path, fs::read(path).map_err(Error::io(path))?)
    }

    /// The spikes of a sample in the order of their times: a channel is a column of a single row, and all are brighter.
    ///
    /// Errors: as many times as channels, a time that is none, a channel that there is not, no spikes.
    pub fn read(&self, index: usize) -> Result<Recording> {
        let named =
            |what: String| Error::file(&self.path, format!("sample {index} {what}: replace or remove the file"));
        let (times, units) = (self.times.numbers(&self.bytes, index), self.units.numbers(&self.bytes, index));
        if times.len() != units.len() || times.is_empty() {
            return Err(named(format!("has {} times and {} channels", times.len(), units.len())));
        }
        let event = |(&time, &unit): (&f64, &f64)| {
            if !(0.0..1e9).contains(&time) {
                return Err(named(format!("has a spike at {time} seconds")));
            }
            if !(0.0..f64::from(UNITS)).contains(&unit) {
                return Err(named(format!("has a spike of channel {unit}, and there are {UNITS}")));
            }
            Ok(Event { time_us: (time * 1e6).round() as u64, x: unit as u16, y: 0, is_on: true })
        };
        let mut events: Vec<Event> = times.iter().zip(&units).map(event).collect::<Result<_>>()?;
        events.sort_by_key(|event| event.time_us);
        Ok(Recording { sensor: Some(Sensor { width: UNITS, height: 1 }), events })
    }
}

impl Lists {
    /// The lists of a dataset of the file. HDF5 keeps their numbers in collections of objects, and in the dataset for each the number of
    /// its numbers, the address of a collection and the object in it.
    fn read(file: &File, name: &str, bytes: &[u8]) -> std::result::Result<Self, String> {
        let dataset = file.dataset(name).map_err(|e| e.to_string())?;
        let kind = match dataset.datatype().map_err(|e| e.to_string())? {
            Datatype::VariableLength { base_type, .. } => {
                Number::of(&base_type).ok_or("lists of something else than numbers")?
            }
            _ => return Err("no lists".into()),
        };
        check_size(&dataset, 16, bytes)?;
        let raw = dataset.read_raw().map_err(|e| e.to_string())?;
        let (references, rest) = raw.as_chunks::<16>();
        if !rest.is_empty() {
            return Err("addresses of another size than 8 bytes".into());
        }
        let mut collections: HashMap<usize, Collection> = HashMap::new();
        let mut places = Vec::with_capacity(references.len());
        for reference in references {
            let (count, address, object) = (word(reference, 0, 4), word(reference, 4, 8), word(reference, 12, 4));
            if count == 0 {
                places.push((0, 0));
                continue;
            }
            if !collections.contains_key(&address) {
                collections.insert(address, Collection::read(bytes, address).ok_or("a damaged collection of objects")?);
            }
            let &(start, size) = collections[&address].0.get(&object).ok_or("a list that is not there")?;
            if count.checked_mul(kind.bytes).is_none_or(|needed| needed > size) {
                return Err("a list that is cut off".into());
            }
            places.push((start, count));
        }
        Ok(Self { kind, places })
    }

    /// The numbers of a list.
    fn numbers(&self, bytes: &[u8], index: usize) -> Vec<f64> {
        let (start, count) = self.places[index];
        bytes[start..start + count * self.kind.bytes]
            .chunks_exact(self.kind.bytes)
            .map(|one| self.kind.read(one))
            .collect()
    }
}

/// Whether a file can have as many elements of some bytes as a dataset of it says: compressed ones are not many times shorter.
fn check_size(dataset: &Dataset, element: u64, bytes: &[u8]) -> std::result::Result<(), String> {
    const MOST_PER_BYTE: u64 = 64;
    let shape = dataset.shape().map_err(|e| e.to_string())?;
    let needed = shape.iter().try_fold(element, |size, &side| size.checked_mul(side));
    match needed {
        Some(needed) if needed <= MOST_PER_BYTE * bytes.len() as u64 => Ok(()),
        _ => Err(format!("an array of {shape:?}, which {} bytes do not hold", bytes.len())),
    }
}

/// The objects of a collection by their numbers: where each begins, and its size.
struct Collection(HashMap<usize, (usize, usize)>);

impl Collection {
    /// A head of 16 bytes (`GCOL`, version 1, the size of all), then the objects: their numbers, sizes and bytes, up to a number 0.
    fn read(bytes: &[u8], address: usize) -> Option<Self> {
        let head = bytes.get(address..)?;
        if !head.starts_with(b"GCOL\x01") || head.len() < 16 {
            return None;
        }
        let all = head.get(..word(head, 8, 8))?;
        let mut objects = HashMap::new();
        let mut at = 16;
        while at + 16 <= all.len() {
            let (number, size) = (word(all, at, 2), word(all, at + 8, 8));
            if number == 0 {
                break;
            }
            let end = at.checked_add(16)?.checked_add(size)?;
            all.get(at + 16..end)?;
            objects.insert(number, (address + at + 16, size));
            at = end.checked_next_multiple_of(8)?;
        }
        Some(Self(objects))
    }
}

/// A number of up to 8 bytes, the lowest first. The slice is long enough.
fn word(bytes: &[u8], at: usize, length: usize) -> usize {
    bytes[at..at + length].iter().rev().fold(0, |word, &byte| word << 8 | usize::from(byte))
}

impl Number {
    /// That of a type of HDF5, if it has one: little-endian, of 2, 4 or 8 bytes, or a byte.
    fn of(kind: &Datatype) -> Option<Self> {
        let (size, is_float) = match kind {
            Datatype::FixedPoint { size, byte_order: LittleEndian, .. } => (*size, false),
            Datatype::FloatingPoint { size, byte_order: LittleEndian, .. } => (*size, true),
            _ => return None,
        };
        let bytes = size as usize;
        let is_known = if is_float { [2, 4, 8].contains(&bytes) } else { [1, 2, 4, 8].contains(&bytes) };
        is_known.then_some(Self { bytes, is_float })
    }

    fn read(self, one: &[u8]) -> f64 {
        match (self.is_float, self.bytes) {
            (true, 2) => half(word(one, 0, 2) as u16),
            (true, 4) => f64::from(f32::from_bits(word(one, 0, 4) as u32)),
            (true, _) => f64::from_bits(word(one, 0, 8) as u64),
            (false, bytes) => word(one, 0, bytes) as f64,
        }
    }
}

/// A number of half precision (IEEE 754 binary16).
fn half(bits: u16) -> f64 {
    let (exponent, fraction) = (i32::from(bits >> 10 & 0x1f), f64::from(bits & 0x3ff) / 1024.0);
    let size = match exponent {
        0 => fraction * 2.0_f64.powi(-14),
        0x1f => return if fraction == 0.0 && bits >> 15 == 0 { f64::INFINITY } else { f64::NAN },
        _ => (1.0 + fraction) * 2.0_f64.powi(exponent - 15),
    };
    if bits >> 15 == 0 { size } else { -size }
}
