//! What a device has room for.

use clap::Args;
use spikenas::cost::parse_bytes;
use spikenas::workflow::options::DeviceOptions;

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
    /// What is said of the device.
    pub fn options(&self) -> DeviceOptions {
        let Self { flash, ram, chip } = self.clone();
        DeviceOptions { flash, ram, chip }
    }
}
