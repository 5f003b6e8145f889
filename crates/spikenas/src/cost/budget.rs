use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::{Error, Result};

/// What a budget counts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Scope {
    /// Everything but the classifier, as in the paper.
    Backbone,
    /// Everything.
    #[default]
    Network,
}

impl Scope {
    /// What a budget counts with a preset where nothing is said: the backbone, as in the paper, with SNASNet's own.
    pub fn of_preset(preset: &str) -> Self {
        if preset == "snasnet-cifar10" { Scope::Backbone } else { Scope::default() }
    }

    /// The name used on the command line and in records.
    pub fn name(self) -> &'static str {
        match self {
            Scope::Backbone => "backbone",
            Scope::Network => "network",
        }
    }
}

impl fmt::Display for Scope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// Precision of a parameter in bits (paper, Eq. 8).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "u32", into = "u32")]
pub struct Bits(u32);

impl Bits {
    /// A precision of 1 to 64 bits.
    pub fn new(bits: u32) -> Result<Self> {
        if (1..=64).contains(&bits) {
            Ok(Self(bits))
        } else {
            Err(Error::invalid(format!("{bits} bits: give 1 to 64")))
        }
    }

    /// The number of bits.
    pub fn get(self) -> u32 {
        self.0
    }

    /// Memory of so many parameters in bits (paper, Eq. 8).
    pub fn memory_bits(self, parameters: u64) -> u64 {
        parameters.saturating_mul(u64::from(self.0))
    }

    /// Memory of so many parameters in whole bytes.
    pub fn memory_bytes(self, parameters: u64) -> u64 {
        self.memory_bits(parameters).div_ceil(8)
    }
}

impl Default for Bits {
    fn default() -> Self {
        Self(32)
    }
}

impl TryFrom<u32> for Bits {
    type Error = Error;

    fn try_from(bits: u32) -> Result<Self> {
        Self::new(bits)
    }
}

impl From<Bits> for u32 {
    fn from(bits: Bits) -> u32 {
        bits.0
    }
}

/// The most memory that a network may take.
///
/// ```
/// use spikenas::cost::{Bits, Budget};
/// let budget: Budget = "1.2M".parse().unwrap();
/// assert_eq!(budget.parameters(Bits::default()), 1_200_000);
/// let budget: Budget = "480KiB".parse().unwrap();
/// assert_eq!(budget.parameters(Bits::new(8).unwrap()), 491_520);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(into = "String", try_from = "String")]
pub enum Budget {
    /// A number of parameters.
    Parameters(u64),
    /// A number of bytes, at the precision in force.
    Bytes(u64),
}

impl Budget {
    /// The most parameters that the budget admits at a precision.
    pub fn parameters(self, bits: Bits) -> u64 {
        match self {
            Budget::Parameters(count) => count,
            Budget::Bytes(bytes) => bytes.saturating_mul(8) / u64::from(bits.get()),
        }
    }

    /// As it is usually given: `40k`, `1.2M`, `480KiB`.
    pub fn short(self) -> String {
        match self {
            Budget::Parameters(n) if n >= 1_000_000 && n % 100_000 == 0 => format!("{}M", n as f64 / 1e6),
            Budget::Parameters(n) if n >= 1000 && n % 1000 == 0 => format!("{}k", n / 1000),
            other => other.to_string(),
        }
    }
}

/// Units of a budget in lower case, with what they multiply by; the flag says bytes.
const UNITS: [(&str, u64, bool); 12] = [
    ("", 1, false),
    ("k", 1_000, false),
    ("m", 1_000_000, false),
    ("b", 1, true),
    ("kb", 1_000, true),
    ("mb", 1_000_000, true),
    ("gb", 1_000_000_000, true),
    ("kib", 1 << 10, true),
    ("mib", 1 << 20, true),
    ("gib", 1 << 30, true),
    ("tb", 1_000_000_000_000, true),
    ("tib", 1 << 40, true),
];

/// The most parameters or bytes that a budget may name.
const MOST: f64 = 1e15;

