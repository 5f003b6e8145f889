//! Options that are read from names, as records and other languages write them.

use std::str::FromStr;

use serde::de::Error as _;
use serde::{Deserialize, Deserializer};

use crate::space::{Operation, SearchSpace};
use crate::{Error, Result, cost};

/// A value by its name, with the library's own message where there is none of that name.
pub(super) fn named<'de, D: Deserializer<'de>, T: FromStr<Err = Error>>(
    from: D,
) -> std::result::Result<Option<T>, D::Error> {
    let name = Option::<String>::deserialize(from)?;
    name.map(|name| name.parse().map_err(D::Error::custom)).transpose()
}

/// A list of values by their names.
pub(super) fn list<'de, D: Deserializer<'de>, T: FromStr<Err = Error>>(
    from: D,
) -> std::result::Result<Vec<T>, D::Error> {
    Vec::<String>::deserialize(from)?.iter().map(|name| name.parse().map_err(D::Error::custom)).collect()
}

/// A list of sizes, each with a unit or in bytes.
pub(super) fn sizes<'de, D: Deserializer<'de>>(from: D) -> std::result::Result<Vec<u64>, D::Error> {
    let read = |text: &String| cost::parse_bytes(text).map_err(D::Error::custom);
    Vec::<String>::deserialize(from)?.iter().map(read).collect::<std::result::Result<_, _>>()
}

/// A size with a unit or in bytes.
pub(super) fn size<'de, D: Deserializer<'de>>(from: D) -> std::result::Result<Option<u64>, D::Error> {
    let text = Option::<String>::deserialize(from)?;
    let size: Option<Result<u64>> = text.map(|text| cost::parse_bytes(&text));
    size.transpose().map_err(D::Error::custom)
}

/// Operations by their names, joined by commas, or by the name of a set.
pub(super) fn operations<'de, D: Deserializer<'de>>(from: D) -> std::result::Result<Option<Vec<Operation>>, D::Error> {
    let names = Option::<String>::deserialize(from)?;
    names.map(|names| SearchSpace::parse_operations(&names).map_err(D::Error::custom)).transpose()
}
