//! The memory that a network may take.

use clap::Args;
use spikenas::cost::{Bits, Budget, Scope};
use spikenas::workflow::options::BudgetOptions;
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
    /// What is said of the budget.
    pub fn options(&self) -> BudgetOptions {
        let Self { budget, scope, bits } = self.clone();
        BudgetOptions { budget, scope, bits }
    }

    /// The budget of a command that takes one.
    pub fn only(&self) -> Result<Option<Budget>> {
        match self.budget.as_slice() {
            [] => Ok(None),
            [budget] => Ok(Some(*budget)),
            several => Err(Error::invalid(format!("{} budgets: give one here", several.len()))),
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
