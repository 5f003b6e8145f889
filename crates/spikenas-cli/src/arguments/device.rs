//! What a device has room for.

use clap::Args;
use spikenas::cost::{Bits, Budget, ChipCores, DeviceLimits, Profile, ProfileKind, WeightBits};
use spikenas::{Error, Result};

/// The memories of a device.
#[derive(Args, Clone)]
#[command(next_help_heading = "Device")]
pub struct DeviceArguments {
    /// The most flash that the integer network may take, classifier and all but the code, at --bits 8, 4 or 2: bytes (256KiB, 1MB);
    /// several, joined by commas, are answered by one search
    #[arg(long, value_name = "BYTES", value_parser = parse_bytes, value_delimiter = ',')]
    pub flash: Vec<u64>,
    /// The most RAM that it may take, the image and all but the stack: bytes (96KiB); several as with --flash
    #[arg(long, value_name = "BYTES", value_parser = parse_bytes, value_delimiter = ',')]
    pub ram: Vec<u64>,
    /// A chip that it must fit: a name of `spikenas chip list`, or a profile in a .toml file; on a microcontroller, --flash and --ram leave
    /// room for other things
    #[arg(long, value_name = "NAME|FILE")]
    pub chip: Option<String>,
}

impl DeviceArguments {
    /// Whether anything is said of a device.
    pub fn is_given(&self) -> bool {
        !self.flash.is_empty() || !self.ram.is_empty() || self.chip.is_some()
    }

    /// What the device has room for, the first of several limits, with weights of so many bits, 8 where none are given.
    pub fn limits(&self, bits: Option<Bits>) -> Result<Option<DeviceLimits>> {
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

/// Reads bytes, with a unit or without.
fn parse_bytes(text: &str) -> Result<u64> {
    let is_number = text.trim().chars().all(|c| c.is_ascii_digit());
    match text.parse()? {
        Budget::Bytes(bytes) => Ok(bytes),
        Budget::Parameters(bytes) if is_number => Ok(bytes),
        Budget::Parameters(_) => Err(Error::invalid("give bytes, such as 256KiB, 1MB or 98304")),
    }
}
