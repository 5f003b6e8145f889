//! Plan -> ledger: the itemised memory of a network (paper, Eq. 6 to 8), and the budget that it is held to.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::plan::{Parameter, ParameterKind, Plan};
use crate::{Error, Result};

/// What a budget counts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Scope {
    /// Everything but the classifier.
    #[default]
    Backbone,
    /// Everything.
    Network,
}

impl fmt::Display for Scope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Scope::Backbone => "backbone",
            Scope::Network => "network",
        })
    }
}

/// Number of trainable parameters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ParameterCount {
    /// Everything but the classifier.
    pub backbone: u64,
    /// The classifier.
    pub classifier: u64,
    /// Everything.
    pub network: u64,
}

impl ParameterCount {
    /// What a budget of this scope counts.
    pub fn in_scope(&self, scope: Scope) -> u64 {
        match scope {
            Scope::Backbone => self.backbone,
            Scope::Network => self.network,
        }
    }
}

/// Trainable parameters of one layer (paper, Eq. 6: weights plus biases).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LedgerEntry {
    /// Module name in the reference's state dict.
    pub name: String,
    /// Convolution or linear weights: height x width x channels x filters (paper, Eq. 7).
    pub weights: u64,
    /// Scales and shifts of batch norms.
    pub batch_norm: u64,
    /// Biases of linear layers.
    pub bias: u64,
}

impl LedgerEntry {
    /// All parameters of the layer.
    pub fn total(&self) -> u64 {
        self.weights + self.batch_norm + self.bias
    }

    fn is_classifier(&self) -> bool {
        self.name.starts_with("classifier")
    }
}

/// The itemised memory of a plan.
///
/// ```
/// use spikenas::{memory::Ledger, plan::{NetworkConfig, Plan, Shape}, space::Architecture};
/// let architecture: Architecture = "0111 0011 0001 0000".parse().unwrap();
/// let image = Shape { channels: 3, height: 32, width: 32 };
/// let plan = Plan::new(&architecture, &NetworkConfig::preset("cifar10").unwrap(), image).unwrap();
/// assert_eq!(Ledger::new(&plan).count().network, 17_179_620);
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ledger {
    /// Every layer that has parameters, in the order of execution.
    pub layers: Vec<LedgerEntry>,
}

impl Ledger {
    /// Itemises a plan.
    pub fn new(plan: &Plan) -> Self {
        let mut layers: Vec<LedgerEntry> = Vec::new();
        for parameter in plan.parameters() {
            let name = layer_name(&parameter);
            if layers.last().is_none_or(|last| last.name != name) {
                layers.push(LedgerEntry { name: name.to_string(), weights: 0, batch_norm: 0, bias: 0 });
            }
            let Some(entry) = layers.last_mut() else { continue };
            let count: u64 = parameter.shape.iter().map(|&n| n as u64).product();
            match parameter.kind {
                ParameterKind::Weight => entry.weights += count,
                ParameterKind::Bias => entry.bias += count,
                ParameterKind::Scale | ParameterKind::Shift => entry.batch_norm += count,
                ParameterKind::RunningMean | ParameterKind::RunningVariance => {}
            }
        }
        Self { layers }
    }

    /// The totals.
    pub fn count(&self) -> ParameterCount {
        let (classifier, backbone): (Vec<_>, Vec<_>) = self.layers.iter().partition(|l| l.is_classifier());
        let total = |layers: &[&LedgerEntry]| layers.iter().map(|l| l.total()).sum::<u64>();
        let (backbone, classifier) = (total(&backbone), total(&classifier));
        ParameterCount { backbone, classifier, network: backbone + classifier }
    }
}

/// The layer to which a tensor is booked: `cell1.cell_architecture.0.1.weight` -> `cell1.cell_architecture.0`,
/// `downconv1.2.weight` -> `downconv1`, but `classifier.3.bias` -> `classifier.3`.
fn layer_name(parameter: &Parameter) -> &str {
    let module = parameter.name.rsplit_once('.').map_or(parameter.name.as_str(), |(module, _)| module);
    if module.starts_with("classifier") { module } else { module.rsplit_once('.').map_or(module, |(layer, _)| layer) }
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
/// use spikenas::memory::{Bits, Budget};
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
}

/// Suffixes of a budget with what they multiply by, longest first; the flag says bytes.
const UNITS: [(&str, u64, bool); 6] = [
    ("KiB", 1 << 10, true),
    ("MiB", 1 << 20, true),
    ("GiB", 1 << 30, true),
    ("k", 1_000, false),
    ("K", 1_000, false),
    ("M", 1_000_000, false),
];

