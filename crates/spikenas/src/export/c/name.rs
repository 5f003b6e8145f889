use std::fmt;
use std::str::FromStr;

use crate::{Error, Result};

/// A name that begins every identifier of an export, in lower case.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Name(String);

impl Name {
    /// The same in upper case, for macros.
    pub fn upper(&self) -> String {
        self.0.to_ascii_uppercase()
    }
}

impl Default for Name {
    fn default() -> Self {
        Self("spikenas".into())
    }
}

impl fmt::Display for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl FromStr for Name {
    type Err = Error;

    /// Letters, digits and underscores, the first a letter; at most 40.
    fn from_str(text: &str) -> Result<Self> {
        let is_letter = |c: char| c.is_ascii_lowercase() || c == '_' || c.is_ascii_digit();
        let is_name =
            text.len() <= 40 && text.starts_with(|c: char| c.is_ascii_lowercase()) && text.chars().all(is_letter);
        if is_name {
            return Ok(Self(text.into()));
        }
        Err(Error::invalid(format!(
            "name `{}`: give a letter and then letters, digits or _, all in lower case and at most 40",
            text.escape_debug()
        )))
    }
}

/// A name of a layer as a part of an identifier: `cell1.cell_architecture.0.1` -> `cell1_edge0_1`.
pub(super) fn identifier(layer: &str) -> String {
    layer.replace("cell_architecture.", "edge").replace('.', "_")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_identifiers_of_c() {
        assert_eq!("net_2".parse::<Name>().unwrap().upper(), "NET_2");
        for text in ["", "2net", "_net", "Net", "a-b", "a b", "ä", &"a".repeat(41)] {
            assert!(text.parse::<Name>().is_err(), "{text}");
        }
        assert_eq!(identifier("cell1.cell_architecture.0.1"), "cell1_edge0_1");
    }
}
