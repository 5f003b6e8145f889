use std::path::Path;

use serde::{Deserialize, Serialize};

use crate::record::files::read_text;
use crate::{Error, Result};

/// The profiles that are built in: a file each in `profiles/`, which tells how others look.
const BUILT_IN: [(&str, &str); 13] = [
    ("esp32-s3", include_str!("../../../profiles/esp32-s3.toml")),
    ("loihi1", include_str!("../../../profiles/loihi1.toml")),
    ("nrf52840", include_str!("../../../profiles/nrf52840.toml")),
    ("odin", include_str!("../../../profiles/odin.toml")),
    ("reckon", include_str!("../../../profiles/reckon.toml")),
    ("rp2040", include_str!("../../../profiles/rp2040.toml")),
    ("rp2350", include_str!("../../../profiles/rp2350.toml")),
    ("speck2f", include_str!("../../../profiles/speck2f.toml")),
    ("stm32f407", include_str!("../../../profiles/stm32f407.toml")),
    ("stm32f746", include_str!("../../../profiles/stm32f746.toml")),
    ("stm32h743", include_str!("../../../profiles/stm32h743.toml")),
    ("truenorth", include_str!("../../../profiles/truenorth.toml")),
    ("xylo-audio2", include_str!("../../../profiles/xylo-audio2.toml")),
];

/// A figure of a chip.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "Written<T>", into = "Written<T>", bound(serialize = "T: Clone + Serialize"))]
pub enum Figure<T> {
    /// Published.
    Known {
        /// The figure.
        value: T,
        /// Where it is published.
        source: String,
        /// What is to be known besides.
        caveat: Option<String>,
    },
    /// Published by nobody, as far as is known.
    #[default]
    Unknown,
}

/// A figure as a file has it: a table, or the word `unknown`.
#[derive(Serialize, Deserialize)]
#[serde(untagged)]
enum Written<T> {
    Known {
        value: T,
        source: String,
        #[serde(skip_serializing_if = "Option::is_none")]
        caveat: Option<String>,
    },
    Word(String),
}

impl<T> From<Figure<T>> for Written<T> {
    fn from(figure: Figure<T>) -> Self {
        match figure {
            Figure::Known { value, source, caveat } => Written::Known { value, source, caveat },
            Figure::Unknown => Written::Word("unknown".into()),
        }
    }
}

impl<T> TryFrom<Written<T>> for Figure<T> {
    type Error = String;

    fn try_from(written: Written<T>) -> std::result::Result<Self, String> {
        match written {
            Written::Known { value, source, caveat } => Ok(Figure::Known { value, source, caveat }),
            Written::Word(word) if word == "unknown" => Ok(Figure::Unknown),
            Written::Word(word) => Err(format!("`{word}`: give a value with its source, or \"unknown\"")),
        }
    }
}

impl<T> Figure<T> {
    /// The figure, where it is known.
    pub fn value(&self) -> Option<&T> {
        match self {
            Figure::Known { value, .. } => Some(value),
            Figure::Unknown => None,
        }
    }
}

/// A chip.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Profile {
    /// Its name.
    pub name: String,
    /// What it is.
    pub about: String,
    /// What it has.
    #[serde(flatten)]
    pub kind: ProfileKind,
}

/// What a chip has.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(tag = "kind", rename_all = "lowercase")]
pub enum ProfileKind {
    /// A processor with memories.
    Microcontroller(Microcontroller),
    /// Cores of neurons and synapses.
    Neuromorphic(Box<Neuromorphic>),
}

/// A processor with memories.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Microcontroller {
    /// Bytes of flash.
    pub flash: Figure<u64>,
    /// Bytes of RAM.
    pub ram: Figure<u64>,
}

/// Cores of neurons and synapses.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Neuromorphic {
    /// Cores.
    pub cores: Figure<u64>,
    /// The most neurons of a core.
    pub neurons_per_core: Figure<u64>,
    /// Bytes of a core's synaptic memory.
    pub synapse_bytes_per_core: Figure<u64>,
    /// Whether all neurons of a map share the weights of a convolution.
    pub shares_kernels: Figure<bool>,
    /// The most inputs of a neuron.
    pub fan_in: Figure<u64>,
    /// The largest side of a convolution's kernel.
    pub kernel_side: Figure<u64>,
    /// The fewest and the most bits of a weight.
    pub weight_bits: Figure<[u32; 2]>,
    /// Bits of a membrane.
    pub state_bits: Figure<u32>,
    /// How membranes leak: `multiplicative`, `shift`, `linear` or `none`.
    pub leak: Figure<String>,
    /// What a membrane is after a spike: `zero`, `subtract`, or `any` of both.
    pub reset: Figure<String>,
    /// Picojoules of a synaptic operation.
    pub synapse_pj: Figure<f64>,
    /// The least and the most percent of its energy that accesses of memory take.
    pub memory_percent: Figure<[f64; 2]>,
}

