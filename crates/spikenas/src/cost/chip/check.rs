use std::fmt;

use serde::Serialize;

use super::profile::{Figure, Microcontroller, Neuromorphic, Profile, ProfileKind};
use crate::Result;
use crate::cost::device::{DeviceLedger, WeightBits};
use crate::graph::{Content, Graph, Stages, layer_place};

/// Whether a network fits a chip, limit by limit.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ChipCheck {
    /// The chip.
    pub chip: String,
    /// Whether it fits every limit that is known.
    pub fits: bool,
    /// Cores that it takes, where the chip has cores of known size.
    pub cores: Option<u64>,
    /// Each limit.
    pub limits: Vec<ChipLimit>,
    /// Figures that nobody publishes, so that nothing is known of their limits.
    pub unknown: Vec<String>,
    /// The energy of an inference by the chip's figure, where both are known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub energy: Option<ChipEnergy>,
}

/// One limit of a chip.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ChipLimit {
    /// Of what.
    pub what: String,
    /// What the network needs.
    pub needs: Need,
    /// What the chip has.
    pub has: Need,
    /// Whether that is enough.
    pub fits: bool,
    /// Where the chip's figure is published.
    pub source: String,
    /// What is to be known besides.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub caveat: Option<String>,
}

/// A number, or a kind of something.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(untagged)]
pub enum Need {
    /// So many.
    Number(u64),
    /// Such a one.
    Kind(String),
}

impl fmt::Display for Need {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Need::Number(number) => number.fmt(f),
            Need::Kind(kind) => kind.fmt(f),
        }
    }
}

/// The energy of an inference: synaptic operations times what one takes. What neurons, memory and input take is not in it.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ChipEnergy {
    /// Nanojoules.
    pub nanojoules: f64,
    /// Synaptic operations.
    pub operations: f64,
    /// Where the figure is published.
    pub source: String,
    /// What is to be known besides.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub caveat: Option<String>,
    /// The share of accesses of memory in all of the chip's energy.
    pub memory_percent: Figure<[f64; 2]>,
}

/// What a network asks of a chip with cores.
struct Demand {
    name: String,
    neurons: u64,
    fan_in: u64,
    /// Weights of its kernels, each once.
    kernel_weights: u64,
    side: u64,
}

impl ChipCheck {
    /// Compares a network of weights with so many bits with a chip. `operations`: synaptic operations of an inference, where it was
    /// tested.
    ///
    /// Errors: a graph of another kind than this library lays out.
    pub fn new(profile: &Profile, graph: &Graph, bits: WeightBits, operations: Option<f64>) -> Result<Self> {
        let name = profile.name.clone();
        match &profile.kind {
            ProfileKind::Microcontroller(chip) => {
                let mut check = Self::named(name);
                check.memories(chip, &DeviceLedger::new(graph, bits, None, None)?);
                Ok(check.decided())
            }
            ProfileKind::Neuromorphic(chip) => {
                let mut check = Self::of_cores(name, chip, graph, bits)?;
                check.neuron(chip, bits);
                if let (Some(operations), Figure::Known { value, source, caveat }) = (operations, &chip.synapse_pj) {
                    let (source, caveat, memory_percent) =
                        (source.clone(), caveat.clone(), chip.memory_percent.clone());
                    let nanojoules = operations * value / 1e3;
                    check.energy = Some(ChipEnergy { nanojoules, operations, source, caveat, memory_percent });
                }
                Ok(check.decided())
            }
        }
    }

    /// The limits of a chip with cores that depend on the network.
    ///
    /// Errors: a graph of another kind than this library lays out.
    pub fn of_cores(name: String, chip: &Neuromorphic, graph: &Graph, bits: WeightBits) -> Result<Self> {
        let mut check = Self::named(name);
        check.cores(chip, &demands(&Stages::new(graph)?), bits);
        Ok(check.decided())
    }

    /// The limits of a chip with cores that are the same for every network: what its neurons and weights are.
    pub fn of_neurons(name: String, chip: &Neuromorphic, bits: WeightBits) -> Self {
        let mut check = Self::named(name);
        check.neuron(chip, bits);
        check.decided()
    }

    fn named(chip: String) -> Self {
        Self { chip, fits: true, cores: None, limits: Vec::new(), unknown: Vec::new(), energy: None }
    }

