//! The memory that a network may take.

use clap::Args;
use spikenas::cost::{Bits, Budget, DeviceLimits, Scope};
use spikenas::{Error, Result};

/// The budget.
#[derive(Args, Clone)]
#[command(next_help_heading = "Budget")]
pub struct BudgetArguments {
    /// The most memory that a network may take: parameters (1.2M, 800k) or bytes (480KiB, 180KB, 2MiB) at --bits; several, joined by
    /// commas, are answered by one search
    #[arg(short = 'b', long, value_name = "N", allow_hyphen_values = true, value_delimiter = ',')]
    pub budget: Vec<Budget>,
    /// What the budget counts: the whole network, or the backbone (all but the classifier), as the paper's does [default: network;
    /// backbone with the preset snasnet-cifar10]
    #[arg(long, value_name = "WHAT", value_parser = parse_scope)]
    pub scope: Option<Scope>,
    /// Bits per parameter, for a budget in bytes [default: 32]; with --flash or --ram those of a weight: 8, 4 or 2 [default: 8]
    #[arg(long, value_name = "N", value_parser = parse_bits)]
    pub bits: Option<Bits>,
}

impl BudgetArguments {
    /// What the budget counts, by default as usual with a preset.
    pub fn scope(&self, preset: &str) -> Scope {
        self.scope.unwrap_or_else(|| Scope::of_preset(preset))
    }

    /// The budget of a command that takes one.
    pub fn only(&self) -> Result<Option<Budget>> {
        match self.budget.as_slice() {
            [] => Ok(None),
            [budget] => Ok(Some(*budget)),
            several => Err(Error::invalid(format!("{} budgets: give one here", several.len()))),
        }
    }

    /// The precision at which a budget in bytes is compared, beside the limits of a device at its own; where there is neither, nothing
    /// depends on it.
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

fn parse_scope(text: &str) -> Result<Scope> {
    let all = [Scope::Network, Scope::Backbone];
    all.into_iter().find(|s| s.to_string() == text).ok_or_else(|| Error::invalid("choose from network, backbone"))
}

/// Reads a precision.
pub fn parse_bits(text: &str) -> Result<Bits> {
    Bits::new(text.parse().map_err(|_| Error::invalid("give 1 to 64"))?)
}
