use serde::Serialize;

use super::{Evaluation, LayerRate};
use crate::plan::{Convolution, Plan, SpikingConvolution};

/// Energy of adding a 32-bit weight to a membrane, in picojoules at 45 nm (Horowitz, ISSCC 2014).
pub const ADDITION_PJ: f64 = 0.9;

/// Energy of multiplying two 32-bit numbers and adding the product, in picojoules at 45 nm (Horowitz, ISSCC 2014).
pub const MULTIPLICATION_PJ: f64 = 4.6;

/// Synaptic operations of one layer in one inference: one image, all timesteps.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct LayerOperations {
    /// Module name in the reference's state dict.
    pub name: String,
    /// Additions of a weight to a sum: one a spike and connection.
    pub additions: f64,
    /// Multiplications of a weight with an input that is not a spike, each with its addition.
    pub multiplications: f64,
    /// Multiplications of the same layer if it took every input at every timestep.
    pub dense: f64,
}

impl LayerOperations {
    /// Energy in picojoules.
    pub fn energy_pj(&self) -> f64 {
        self.additions * ADDITION_PJ + self.multiplications * MULTIPLICATION_PJ
    }
}

/// Synaptic operations of one inference, layer by layer.
///
/// Only the stem multiplies: it reads pixels, once for all timesteps. Every other layer reads spikes and adds the weights of
/// those that fired. As in NeuroBench, only layers with weights count: no LIF updates, batch norms (folded into weights at
/// inference), poolings and sums of feature maps. Spikes are taken as spread evenly over a map, which decides about how many
/// connections the border cuts.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Operations {
    /// Every layer with weights, in the order of execution.
    pub layers: Vec<LayerOperations>,
}

impl Operations {
    /// Counts from the firing rates of a test; `None` where they are not those of the plan's LIF layers.
    pub fn new(plan: &Plan, rates: &[LayerRate]) -> Option<Self> {
        let rate = |lif: &str| rates.iter().find(|r| r.name == lif).map(|r| r.firing_rate);
        let timesteps = plan.config.timesteps as f64;
        let spiking = |name: &str, lif: &str, connections: f64| {
            let dense = connections * timesteps;
            let layer =
                |rate| LayerOperations { name: name.to_string(), additions: dense * rate, multiplications: 0.0, dense };
            rate(lif).map(layer)
        };
        let convolution =
            |c: &SpikingConvolution| spiking(&c.convolution.name, &c.lif.name, connections(&c.convolution));

        let stem = connections(&plan.stem);
        let stem = LayerOperations { name: plan.stem.name.clone(), additions: 0.0, multiplications: stem, dense: stem };
        let mut layers = vec![stem];
        for (index, cell) in plan.cells.iter().enumerate() {
            for edge in cell.edges.iter().filter_map(|e| e.convolution()) {
                layers.push(convolution(edge)?);
            }
            if let Some(reduction) = plan.reductions.get(index) {
                layers.push(convolution(&reduction.convolution)?);
            }
        }
        // A spike before the pooling adds its share of a weight, so that the hidden layer has as many additions as spikes.
        let classifier = &plan.classifier;
        let (hidden, output) = (&classifier.hidden, &classifier.output);
        let pooled = (plan.last_lif.shape.len() * hidden.outputs) as f64;
        layers.push(spiking(&hidden.name, &plan.last_lif.name, pooled)?);
        layers.push(spiking(&output.name, &classifier.lif.name, (output.inputs * output.outputs) as f64)?);
        Some(Self { layers })
    }

    /// Additions of all layers.
    pub fn additions(&self) -> f64 {
        self.layers.iter().map(|l| l.additions).sum()
    }

    /// Multiplications of all layers.
    pub fn multiplications(&self) -> f64 {
        self.layers.iter().map(|l| l.multiplications).sum()
    }

    /// Multiplications that dense layers would need.
    pub fn dense(&self) -> f64 {
        self.layers.iter().map(|l| l.dense).sum()
    }

    /// Energy of an inference in picojoules.
    pub fn energy_pj(&self) -> f64 {
        self.layers.iter().map(LayerOperations::energy_pj).sum()
    }
}

/// Pairs of an input and an output of a padded convolution that a weight connects, in one timestep.
fn connections(convolution: &Convolution) -> f64 {
    let side = convolution.kernel.side();
    let reach = (side / 2) * (side / 2 + 1);
    let taps = |pixels: usize| (side * pixels - reach) as f64;
    let shape = convolution.input;
    taps(shape.height) * taps(shape.width) * (shape.channels * convolution.outputs) as f64
}

