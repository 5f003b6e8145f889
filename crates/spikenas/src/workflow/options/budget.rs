use serde::Deserialize;

use super::read::list;
use crate::cost::{Bits, Budget, DeviceLimits, Scope};
use crate::{Error, Result};

/// The memory that a network may take.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct BudgetOptions {
    /// The most memory; several are answered by one search.
    #[serde(deserialize_with = "list")]
    pub budget: Vec<Budget>,
    /// What it counts; by default what is usual with the preset.
    pub scope: Option<Scope>,
    /// Bits per parameter of a budget in bytes, or of a weight on a device.
    pub bits: Option<Bits>,
}

impl BudgetOptions {
    /// What the budget counts, by default as usual with a preset.
    pub fn scope(&self, preset: &str) -> Scope {
        self.scope.unwrap_or_else(|| Scope::of_preset(preset))
    }

    /// The precision at which a budget in bytes is compared, beside the limits of a device at its own; where there is neither,
    /// nothing depends on it.
    pub fn precision(&self, device: Option<&DeviceLimits>) -> Result<Bits> {
        let is_in_bytes = self.budget.iter().any(|budget| matches!(budget, Budget::Bytes(_)));
        match (self.bits, device) {
            (Some(bits), None) if !is_in_bytes => {
                let bits = bits.get();
                Err(Error::invalid(format!("bits {bits}: only a budget in bytes, such as 480KiB, depends on it")))
            }
            (bits, None) => Ok(bits.unwrap_or_default()),
            (_, Some(device)) if is_in_bytes => Bits::new(device.bits.get()),
            (_, Some(_)) => Ok(Bits::default()),
        }
    }
}
