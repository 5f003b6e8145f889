use std::path::Path;

use serde::de::{DeserializeOwned, Deserializer, Error as _};
use serde::{Deserialize, Serialize, Serializer};

use crate::{Error, Result};

/// A number that JSON may not know: infinities are the strings `"inf"` and `"-inf"`.
#[derive(Clone, Copy, Debug, PartialEq, PartialOrd)]
pub struct Number(pub f64);

impl From<f64> for Number {
    fn from(value: f64) -> Self {
        Self(value)
    }
}

impl Serialize for Number {
    fn serialize<S: Serializer>(&self, serializer: S) -> std::result::Result<S::Ok, S::Error> {
        if self.0.is_finite() { serializer.serialize_f64(self.0) } else { serializer.collect_str(&self.0) }
    }
}

impl<'de> Deserialize<'de> for Number {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> std::result::Result<Self, D::Error> {
        #[derive(Deserialize)]
        #[serde(untagged)]
        enum Form {
            Finite(f64),
            Text(String),
        }
        match Form::deserialize(deserializer)? {
            Form::Finite(value) => Ok(Self(value)),
            Form::Text(text) if text == "inf" => Ok(Self(f64::INFINITY)),
            Form::Text(text) if text == "-inf" => Ok(Self(f64::NEG_INFINITY)),
            Form::Text(text) => Err(D::Error::custom(format!("`{text}` is not a number"))),
        }
    }
}

/// Whether a record that is about to be written can be read again: JSON has no infinities, and writes `null` for one that is not
/// a [`Number`].
pub(super) fn check_numbers<T: DeserializeOwned>(path: &Path, json: &str) -> Result<()> {
    serde_json::from_str::<T>(json)
        .map(drop)
        .map_err(|e| Error::file(path, format!("cannot be written: a number of the result is not finite ({e})")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn infinite_numbers_survive_json() {
        for value in [1.5, -0.1, f64::INFINITY, f64::NEG_INFINITY, 2.225_073_858_507_201_4e-308] {
            let text = serde_json::to_string(&Number(value)).unwrap();
            assert_eq!(serde_json::from_str::<Number>(&text).unwrap(), Number(value), "{text}");
        }
        assert!(serde_json::from_str::<Number>("\"many\"").is_err());
    }
}