/// The figures of a test under the names that NeuroBench gives them (Yik et al., Nature Communications 2025).
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct NeuroBench {
    /// Bytes of all parameters and buffers as 32-bit numbers.
    pub footprint: u64,
    /// Right answers as a part of 1.
    pub classification_accuracy: f64,
    /// Neurons and timesteps without a spike as a part of 1.
    pub activation_sparsity: f64,
    /// Operations of one inference.
    pub synaptic_operations: SynapticOperations,
}

/// Operations of one inference under NeuroBench's names.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct SynapticOperations {
    /// Multiplications, each with its addition.
    #[serde(rename = "Effective_MACs")]
    pub effective_macs: f64,
    /// Additions.
    #[serde(rename = "Effective_ACs")]
    pub effective_acs: f64,
    /// What dense layers would need.
    #[serde(rename = "Dense")]
    pub dense: f64,
}

impl NeuroBench {
    /// The figures of a tested network.
    pub fn new(plan: &Plan, evaluation: &Evaluation, operations: &Operations) -> Self {
        let numbers: usize = plan.parameters().iter().map(|p| p.shape.iter().product::<usize>()).sum();
        Self {
            footprint: 4 * numbers as u64,
            classification_accuracy: evaluation.accuracy / 100.0,
            activation_sparsity: 1.0 - evaluation.firing_rate,
            synaptic_operations: SynapticOperations {
                effective_macs: operations.multiplications(),
                effective_acs: operations.additions(),
                dense: operations.dense(),
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::{NetworkConfig, Shape};

    fn plan() -> Plan {
        let config = NetworkConfig {
            cells: 1,
            widths: [2, 3],
            last_pool: 2,
            hidden: 5,
            ..NetworkConfig::preset("sample").unwrap()
        };
        let image = Shape { channels: 3, height: 4, width: 8 };
        Plan::new(&"0001 0000 0000 0000".parse().unwrap(), &config, image).unwrap()
    }

    fn rates(rates: [f64; 3]) -> Vec<LayerRate> {
        let names = ["downconv1.1", "last_act.1", "classifier.2"];
        let rate = |(name, firing_rate): (&str, f64)| LayerRate { name: name.into(), neurons: 1, firing_rate };
        names.into_iter().zip(rates).map(rate).collect()
    }

    #[test]
    fn connections_are_those_that_a_plain_loop_finds() {
        let stem = plan().stem;
        let (height, width) = (stem.input.height as isize, stem.input.width as isize);
        let mut count = 0;
        for (y, x) in (0..height).flat_map(|y| (0..width).map(move |x| (y, x))) {
            for (dy, dx) in (-1..=1).flat_map(|dy| (-1..=1).map(move |dx| (dy, dx))) {
                count += usize::from((0..height).contains(&(y + dy)) && (0..width).contains(&(x + dx)));
            }
        }
        assert_eq!(connections(&stem), (count * 3 * 2) as f64);
    }

    #[test]
    fn spikes_add_and_pixels_multiply() {
        let operations = Operations::new(&plan(), &rates([0.5, 0.25, 1.0])).unwrap();
        let names: Vec<&str> = operations.layers.iter().map(|l| l.name.as_str()).collect();
        assert_eq!(names, ["stem.0", "downconv1.2", "classifier.1", "classifier.3"]);
        let (stem, reduction, hidden, output) =
            (&operations.layers[0], &operations.layers[1], &operations.layers[2], &operations.layers[3]);
        assert_eq!((stem.additions, stem.multiplications), (0.0, 10.0 * 22.0 * 6.0));
        assert_eq!((reduction.additions, reduction.dense), (0.5 * 5.0 * 220.0 * 6.0, 5.0 * 220.0 * 6.0));
        // Three channels of 2x4 before the pooling, five hidden neurons.
        assert_eq!(hidden.additions, 0.25 * 5.0 * 24.0 * 5.0);
        assert_eq!(output.additions, 5.0 * 5.0 * 100.0);
        let energy = operations.additions() * 0.9 + operations.multiplications() * 4.6;
        assert!((operations.energy_pj() - energy).abs() < 1e-9);
    }

    #[test]
    fn rates_of_another_network_give_nothing() {
        assert_eq!(Operations::new(&plan(), &rates([0.5, 0.25, 1.0])[1..]), None);
    }
}
