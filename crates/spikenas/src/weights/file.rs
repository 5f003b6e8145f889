use std::borrow::Cow;
use std::collections::{BTreeMap, HashMap};
use std::path::Path;

use safetensors::tensor::{Dtype, SafeTensors, View, serialize};
use serde_json::Value;

use super::checksum::{CHECKSUM, Content, NONE};
use super::tensor::Tensor;
use crate::record::files::write_atomically;
use crate::{Error, Result};

/// The content of a safetensors file: named tensors, counters and metadata.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct TensorFile {
    /// Tensors of f32.
    pub(crate) tensors: BTreeMap<String, Tensor>,
    /// Single numbers of i64.
    pub(crate) counters: BTreeMap<String, i64>,
    /// Tensors of whole numbers.
    pub(crate) integers: BTreeMap<String, Integers>,
    /// Metadata: JSON by name.
    pub(crate) about: BTreeMap<String, Value>,
    /// The checksum of all this, where a file was read that has one.
    pub(crate) checksum: Option<String>,
}

/// The key of [`TensorFile::about`] that the file of an integer network has.
pub(crate) const INTEGER: &str = "integer";

/// The one key of the file's metadata, which holds [`TensorFile::about`]: several would come in random order, and equal
/// networks would not be equal files.
pub(super) const ABOUT: &str = "spikenas";

impl TensorFile {
    /// Reads a file of floats. Errors name it: not there, not safetensors, a tensor of another type, another content than that of
    /// its checksum.
    pub(crate) fn read(path: &Path) -> Result<Self> {
        let file = Self::read_any(path)?;
        match file.integers.iter().next() {
            Some(_) if file.about.contains_key(INTEGER) => {
                Err(Error::file(path, "is an integer network: say that it is one"))
            }
            Some((name, Integers { kind, .. })) => {
                Err(Error::file(path, format!("tensor `{name}` is {:?}, not F32", kind.dtype())))
            }
            None => Ok(file),
        }
    }

    /// Reads a file of floats, whole numbers or both.
    pub(crate) fn read_any(path: &Path) -> Result<Self> {
        let bytes =
            std::fs::read(path).map_err(Error::io_or_absent(path, "there is no such model file: bring it back"))?;
        let wrong = |reason: String| Error::file(path, reason);
        let broken = |e: safetensors::SafeTensorError| wrong(format!("not a whole safetensors file ({e})"));
        let (_, header) = SafeTensors::read_metadata(&bytes).map_err(broken)?;
        let text = header.metadata().as_ref().and_then(|m| m.get(ABOUT)).map_or("{}", String::as_str);
        let about: BTreeMap<String, Value> =
            serde_json::from_str(text).map_err(|e| wrong(format!("its description is damaged ({e})")))?;
        let mut views = SafeTensors::deserialize(&bytes).map_err(broken)?.tensors();
        views.sort_by(|(a, _), (b, _)| a.cmp(b));
        let mut content = Content::new(&about, text);
        let mut file = Self { about, ..Self::default() };
        for (name, view) in views {
            content.add(&name, view.dtype(), view.shape(), view.data());
            match (view.dtype(), view.shape()) {
                (Dtype::F32, shape) => {
                    let values = little_endian(view.data(), f32::from_le_bytes);
                    file.tensors.insert(name, Tensor { shape: shape.to_vec(), values });
                }
                (Dtype::I64, []) => {
                    let value = little_endian(view.data(), i64::from_le_bytes)[0];
                    file.counters.insert(name, value);
                }
                (other, shape) => {
                    let kind = IntegerKind::ALL.into_iter().find(|kind| kind.dtype() == other);
                    let kind = kind.ok_or_else(|| wrong(format!("tensor `{name}` is {other:?}, not F32")))?;
                    let (shape, values) = (shape.to_vec(), kind.read(view.data()));
                    file.integers.insert(name, Integers { kind, shape, values });
                }
            }
        }
        file.about.remove(CHECKSUM);
        file.checksum = content.verified().map_err(wrong)?;
        Ok(file)
    }