/// Reads `1.2M`, `800k` or `1200000` parameters, `480KiB`, `2MiB` (powers of 1024) or `180KB`, `0.18MB` (powers of 1000), in
/// upper or lower case.
impl FromStr for Budget {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        let wrong = |why: &str| {
            Error::invalid(format!(
                "budget `{text}`: {why}; give parameters as 1.2M, 800k or 1200000, or memory as 480KiB, 180KB or 2MiB"
            ))
        };
        let number = text.trim().trim_end_matches(|c: char| c.is_ascii_alphabetic());
        let unit = text.trim()[number.len()..].to_ascii_lowercase();
        let known = UNITS.into_iter().find(|(name, ..)| *name == unit);
        let (_, scale, is_bytes) = known.ok_or_else(|| wrong(&format!("the unit `{unit}` is not known")))?;
        let number: f64 =
            number.trim().replace('_', "").parse().map_err(|_| wrong("it does not begin with a number"))?;
        let count = (number * scale as f64).round();
        if !(1.0..=MOST).contains(&count) {
            return Err(wrong("it is out of range"));
        }
        Ok(if is_bytes { Budget::Bytes(count as u64) } else { Budget::Parameters(count as u64) })
    }
}

/// Reads bytes, with a unit or without: `256KiB`, `1MB`, `98304`.
pub fn parse_bytes(text: &str) -> Result<u64> {
    let is_number = text.trim().chars().all(|c| c.is_ascii_digit());
    match text.parse()? {
        Budget::Bytes(bytes) => Ok(bytes),
        Budget::Parameters(bytes) if is_number => Ok(bytes),
        Budget::Parameters(_) => Err(Error::invalid("give bytes, such as 256KiB, 1MB or 98304")),
    }
}

impl fmt::Display for Budget {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Budget::Parameters(count) => write!(f, "{count}"),
            Budget::Bytes(bytes) => write!(f, "{}KiB", *bytes as f64 / 1024.0),
        }
    }
}

impl From<Budget> for String {
    fn from(budget: Budget) -> String {
        budget.to_string()
    }
}

impl TryFrom<String> for Budget {
    type Error = Error;

    fn try_from(text: String) -> Result<Self> {
        text.parse()
    }
}

#[cfg(test)]
mod tests {
    use rand::RngExt;

    use super::*;

    #[test]
    fn budgets_read_units_and_refuse_nonsense() {
        for (text, budget) in [
            ("1.2M", Budget::Parameters(1_200_000)),
            ("40_000", Budget::Parameters(40_000)),
            ("800k", Budget::Parameters(800_000)),
            ("1200000", Budget::Parameters(1_200_000)),
            ("480KiB", Budget::Bytes(491_520)),
            ("1.5MiB", Budget::Bytes(1_572_864)),
            ("180KB", Budget::Bytes(180_000)),
            ("0.18MB", Budget::Bytes(180_000)),
            ("0.5 m", Budget::Parameters(500_000)),
            ("12e3", Budget::Parameters(12_000)),
            ("2gib", Budget::Bytes(2 << 30)),
            (" 180 kB ", Budget::Bytes(180_000)),
        ] {
            assert_eq!(text.parse::<Budget>().unwrap(), budget);
            assert_eq!(budget.to_string().parse::<Budget>().unwrap(), budget);
        }
        for text in
            ["0", "-1", "abc", "", "M", "nan", "inf", "1e30", "1.2 G", "0KiB", "1.2.3M", "4 0k", "1M\u{212a}", "1e"]
        {
            assert!(text.parse::<Budget>().unwrap_err().to_string().contains("1.2M"), "{text}");
        }
        assert!("3 parsecs".parse::<Budget>().unwrap_err().to_string().contains("the unit `parsecs` is not known"));
    }

    #[test]
    fn whatever_is_read_as_a_budget_is_written_so_that_it_reads_the_same() {
        let alphabet: Vec<char> = "0123456789.eE+-_ kKmMgGiIbB\u{0}\u{7f}é\u{ff11}".chars().collect();
        let mut rng = crate::random::generator(&[7]);
        let mut read = 0;
        for _ in 0..20_000 {
            let length = rng.random_range(0..9);
            let text: String = (0..length).map(|_| alphabet[rng.random_range(0..alphabet.len())]).collect();
            if let Ok(budget) = text.parse::<Budget>() {
                read += 1;
                assert_eq!(budget.to_string().parse::<Budget>().unwrap(), budget, "{text:?}");
                assert!(budget.parameters(Bits::new(1).unwrap()) > 0, "{text:?}");
            }
        }
        assert!(read > 100, "{read} of the texts are budgets");
    }

    #[test]
    fn memory_follows_precision() {
        let bits = Bits::new(3).unwrap();
        assert_eq!(bits.memory_bits(3), 9);
        assert_eq!(bits.memory_bytes(3), 2);
        assert!(Bits::new(0).is_err());
    }
}
