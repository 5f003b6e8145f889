use serde::{Deserialize, Serialize};

use super::arithmetic::{LeakKind, WeightBits};
use super::ledger::DeviceLedger;
use crate::cost::chip::{ChipCheck, ChipLimit, Need, Neuromorphic};
use crate::graph::Graph;
use crate::{Error, Result};

/// What a device has room for.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
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
    /// A chip with cores.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub chip: Option<ChipCores>,
}

/// A chip with cores whose limits are kept.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ChipCores {
    /// The profile's name, or its file.
    pub name: String,
    /// What it has.
    pub has: Box<Neuromorphic>,
}

/// A limit of a device, and what a network needs of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeviceNeed {
    /// Of what: `bytes of flash`.
    pub what: String,
    /// The most.
    pub limit: u64,
    /// What the network needs.
    pub needed: u64,
}

impl DeviceNeed {
    /// Whether it is enough.
    pub fn is_met(&self) -> bool {
        self.needed <= self.limit
    }

    /// Of each limit of a device the less of what two networks need; nothing is known of a network without any.
    pub fn least(all: &mut Vec<Self>, others: Vec<Self>) {
        if all.is_empty() {
            *all = others;
            return;
        }
        all.iter_mut().zip(others).for_each(|(least, one)| least.needed = least.needed.min(one.needed));
    }
}

impl DeviceLimits {
    /// The memory of a network on the device.
    ///
    /// Errors: an exact leak that is not possible.
    pub fn ledger(&self, graph: &Graph) -> Result<DeviceLedger> {
        DeviceLedger::new(graph, self.bits, self.leak, None)
    }

    /// Each limit that there is, in the same order for every network, with what a network needs of it.
    ///
    /// Errors: an exact leak that is not possible.
    pub fn needs(&self, graph: &Graph) -> Result<Vec<DeviceNeed>> {
        let mut needs = Vec::new();
        if self.flash.is_some() || self.ram.is_some() {
            let ledger = self.ledger(graph)?;
            let memories = [("flash", self.flash, ledger.flash.bytes), ("RAM", self.ram, ledger.ram.bytes)];
            needs.extend(memories.into_iter().filter_map(|(name, limit, needed)| {
                Some(DeviceNeed { what: format!("bytes of {name}"), limit: limit?, needed })
            }));
        }
        if let Some(ChipCores { name, has }) = &self.chip {
            let check = ChipCheck::of_cores(name.clone(), has, graph, self.bits)?;
            needs.extend(check.limits.into_iter().filter_map(|limit| match (limit.needs, limit.has) {
                (Need::Number(needed), Need::Number(most)) => {
                    Some(DeviceNeed { what: format!("{} on {name}", limit.what), limit: most, needed })
                }
                _ => None,
            }));
        }
        Ok(needs)
    }

    /// Whether a network fits.
    ///
    /// Errors: an exact leak that is not possible.
    pub fn admit(&self, graph: &Graph) -> Result<bool> {
        Ok(self.needs(graph)?.iter().all(DeviceNeed::is_met))
    }

    /// Whether there is a limit at all, and whether the neurons of a chip are such as these networks have.
    pub fn check(&self) -> Result<()> {
        let Some(ChipCores { name, has }) = &self.chip else {
            return match (self.flash, self.ram) {
                (None, None) => Err(Error::invalid("a device without limits: give its flash or its RAM")),
                _ => Ok(()),
            };
        };
        let check = ChipCheck::of_neurons(name.clone(), has, self.bits);
        match check.limits.into_iter().find(|limit| !limit.fits) {
            Some(ChipLimit { what, needs, has, .. }) => {
                Err(Error::invalid(format!("no network fits {name}, {what}: {needs} is needed, it has {has}")))
            }
            None => Ok(()),
        }
    }
}