/// A profile as a file has it.
#[derive(Deserialize)]
struct Head {
    name: String,
    kind: String,
    #[serde(default)]
    about: String,
}

impl Profile {
    /// Names of the profiles that are built in.
    pub fn names() -> impl Iterator<Item = &'static str> {
        BUILT_IN.iter().map(|(name, _)| *name)
    }

    /// A profile by its name, or from a file of its own.
    ///
    /// Errors: a name that is not known; a file that is not there or not a profile, or whose figures are missing or absurd.
    pub fn find(name: &str) -> Result<Self> {
        if let Some((name, text)) = BUILT_IN.iter().find(|(known, _)| *known == name) {
            return Self::parse(text).map_err(|reason| Error::invalid(format!("profile {name}: {reason}")));
        }
        if !name.ends_with(".toml") {
            return Err(Error::unknown("chip", name, Self::names()));
        }
        let path = Path::new(name);
        Self::parse(&read_text(path)?).map_err(|reason| Error::file(path, reason))
    }

    /// Reads a profile. What is unknown says so: a figure that is missing is an error.
    pub fn parse(text: &str) -> std::result::Result<Self, String> {
        let wrong = |e: toml::de::Error| format!("no profile of a chip ({})", e.message());
        let mut table: toml::Table = toml::from_str(text).map_err(wrong)?;
        let Head { name, kind, about } = table.clone().try_into().map_err(wrong)?;
        for key in ["name", "kind", "about"] {
            table.remove(key);
        }
        for (key, value) in &table {
            check_figure(key, value)?;
        }
        let kind = match kind.as_str() {
            "microcontroller" => ProfileKind::Microcontroller(table.try_into().map_err(wrong)?),
            "neuromorphic" => ProfileKind::Neuromorphic(Box::new(table.try_into().map_err(wrong)?)),
            other => return Err(format!("kind `{other}`: a chip is a microcontroller or neuromorphic")),
        };
        Ok(Self { name, about, kind })
    }
}

/// Whether a figure is `unknown`, or a value within reason with its source.
fn check_figure(key: &str, figure: &toml::Value) -> std::result::Result<(), String> {
    /// More than any chip has of anything.
    const MOST: f64 = 1e15;
    let Some(table) = figure.as_table() else {
        return match figure.as_str() {
            Some("unknown") => Ok(()),
            _ => Err(format!("{key}: give a value with its source, or \"unknown\"")),
        };
    };
    let source = table.get("source").and_then(|source| source.as_str()).unwrap_or_default();
    if source.trim().is_empty() {
        return Err(format!("{key}: it has no source"));
    }
    let number = |value: &toml::Value| value.as_float().or_else(|| value.as_integer().map(|n| n as f64));
    let values = match table.get("value") {
        Some(toml::Value::Array(values)) => values.iter().filter_map(number).collect(),
        Some(value) => number(value).into_iter().collect::<Vec<f64>>(),
        None => return Err(format!("{key}: it has no value")),
    };
    match values.into_iter().find(|value| !(*value > 0.0 && *value <= MOST)) {
        Some(value) => Err(format!("{key} {value}: no chip has that")),
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn built_in_profiles_are_whole_and_every_figure_has_a_source() {
        for name in Profile::names() {
            let profile = Profile::find(name).unwrap();
            assert!(!profile.name.is_empty() && !profile.about.is_empty(), "{name}");
        }
        let ProfileKind::Neuromorphic(loihi) = Profile::find("loihi1").unwrap().kind else { panic!() };
        assert_eq!((loihi.cores.value(), loihi.kernel_side.value()), (Some(&128), None));
    }

    #[test]
    fn profiles_with_missing_or_absurd_figures_are_refused_by_name() {
        let of = |figures: &str| {
            Profile::parse(&format!("name = \"x\"\nkind = \"microcontroller\"\n{figures}")).unwrap_err()
        };
        let ram = "ram = { value = 1024, source = \"sheet\" }\n";
        assert!(of(ram).contains("flash"), "{}", of(ram));
        for (figure, reason) in [
            ("flash = 5", "give a value with its source"),
            ("flash = { value = 5 }", "it has no source"),
            ("flash = { source = \"sheet\" }", "it has no value"),
            ("flash = { value = 0, source = \"sheet\" }", "flash 0: no chip has that"),
            ("flash = { value = -3, source = \"sheet\" }", "flash -3: no chip has that"),
            ("flash = { value = nan, source = \"sheet\" }", "flash NaN: no chip has that"),
            ("flash = \"unknown\"\nrom = \"unknown\"", "rom"),
        ] {
            let found = of(&format!("{ram}{figure}"));
            assert!(found.contains(reason), "{figure}: {found}");
        }
        assert!(Profile::parse("kind = [").unwrap_err().contains("no profile"));
        assert!(Profile::find("loihi").unwrap_err().to_string().contains("did you mean loihi1"));
    }
}