    fn decided(mut self) -> Self {
        self.fits = self.limits.iter().all(|limit| limit.fits);
        self
    }

    /// Adds a limit, where the chip's figure is known.
    fn limit<T>(&mut self, what: &str, figure: &Figure<T>, compare: impl FnOnce(&T) -> (Need, Need, bool)) {
        match figure {
            Figure::Unknown => self.unknown.push(what.into()),
            Figure::Known { value, source, caveat } => {
                let (needs, has, fits) = compare(value);
                let (source, caveat) = (source.clone(), caveat.clone());
                self.limits.push(ChipLimit { what: what.into(), needs, has, fits, source, caveat });
            }
        }
    }

    fn at_most(&mut self, what: &str, needs: u64, figure: &Figure<u64>) {
        self.limit(what, figure, |&has| (Need::Number(needs), Need::Number(has), needs <= has));
    }

    fn memories(&mut self, chip: &Microcontroller, ledger: &DeviceLedger) {
        self.at_most("flash, bytes without the code", ledger.flash.bytes, &chip.flash);
        self.at_most("RAM, bytes without the stack", ledger.ram.bytes, &chip.ram);
    }

    fn cores(&mut self, chip: &Neuromorphic, demands: &[Demand], bits: WeightBits) {
        let shares = chip.shares_kernels.value().copied().unwrap_or(false);
        let bytes = |demand: &Demand| {
            let weights = if shares { demand.kernel_weights } else { demand.neurons.saturating_mul(demand.fan_in) };
            weights.saturating_mul(u64::from(bits.get())).div_ceil(8)
        };
        if let Some(&neurons) = chip.neurons_per_core.value() {
            // A layer takes the cores that its neurons need, or its synapses, whichever are more.
            let of = |demand: &Demand| {
                let by_neurons = demand.neurons.div_ceil(neurons.max(1));
                chip.synapse_bytes_per_core
                    .value()
                    .map_or(by_neurons, |&room| by_neurons.max(bytes(demand).div_ceil(room.max(1))))
            };
            let cores = demands.iter().map(of).sum();
            self.cores = Some(cores);
            self.at_most("cores", cores, &chip.cores);
        }
        let total = demands.iter().map(|demand| demand.neurons).sum();
        let all = match (&chip.cores, &chip.neurons_per_core) {
            (Figure::Known { value: cores, .. }, Figure::Known { value, source, caveat }) => {
                Figure::Known { value: cores.saturating_mul(*value), source: source.clone(), caveat: caveat.clone() }
            }
            _ => Figure::Unknown,
        };
        self.at_most("neurons", total, &all);
        let name = if shares { "bytes of kernels in a core" } else { "bytes of synapses" };
        let (needs, room) = if shares {
            (demands.iter().map(bytes).max().unwrap_or(0), chip.synapse_bytes_per_core.clone())
        } else {
            let room = match (&chip.cores, &chip.synapse_bytes_per_core) {
                (Figure::Known { value: cores, .. }, Figure::Known { value, source, caveat }) => Figure::Known {
                    value: cores.saturating_mul(*value),
                    source: source.clone(),
                    caveat: caveat.clone(),
                },
                _ => Figure::Unknown,
            };
            (demands.iter().map(bytes).fold(0, u64::saturating_add), room)
        };
        self.at_most(name, needs, &room);
        if let Some(widest) = demands.iter().max_by_key(|demand| demand.fan_in) {
            self.at_most(&format!("inputs of a neuron ({})", widest.name), widest.fan_in, &chip.fan_in);
        }
        let side = demands.iter().map(|demand| demand.side).max().unwrap_or(0);
        self.at_most("side of a kernel", side, &chip.kernel_side);
    }

    fn neuron(&mut self, chip: &Neuromorphic, bits: WeightBits) {
        let own = bits.get();
        self.limit("bits of a weight", &chip.weight_bits, |&[least, most]| {
            let has = if least == most { format!("{most}") } else { format!("{least} to {most}") };
            // Fewer bits than the fewest are held by these.
            (Need::Number(u64::from(own)), Need::Kind(has), own <= most)
        });
        let kind = |needs: &str, has: &String, fits: &[&str]| {
            (Need::Kind(needs.into()), Need::Kind(has.clone()), fits.contains(&has.as_str()))
        };
        self.limit("leak", &chip.leak, |has| kind("multiplicative", has, &["multiplicative", "shift"]));
        self.limit("reset", &chip.reset, |has| kind("zero", has, &["zero", "any"]));
        self.limit("bits of a membrane", &chip.state_bits, |&has| {
            (Need::Number(16), Need::Number(u64::from(has)), has >= 16)
        });
    }
}

