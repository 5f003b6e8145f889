use serde::{Deserialize, Serialize};

use super::arithmetic::{Leak, LeakKind, WeightBits};
use super::plan::{DevicePlan, Schedule};
use crate::Result;
use crate::graph::{Convolved, Graph, Source, Stages};

/// Something that takes memory on a device.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DeviceItem {
    /// What it is.
    pub name: String,
    /// Its bytes.
    pub bytes: u64,
}

/// One of a device's memories.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct DeviceMemory {
    /// Bytes of all items.
    pub bytes: u64,
    /// What takes them.
    pub items: Vec<DeviceItem>,
}

impl DeviceMemory {
    fn add(&mut self, name: impl Into<String>, bytes: usize) {
        if bytes > 0 {
            self.bytes += bytes as u64;
            self.items.push(DeviceItem { name: name.into(), bytes: bytes as u64 });
        }
    }
}

/// The memory of a network's integer form on a device, classifier and all, without code and stack.
///
/// ```
/// use spikenas::{cost::{DeviceLedger, WeightBits}, graph::{Graph, NetworkConfig, Shape}};
/// let image = Shape { channels: 3, height: 32, width: 32 };
/// let graph = Graph::new(&"0303 0030 0003 0000".parse()?, &NetworkConfig::preset("sample")?, image)?;
/// let device = DeviceLedger::new(&graph, WeightBits::Eight, None, None)?;
/// assert!(device.flash.bytes < 128 << 10 && device.ram.bytes < 64 << 10);
/// # Ok::<(), spikenas::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DeviceLedger {
    /// Bits of a weight.
    pub bits: WeightBits,
    /// The leak of the membranes.
    pub leak: Leak,
    /// The order of the computation.
    pub schedule: Schedule,
    /// What is constant: weights and tables.
    pub flash: DeviceMemory,
    /// What changes: spikes, membranes, sums, and the image, which its user keeps.
    pub ram: DeviceMemory,
}

impl DeviceLedger {
    /// The item of the image, which is no memory of the network's own code.
    pub const IMAGE: &str = "image";

    /// Itemises a network: with the exact leak where it is possible, and the schedule that needs less RAM, where they are not given.
    ///
    /// Errors: an exact leak that is not possible.
    pub fn new(graph: &Graph, bits: WeightBits, leak: Option<LeakKind>, schedule: Option<Schedule>) -> Result<Self> {
        let (stages, leak) = (Stages::new(graph)?, Leak::new(&graph.config, leak)?);
        Ok(Self::of_stages(graph, &stages, (bits, leak), schedule))
    }

    /// Itemises a network of these stages, with the schedule that needs less RAM where none is given.
    pub fn of_stages(
        graph: &Graph,
        stages: &Stages,
        (bits, leak): (WeightBits, Leak),
        schedule: Option<Schedule>,
    ) -> Self {
        let plan = DevicePlan::least(stages, graph.config.timesteps, leak, schedule);
        Self::of_plan(graph, stages, &plan, bits, leak)
    }

    /// Itemises a network under a plan.
    pub fn of_plan(graph: &Graph, stages: &Stages, plan: &DevicePlan, bits: WeightBits, leak: Leak) -> Self {
        let (flash, ram) = (flash(graph, stages, bits), ram(graph, stages, plan, leak));
        Self { bits, leak, schedule: plan.schedule, flash, ram }
    }
}

/// Weights by rows of whole bytes, a row for an output channel of a convolution and for an input of a linear layer; steps and
/// biases of 16 bits, thresholds and the biases of batch norms of 32, signs of 8.
fn flash(graph: &Graph, stages: &Stages, bits: WeightBits) -> DeviceMemory {
    let mut flash = DeviceMemory::default();
    flash.add("zeros of the image", 2 * graph.input.channels);
    for (_, convolved) in stages.convolutions() {
        let (Convolved { convolution, source, .. }, label) = (convolved, stages.label(convolved));
        let side = convolution.kernel.side();
        let row = bits.bytes(convolution.input.channels * side * side);
        flash.add(format!("{label} weights"), convolution.outputs * row);
        // What is of an image is rounded: a byte more says by how many bits.
        let each = 4 + usize::from(*source == Source::Image);
        flash.add(format!("{label} steps and biases"), each * convolution.outputs);
    }
    for layer in &stages.layers {
        let each = if layer.norm.is_some() { 4 + 4 + 1 } else { 4 };
        flash.add(format!("{} thresholds", layer.name()), each * layer.shape().channels);
    }
    let (hidden, output) = (&stages.classifier.hidden, &stages.classifier.output);
    flash.add(format!("{} weights", hidden.name), hidden.inputs * bits.bytes(hidden.outputs));
    flash.add(format!("{} thresholds", stages.classifier.lif.name), 4 * hidden.outputs);
    flash.add(format!("{} weights", output.name), output.inputs * bits.bytes(graph.outputs()));
    flash.add(format!("{} biases", output.name), 4 * graph.outputs());
    flash
}

fn ram(graph: &Graph, stages: &Stages, plan: &DevicePlan, leak: Leak) -> DeviceMemory {
    let mut ram = DeviceMemory::default();
    ram.add(DeviceLedger::IMAGE, plan.image_bytes);
    ram.add("spikes of live layers", plan.arena_bytes);
    ram.add("membranes", plan.membrane_bytes(leak));
    ram.add("sums of a channel", 2 * plan.planes * plan.plane_sums);
    // A sum and a membrane of 32 bits for each neuron of the hidden layer, and a count of its spikes.
    let hidden = stages.classifier.hidden.outputs;
    ram.add("hidden layer", hidden * (4 + 4 + counter_bytes(graph.config.timesteps)));
    ram.add("scores of the classes", 4 * graph.outputs());
    ram
}

/// Bytes of a count of the spikes of all timesteps.
fn counter_bytes(timesteps: usize) -> usize {
    if timesteps < 256 { 1 } else { 2 }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::graph::{NetworkConfig, Shape};

    fn graph(text: &str) -> Graph {
        let image = Shape { channels: 3, height: 32, width: 32 };
        Graph::new(&text.parse().unwrap(), &NetworkConfig::preset("sample").unwrap(), image).unwrap()
    }

    #[test]
    fn every_byte_has_an_item() {
        let ledger = DeviceLedger::new(&graph("0313 0031 0003 0000"), WeightBits::Four, None, None).unwrap();
        for memory in [&ledger.flash, &ledger.ram] {
            assert_eq!(memory.items.iter().map(|item| item.bytes).sum::<u64>(), memory.bytes);
        }
        let item = |name: &str| ledger.flash.items.iter().find(|item| item.name == name).map(|item| item.bytes);
        // A row of 3 x 3 x 3 weights of 4 bits takes 14 bytes.
        assert_eq!(item("stem.0 weights"), Some(16 * 14));
        assert_eq!(item("classifier.3 weights"), Some(128 * 5));
    }

    #[test]
    fn fewer_bits_take_less_flash_and_the_same_ram() {
        let of = |bits| DeviceLedger::new(&graph("0333 0033 0003 0000"), bits, None, None).unwrap();
        let [two, four, eight] = [WeightBits::Two, WeightBits::Four, WeightBits::Eight].map(of);
        assert!(two.flash.bytes < four.flash.bytes && four.flash.bytes < eight.flash.bytes);
        assert!(two.ram == eight.ram && four.ram == eight.ram);
    }
}
