//! Checksums in records that stay what they are: JSON with one more key, TOML with one more comment.

use super::checksum::checksum;

/// The key of a JSON record's checksum, its last; it covers all that stands before the comma in front of it.
pub(super) const KEY: &str = "crc";
/// What the line of a TOML record's checksum begins with, its last; it covers all lines before.
const COMMENT: &str = "# crc ";

/// What a checksum says of the text in which it stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Seal {
    /// There is none: the record of a version that wrote none, or of a person.
    Absent,
    /// Nothing was changed.
    Whole,
    /// Something was changed.
    Broken {
        /// The checksum that stands there.
        written: String,
        /// That of the text.
        found: String,
    },
}

impl Seal {
    fn compare(covered: &str, written: &str) -> Self {
        let found = checksum(covered.as_bytes());
        if found == written { Seal::Whole } else { Seal::Broken { written: written.into(), found } }
    }

    /// Nothing where the text was not changed, or holds no checksum; what is wrong otherwise.
    pub(crate) fn fault(&self) -> Option<String> {
        match self {
            Seal::Absent | Seal::Whole => None,
            Seal::Broken { written, found } => Some(format!("its checksum is {found} where {written} was written")),
        }
    }
}

/// Adds a checksum to a JSON object, on one line or on several.
pub(crate) fn seal_json(text: &str) -> String {
    let Some(body) = text.trim_end().strip_suffix('}') else { return text.into() };
    let (covered, crc) = (body.trim_end(), checksum(body.trim_end().as_bytes()));
    if body.contains('\n') {
        format!("{covered},\n  \"{KEY}\": \"{crc}\"\n}}\n")
    } else {
        format!("{covered},\"{KEY}\":\"{crc}\"}}\n")
    }
}

/// Looks at the checksum of a JSON object.
pub(crate) fn check_json(text: &str) -> Seal {
    let parts = text.rsplit_once(&format!("\"{KEY}\"")).and_then(|(before, after)| {
        let written = after.trim().strip_prefix(':')?.strip_suffix('}')?.trim().strip_prefix('"')?.strip_suffix('"')?;
        Some((before.trim_end().strip_suffix(',')?, written))
    });
    parts.map_or(Seal::Absent, |(covered, written)| Seal::compare(covered, written))
}

/// Adds a checksum to TOML.
pub(crate) fn seal_toml(text: &str) -> String {
    format!("{text}{COMMENT}{}\n", checksum(text.as_bytes()))
}

/// Looks at the checksum of TOML.
pub(crate) fn check_toml(text: &str) -> Seal {
    let start = text.trim_end().rfind('\n').map_or(0, |end| end + 1);
    let (covered, last) = text.split_at(start);
    last.trim_end().strip_prefix(COMMENT).map_or(Seal::Absent, |written| Seal::compare(covered, written))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_flipped_bit_of_a_sealed_text_is_found_or_leaves_what_it_says() {
        let json = "{\n  \"score\": -16.5,\n  \"seed\": 1\n}\n";
        let line = "{\"score\":-16.5,\"seed\":1}";
        let toml = "seed = 1\n\n[data]\nsource = \"sample\"\n";
        for (text, seal, check) in [
            (json, seal_json as fn(&str) -> String, check_json as fn(&str) -> Seal),
            (line, seal_json, check_json),
            (toml, seal_toml, check_toml),
        ] {
            let sealed = seal(text);
            assert_eq!((check(text), check(&sealed)), (Seal::Absent, Seal::Whole), "{sealed}");
            assert!(sealed.ends_with('\n'));
            for bit in 0..8 * text.trim_end_matches(['\n', '}']).len() {
                let mut flipped = sealed.clone().into_bytes();
                flipped[bit / 8] ^= 1 << (bit % 8);
                let Ok(flipped) = String::from_utf8(flipped) else { continue };
                assert!(matches!(check(&flipped), Seal::Broken { .. }), "{flipped}");
            }
        }
    }

    #[test]
    fn a_sealed_object_is_the_object_and_its_checksum() {
        let sealed = seal_json("{\"b\":1.5,\"a\":[]}");
        assert_eq!(sealed, format!("{{\"b\":1.5,\"a\":[],\"crc\":\"{}\"}}\n", checksum(b"{\"b\":1.5,\"a\":[]")));
        let value: serde_json::Value = serde_json::from_str(&sealed).unwrap();
        assert_eq!(value["a"], serde_json::json!([]));
    }
}