impl FromStr for Budget {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        let wrong = || {
            Error::invalid(format!(
                "budget `{text}`: give parameters as 1.2M, 800k or 1200000, or memory as 480KiB or 2MiB"
            ))
        };
        let unit = UNITS.into_iter().find(|(suffix, ..)| text.ends_with(suffix));
        let (number, scale, is_bytes) = match unit {
            Some((suffix, scale, is_bytes)) => (&text[..text.len() - suffix.len()], scale, is_bytes),
            None => (text, 1, false),
        };
        let number: f64 = number.trim().parse().map_err(|_| wrong())?;
        let count = (number * scale as f64).round();
        if !(1.0..=1e15).contains(&count) {
            return Err(wrong());
        }
        Ok(if is_bytes { Budget::Bytes(count as u64) } else { Budget::Parameters(count as u64) })
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
    use super::*;
    use crate::plan::{NetworkConfig, Shape};
    use crate::space::{Architecture, Cell, Edge, Operation};

    fn count(cell: Cell, cells: usize, preset: &str) -> ParameterCount {
        let architecture = Architecture::repeated(cell, cells).unwrap();
        let config = NetworkConfig { cells, ..NetworkConfig::preset(preset).unwrap() };
        Ledger::new(&Plan::new(&architecture, &config, Shape { channels: 3, height: 32, width: 32 }).unwrap()).count()
    }

    #[test]
    fn two_cells_at_128_256_have_the_published_number_of_parameters() {
        let mut cell = Cell::uniform(Operation::Skip);
        for n in 0..=6 {
            assert_eq!(count(cell, 2, "cifar10").network, 17_179_620 + 738_048 * n);
            assert_eq!(count(cell, 2, "cifar100").network, 17_589_620 + 738_048 * n);
            assert_eq!(count(cell, 2, "cifar10").backbone, 299_904 + 738_048 * n);
            if let Some(&edge) = Edge::ALL.get(n as usize) {
                cell = cell.with(edge, Operation::Conv3x3);
            }
        }
    }

    #[test]
    fn the_largest_single_cell_fits_1_2_million() {
        assert_eq!(count(Cell::uniform(Operation::Conv3x3), 1, "cifar10").backbone, 1_186_176);
    }

    #[test]
    fn layers_add_up_and_are_itemised() {
        let architecture: Architecture = "0300 0000 0000 0000".parse().unwrap();
        let image = Shape { channels: 3, height: 32, width: 32 };
        let config = NetworkConfig { cells: 1, ..NetworkConfig::preset("cifar10").unwrap() };
        let plan = Plan::new(&architecture, &config, image).unwrap();
        let ledger = Ledger::new(&plan);
        let names: Vec<&str> = ledger.layers.iter().map(|l| l.name.as_str()).collect();
        assert_eq!(
            names,
            ["stem", "cell1.cell_architecture.0", "downconv1", "last_act", "classifier.1", "classifier.3"]
        );
        let reduction = &ledger.layers[2];
        assert_eq!((reduction.weights, reduction.batch_norm, reduction.bias), (294_912, 768, 0));
        assert_eq!(ledger.layers.iter().map(LedgerEntry::total).sum::<u64>(), ledger.count().network);
    }

    #[test]
    fn budgets_read_units_and_refuse_nonsense() {
        for (text, budget) in [
            ("1.2M", Budget::Parameters(1_200_000)),
            ("800k", Budget::Parameters(800_000)),
            ("1200000", Budget::Parameters(1_200_000)),
            ("480KiB", Budget::Bytes(491_520)),
            ("1.5MiB", Budget::Bytes(1_572_864)),
        ] {
            assert_eq!(text.parse::<Budget>().unwrap(), budget);
            assert_eq!(budget.to_string().parse::<Budget>().unwrap(), budget);
        }
        for text in ["0", "-1", "abc", "", "M", "nan", "inf", "1e30", "1.2 G", "0KiB"] {
            assert!(text.parse::<Budget>().unwrap_err().to_string().contains("1.2M"), "{text}");
        }
    }

    #[test]
    fn memory_follows_precision() {
        let bits = Bits::new(3).unwrap();
        assert_eq!(bits.memory_bits(3), 9);
        assert_eq!(bits.memory_bytes(3), 2);
        assert!(Bits::new(0).is_err());
    }
}