/// What each layer of neurons asks for; the convolution of the image belongs to those that read it.
fn demands(stages: &Stages) -> Vec<Demand> {
    let of_map = |map: usize| {
        let (mut fan_in, mut weights, mut side) = (0, 0, 0);
        let mut waiting = vec![map];
        while let Some(map) = waiting.pop() {
            match &stages.maps[map].content {
                Content::Sum(inputs) => waiting.extend(inputs),
                Content::Averaged { source, .. } => waiting.push(*source),
                Content::Convolved(one) => {
                    // A tile is one kernel that is so much larger.
                    let wide = one.convolution.kernel.side() + one.tile - 1;
                    let row = (one.convolution.input.channels * wide * wide) as u64;
                    fan_in += row;
                    weights += row * one.convolution.outputs as u64;
                    side = side.max(wide as u64);
                }
            }
        }
        (fan_in, weights, side)
    };
    let layers = stages.layers.iter().map(|layer| {
        let (fan_in, kernel_weights, side) = of_map(layer.map);
        Demand { name: layer_place(layer.name()), neurons: layer.shape().len() as u64, fan_in, kernel_weights, side }
    });
    let classifier = &stages.classifier;
    let last = stages.layers[classifier.source].shape();
    let (inputs, hidden) = (last.len() as u64, classifier.hidden.outputs as u64);
    let hidden = Demand {
        name: layer_place(&classifier.lif.name),
        neurons: hidden,
        fan_in: inputs,
        kernel_weights: classifier.hidden.inputs as u64 * hidden,
        side: last.height.max(last.width) as u64,
    };
    layers.chain([hidden]).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::graph::{NetworkConfig, Shape};

    fn check(chip: &str, widths: [usize; 2]) -> ChipCheck {
        let image = Shape { channels: 3, height: 32, width: 32 };
        let config = NetworkConfig { widths, ..NetworkConfig::preset("sample").unwrap() };
        let graph = Graph::new(&"0303 0030 0003 0000".parse().unwrap(), &config, image).unwrap();
        ChipCheck::new(&Profile::find(chip).unwrap(), &graph, WeightBits::Eight, Some(1e6)).unwrap()
    }

    fn limit<'a>(check: &'a ChipCheck, what: &str) -> &'a ChipLimit {
        check.limits.iter().find(|limit| limit.what.starts_with(what)).unwrap()
    }

    #[test]
    fn a_microcontroller_has_memories() {
        let small = check("stm32f407", [16, 32]);
        assert!(small.fits && small.limits.len() == 2 && small.energy.is_none(), "{small:?}");
        let large = check("stm32f407", [128, 256]);
        assert!(!large.fits && !limit(&large, "RAM").fits, "{large:?}");
        let unknown = check("rp2350", [16, 32]);
        assert_eq!(unknown.unknown, ["flash, bytes without the code"]);
    }

    #[test]
    fn a_chip_with_cores_is_filled_layer_by_layer() {
        let loihi = check("loihi1", [16, 32]);
        // Four layers of 16 x 32 x 32 neurons, four of 32 x 16 x 16 (cell and last activation), and 128.
        assert_eq!(limit(&loihi, "neurons").needs, Need::Number(4 * 16_384 + 4 * 8192 + 128));
        assert_eq!(loihi.cores, Some(4 * 16 + 4 * 8 + 1));
        assert!(limit(&loihi, "cores").fits && limit(&loihi, "leak").fits);
        assert_eq!(limit(&loihi, "inputs of a neuron").needs, Need::Number(32 * 16 * 16));
        assert!(!limit(&loihi, "inputs of a neuron").fits && !loihi.fits, "the hidden layer reads all of the last map");
        assert_eq!(loihi.energy.unwrap().nanojoules, 23_600.0);
        assert!(!limit(&check("speck2f", [16, 32]), "leak").fits);
        assert!(!limit(&check("odin", [16, 32]), "bits of a weight").fits);
    }
}
