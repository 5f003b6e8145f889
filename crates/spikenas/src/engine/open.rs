use std::sync::Arc;

use super::cpu::Cpu;
use super::device::Engine;
use crate::{Error, Result};

/// The devices of this build.
pub const DEVICES: &[&str] = &[
    "cpu",
    #[cfg(feature = "burn")]
    "burn",
    #[cfg(feature = "wgpu")]
    "wgpu",
    #[cfg(feature = "cuda")]
    "cuda",
];

/// The engine for a device: `cpu`, `wgpu` (Vulkan, Metal or DirectX 12) or `cuda`; `burn` is the CPU by Burn's own operations, to
/// compare with.
///
/// Errors: a device that is not of this build, or not of this machine.
pub fn engine(device: &str) -> Result<Arc<dyn Engine>> {
    match device {
        "cpu" => Ok(Arc::new(Cpu)),
        #[cfg(feature = "burn")]
        "burn" => Ok(Arc::new(super::burn::BurnEngine::cpu())),
        #[cfg(feature = "wgpu")]
        "wgpu" => Ok(Arc::new(super::burn::BurnEngine::wgpu()?)),
        #[cfg(feature = "cuda")]
        "cuda" => Ok(Arc::new(super::burn::BurnEngine::cuda())),
        _ if ["wgpu", "cuda"].contains(&device) => Err(Error::invalid(format!(
            "device `{device}` is not in this build, which has {}: choose from these, or build with the feature `{device}`",
            DEVICES.join(", ")
        ))),
        _ => Err(Error::unknown("device", device, DEVICES.iter().copied())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn devices_that_this_build_lacks_are_one_clear_line() {
        assert_eq!(engine("cpu").unwrap().name(), "cpu");
        for name in ["wgpu", "cuda", "tpu"].into_iter().filter(|name| !DEVICES.contains(name)) {
            let message = engine(name).err().unwrap().to_string();
            assert!(message.contains(name) && message.contains("cpu"), "{message}");
        }
    }
}
