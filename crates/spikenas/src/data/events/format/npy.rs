use super::bytes::Bytes;
use super::fault::{Fault, Result};

/// The longest header that is read.
const MOST_HEADER: usize = 1 << 16;

/// An array of NumPy's format: whole numbers, booleans or floats, in one column or in several with names.
pub(super) struct Array<'a> {
    /// Name, kind and place in a row of each column; the name is empty where there is one without.
    columns: Vec<Column>,
    rows: &'a [u8],
    row_bytes: usize,
    /// Rows that the header tells.
    count: usize,
}

struct Column {
    name: String,
    kind: Kind,
    start: usize,
}

/// How a number is written.
#[derive(Clone, Copy)]
struct Kind {
    letter: u8,
    bytes: usize,
    is_big_endian: bool,
}

impl<'a> Array<'a> {
    /// Errors: another format; more than one dimension; numbers that no event has; fewer bytes than the header tells.
    pub fn read(bytes: &'a [u8]) -> Result<Self> {
        let mut bytes = Bytes::new(bytes);
        if bytes.take(6, "the format's name")? != b"\x93NUMPY" {
            return Err(Fault::new(0, "not an array of NumPy"));
        }
        let length = match bytes.array("the version")? {
            [1, _] => usize::from(u16::from_le_bytes(bytes.array("the length of the header")?)),
            [2 | 3, _] => bytes.u32("the length of the header")? as usize,
            [version, _] => {
                return Err(Fault::new(6, format!("version {version} of NumPy's format: 1 to 3 are known")));
            }
        };
        let at = bytes.at();
        if length > MOST_HEADER {
            return Err(Fault::new(at, format!("a header of {length} bytes: at most {MOST_HEADER}")));
        }
        let header = String::from_utf8_lossy(bytes.take(length, "the header")?);
        let fault = |what: &str| Fault::new(at, format!("{what} in the header {}", header.trim()));
        let value = |key: &str| header.split_once(&format!("'{key}':")).map(|(_, value)| value.trim_start());
        let description = value("descr").ok_or_else(|| fault("no 'descr'"))?;
        let columns = columns(description).ok_or_else(|| fault("numbers of a kind that no event has"))?;
        let shape = value("shape")
            .and_then(|text| text.strip_prefix('(')?.split_once(')'))
            .ok_or_else(|| fault("no 'shape'"))?
            .0;
        let sides: Vec<&str> = shape.split(',').map(str::trim).filter(|side| !side.is_empty()).collect();
        let [count] = sides[..] else { return Err(fault("not one dimension")) };
        let count = count.trim_end_matches('L').parse().map_err(|_| fault("no number of events"))?;
        let row_bytes = columns.last().map_or(0, |column| column.start + column.kind.bytes);
        let length = usize::checked_mul(count, row_bytes).ok_or_else(|| fault("too many events"))?;
        let rows = bytes.take(length, &format!("{count} rows of {row_bytes} bytes"))?;
        Ok(Self { columns, rows, row_bytes, count })
    }

    /// Rows.
    pub fn len(&self) -> usize {
        self.count
    }

    /// The place of a column with one of some names.
    pub fn column(&self, names: &[&str]) -> Option<usize> {
        self.columns.iter().position(|column| names.contains(&column.name.to_ascii_lowercase().as_str()))
    }

    /// The numbers of a column. Errors: one that is negative, has a fraction, or is none.
    pub fn numbers(&self, column: usize) -> impl Iterator<Item = Result<u64>> {
        let Column { kind, start, .. } = self.columns[column];
        self.rows.chunks_exact(self.row_bytes).enumerate().map(move |(row, bytes)| {
            let at = row * self.row_bytes + start;
            kind.number(&bytes[start..][..kind.bytes]).ok_or_else(|| Fault::new(at, "a number that no event has"))
        })
    }
}

/// The array of some rows, each of the columns that a description, the header's `descr`, tells: version 1 of the format.
pub(super) fn encode(description: &str, count: usize, rows: &[u8]) -> Vec<u8> {
    let header = format!("{{'descr': {description}, 'fortran_order': False, 'shape': ({count},), }}");
    // Rows begin at a multiple of 64 bytes, behind the end of a line.
    let length = (10 + header.len() + 1).next_multiple_of(64) - 10;
    let header = format!("{header:<0$}\n", length - 1);
    [b"\x93NUMPY\x01\x00", &(length as u16).to_le_bytes()[..], header.as_bytes(), rows].concat()
}

/// `'<u2'`, or `[('t', '<i8'), ('x', '<u2')]`; at least one.
fn columns(description: &str) -> Option<Vec<Column>> {
    let mut start = 0;
    let mut column = |name: &str, kind: &str| {
        let kind = Kind::of(kind)?;
        start += kind.bytes;
        Some(Column { name: name.into(), kind, start: start - kind.bytes })
    };
    let Some(list) = description.strip_prefix('[') else {
        return Some(vec![column("", quoted(description)?)?]);
    };
    let fields = list.split_once(']')?.0.split('(').skip(1);
    let columns: Option<Vec<Column>> = fields
        .map(|field| {
            let (name, kind) = field.split_once(',')?;
            column(quoted(name)?, quoted(kind.trim_start())?)
        })
        .collect();
    columns.filter(|columns| !columns.is_empty())
}

/// The text between quotation marks that something begins with.
fn quoted(text: &str) -> Option<&str> {
    Some(text.strip_prefix('\'')?.split_once('\'')?.0)
}

impl Kind {
    /// `<i8`, `|b1`, `>f4`.
    fn of(text: &str) -> Option<Self> {
        let (&[order, letter], bytes) = text.as_bytes().split_first_chunk()?;
        let bytes = std::str::from_utf8(bytes).ok()?.parse().ok()?;
        let is_known = match letter {
            b'u' | b'i' => matches!(bytes, 1 | 2 | 4 | 8),
            b'f' => matches!(bytes, 4 | 8),
            b'b' => bytes == 1,
            _ => false,
        };
        (is_known && b"<>|=".contains(&order)).then_some(Self { letter, bytes, is_big_endian: order == b'>' })
    }

    fn number(self, bytes: &[u8]) -> Option<u64> {
        let mut padded = [0; 8];
        padded[..self.bytes].copy_from_slice(bytes);
        if self.is_big_endian {
            padded[..self.bytes].reverse();
        }
        let bits = u64::from_le_bytes(padded);
        match (self.letter, self.bytes) {
            (b'f', bytes) => {
                let value = if bytes == 4 { f32::from_bits(bits as u32).into() } else { f64::from_bits(bits) };
                // From here on, a float no longer tells all whole numbers apart.
                let is_whole = (0.0..9_007_199_254_740_992.0).contains(&value) && value.fract() == 0.0;
                is_whole.then_some(value as u64)
            }
            (b'i', bytes) => (bits >> (8 * bytes - 1) == 0).then_some(bits),
            _ => Some(bits),
        }
    }
}
