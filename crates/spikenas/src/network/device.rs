use burn::backend::{Autodiff, Flex};
pub use burn::tensor::Device;
use burn::tensor::Tensor;

use crate::{Error, Result};

/// The devices of this build.
pub const DEVICES: &[&str] = &[
    "cpu",
    #[cfg(feature = "wgpu")]
    "wgpu",
    #[cfg(feature = "cuda")]
    "cuda",
];

/// The device of a name, ready to record gradients: `cpu`, `wgpu` (Vulkan, Metal or DirectX 12) or `cuda`.
///
/// Errors: a device that is not of this build, or not of this machine.
pub fn device(name: &str) -> Result<Device> {
    match name {
        "cpu" => Ok(Device::flex().autodiff()),
        #[cfg(feature = "wgpu")]
        "wgpu" => wgpu(),
        #[cfg(feature = "cuda")]
        "cuda" => Ok(Device::cuda(burn::tensor::DeviceIndex::Default).autodiff()),
        _ if ["wgpu", "cuda"].contains(&name) => Err(Error::invalid(format!(
            "device `{name}` is not in this build, which has {}: choose from these, or build with `--features {name}`",
            DEVICES.join(", ")
        ))),
        _ => Err(Error::invalid(format!("unknown device `{name}`: this build has {}", DEVICES.join(", ")))),
    }
}

/// Whether a device is the CPU, where training runs on the kernels.
pub fn is_cpu(device: &Device) -> bool {
    Tensor::<1>::zeros([1], device).autodiff().try_into_primitive::<Autodiff<Flex>>().is_ok()
}

/// Opens the best graphics adapter, once a process.
#[cfg(feature = "wgpu")]
fn wgpu() -> Result<Device> {
    use std::sync::OnceLock;

    static OPENED: OnceLock<std::result::Result<Device, String>> = OnceLock::new();
    let opened = OPENED.get_or_init(|| Device::wgpu_options().init().map_err(|error| error.to_string()));
    match opened {
        Ok(device) => Ok(device.clone().autodiff()),
        Err(reason) => Err(Error::invalid(format!("no device `wgpu` on this machine ({reason}): use cpu"))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn devices_that_this_build_lacks_are_one_clear_line() {
        assert!(device("cpu").is_ok());
        for name in ["wgpu", "cuda", "tpu"].into_iter().filter(|name| !DEVICES.contains(name)) {
            let message = device(name).unwrap_err().to_string();
            assert!(message.contains(name) && message.contains("cpu"), "{message}");
        }
    }
}
