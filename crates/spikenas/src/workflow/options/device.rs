use serde::Deserialize;

use super::read::sizes;
use crate::Result;
use crate::cost::{Bits, ChipCores, DeviceLimits, Profile, ProfileKind, WeightBits};

/// What a device has room for.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct DeviceOptions {
    /// The most bytes of flash; several are answered by one search.
    #[serde(deserialize_with = "sizes")]
    pub flash: Vec<u64>,
    /// The most bytes of RAM; several as with the flash.
    #[serde(deserialize_with = "sizes")]
    pub ram: Vec<u64>,
    /// A chip that it must fit: its name, or the file of its profile.
    pub chip: Option<String>,
}

impl DeviceOptions {
    /// Whether anything is said of a device.
    pub(super) fn is_given(&self) -> bool {
        !self.flash.is_empty() || !self.ram.is_empty() || self.chip.is_some()
    }

    /// What the device has room for, the first of several limits, with weights of so many bits, 8 where none are given.
    pub(super) fn limits(&self, bits: Option<Bits>) -> Result<Option<DeviceLimits>> {
        if !self.is_given() {
            return Ok(None);
        }
        let bits = bits.map_or(Ok(WeightBits::default()), |bits| WeightBits::try_from(bits.get()))?;
        let [flash, ram] = [&self.flash, &self.ram].map(|memory| memory.first().copied());
        let mut limits = DeviceLimits { flash, ram, bits, leak: None, chip: None };
        if let Some(name) = &self.chip {
            match Profile::find(name)?.kind {
                ProfileKind::Microcontroller(chip) => {
                    limits.flash = limits.flash.or(chip.flash.value().copied());
                    limits.ram = limits.ram.or(chip.ram.value().copied());
                }
                ProfileKind::Neuromorphic(has) => limits.chip = Some(ChipCores { name: name.clone(), has }),
            }
        }
        Ok(Some(limits))
    }
}