    /// Writes the file in one step, with the checksum of its content.
    pub(crate) fn write(&self, path: &Path) -> Result<()> {
        let tensors = self.tensors.iter().map(|(name, tensor)| {
            let data = tensor.values.iter().flat_map(|v| v.to_le_bytes()).collect();
            (name.clone(), Bytes { dtype: Dtype::F32, shape: tensor.shape.clone(), data })
        });
        let counters = self.counters.iter().map(|(name, value)| {
            (name.clone(), Bytes { dtype: Dtype::I64, shape: vec![], data: value.to_le_bytes().to_vec() })
        });
        let integers = self.integers.iter().map(|(name, Integers { kind, shape, values })| {
            (name.clone(), Bytes { dtype: kind.dtype(), shape: shape.clone(), data: kind.written(values) })
        });
        let views: BTreeMap<String, Bytes> = tensors.chain(counters).chain(integers).collect();
        let mut about = self.about.clone();
        about.insert(CHECKSUM.into(), NONE.into());
        let text = serde_json::to_string(&about).map_err(|e| Error::file(path, e.to_string()))?;
        let mut content = Content::new(&about, &text);
        views.iter().for_each(|(name, view)| content.add(name, view.dtype, &view.shape, &view.data));
        let file = serialize(views, Some(HashMap::from([(ABOUT.to_string(), content.sealed())])));
        let file = file.map_err(|e| Error::file(path, e.to_string()))?;
        write_atomically(path, |out| out.write_all(&file))
    }
}

/// A tensor of whole numbers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Integers {
    /// Their type.
    pub(crate) kind: IntegerKind,
    /// Dimensions, outermost first.
    pub(crate) shape: Vec<usize>,
    /// The numbers, which the type holds.
    pub(crate) values: Vec<i32>,
}

/// The types of whole numbers in a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum IntegerKind {
    I8,
    U8,
    I16,
    I32,
}

impl IntegerKind {
    const ALL: [Self; 4] = [Self::I8, Self::U8, Self::I16, Self::I32];

    fn dtype(self) -> Dtype {
        match self {
            Self::I8 => Dtype::I8,
            Self::U8 => Dtype::U8,
            Self::I16 => Dtype::I16,
            Self::I32 => Dtype::I32,
        }
    }

    fn read(self, bytes: &[u8]) -> Vec<i32> {
        match self {
            Self::I8 => bytes.iter().map(|&byte| i32::from(byte as i8)).collect(),
            Self::U8 => bytes.iter().map(|&byte| i32::from(byte)).collect(),
            Self::I16 => little_endian(bytes, |bytes| i32::from(i16::from_le_bytes(bytes))),
            Self::I32 => little_endian(bytes, i32::from_le_bytes),
        }
    }

    /// The numbers as bytes, each cut to the type.
    fn written(self, values: &[i32]) -> Vec<u8> {
        let bytes = match self {
            Self::I8 | Self::U8 => 1,
            Self::I16 => 2,
            Self::I32 => 4,
        };
        values.iter().flat_map(|value| value.to_le_bytes().into_iter().take(bytes)).collect()
    }
}

fn little_endian<const N: usize, T>(bytes: &[u8], read: impl Fn([u8; N]) -> T) -> Vec<T> {
    bytes.as_chunks::<N>().0.iter().map(|&chunk| read(chunk)).collect()
}

/// An owned tensor on its way into a file.
struct Bytes {
    dtype: Dtype,
    shape: Vec<usize>,
    data: Vec<u8>,
}

impl View for Bytes {
    fn dtype(&self) -> Dtype {
        self.dtype
    }

    fn shape(&self) -> &[usize] {
        &self.shape
    }

    fn data(&self) -> Cow<'_, [u8]> {
        Cow::Borrowed(&self.data)
    }

    fn data_len(&self) -> usize {
        self.data.len()
    }
}
