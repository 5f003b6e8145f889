use burn::tensor::Device;

use super::network::BurnNetwork;
use super::untrained::BurnUntrained;
use crate::Result;
use crate::engine::device::{Draws, Engine, Untrained};
use crate::engine::network::Network;
use crate::graph::Graph;
use crate::weights::Weights;

/// One of Burn's devices.
pub struct BurnEngine {
    name: &'static str,
    /// Ready to record gradients.
    device: Device,
}

impl BurnEngine {
    /// The CPU, by Burn's own operations: to compare with.
    pub fn cpu() -> Self {
        Self { name: "burn", device: Device::flex().autodiff() }
    }

    /// The best graphics adapter: Vulkan, Metal or DirectX 12.
    ///
    /// Errors: none on this machine.
    #[cfg(feature = "wgpu")]
    pub fn wgpu() -> Result<Self> {
        use crate::Error;
        use std::sync::OnceLock;

        // Opened once per process.
        static OPENED: OnceLock<std::result::Result<Device, String>> = OnceLock::new();
        let opened = OPENED.get_or_init(|| Device::wgpu_options().init().map_err(|error| error.to_string()));
        match opened {
            Ok(device) => Ok(Self { name: "wgpu", device: device.clone().autodiff() }),
            Err(reason) => Err(Error::invalid(format!("no device `wgpu` on this machine ({reason}): use cpu"))),
        }
    }

    /// An NVIDIA card.
    #[cfg(feature = "cuda")]
    pub fn cuda() -> Self {
        Self { name: "cuda", device: Device::cuda(burn::tensor::DeviceIndex::Default).autodiff() }
    }
}

impl Engine for BurnEngine {
    fn name(&self) -> &str {
        self.name
    }

    fn network(&self, graph: &Graph, weights: &Weights) -> Result<Box<dyn Network>> {
        Ok(Box::new(BurnNetwork::new(graph, weights, &self.device)?))
    }

    fn untrained(&self, draws: &Draws) -> Box<dyn Untrained> {
        Box::new(BurnUntrained::new(&self.device, *draws))
    }
}
