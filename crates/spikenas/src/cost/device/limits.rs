use std::fmt;

use serde::{Deserialize, Serialize};

use super::arithmetic::{LeakKind, WeightBits};
use super::ledger::DeviceLedger;
use crate::graph::Graph;
use crate::{Error, Result};

/// What a device has room for.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DeviceLimits {
    /// The most bytes of flash, without the code.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub flash: Option<u64>,
    /// The most bytes of RAM, without the stack.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub ram: Option<u64>,
    /// Bits of a weight.
    pub bits: WeightBits,
    /// The leak of the membranes; the exact one where it is possible and none is given.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub leak: Option<LeakKind>,
}

/// Which memory of a device.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DeviceKind {
    /// Constants.
    Flash,
    /// What changes.
    Ram,
}

impl fmt::Display for DeviceKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            DeviceKind::Flash => "flash",
            DeviceKind::Ram => "RAM",
        })
    }
}

impl DeviceLimits {
    /// The memory of a network on the device.
    ///
    /// Errors: an exact leak that is not possible.
    pub fn ledger(&self, graph: &Graph) -> Result<DeviceLedger> {
        DeviceLedger::new(graph, self.bits, self.leak, None)
    }

    /// Each limit that there is, with what a network needs of it.
    pub fn needs(&self, ledger: &DeviceLedger) -> impl Iterator<Item = (DeviceKind, u64, u64)> {
        let flash = self.flash.map(|limit| (DeviceKind::Flash, limit, ledger.flash.bytes));
        let ram = self.ram.map(|limit| (DeviceKind::Ram, limit, ledger.ram.bytes));
        flash.into_iter().chain(ram)
    }

    /// Whether a network fits.
    pub fn admit(&self, ledger: &DeviceLedger) -> bool {
        self.needs(ledger).all(|(_, limit, needed)| needed <= limit)
    }

    /// Whether there is a limit at all.
    pub fn check(&self) -> Result<()> {
        match (self.flash, self.ram) {
            (None, None) => Err(Error::invalid("a device without limits: give its flash or its RAM")),
            _ => Ok(()),
        }
    }
}
