use std::sync::Arc;

use spikenas_kernels::{Isa, PackedKernel, PackedLinear};

use super::buffers::Buffers;
use crate::graph::{Convolution, Initialisation, Linear, Parameter};
use crate::space::Kernel;
use crate::weights::{Kept, Weights, draw};

/// Where the numbers of a pass come from.
enum Source {
    /// A trained or golden network.
    Given(Arc<Weights>),
    /// Drawn when first needed.
    Drawn { initialisation: Initialisation, seed: u64, repeat: u64 },
}

/// Weights in the form that the kernels read, made once and shared by all architectures that have the layer; and the
/// memory that their passes use again.
pub struct LayerParameters {
    source: Source,
    isa: Isa,
    tensors: Kept<Vec<f32>>,
    kernels: Kept<PackedKernel>,
    linears: Kept<PackedLinear>,
    buffers: Buffers,
}

impl LayerParameters {
    fn new(source: Source, isa: Isa) -> Self {
        let buffers = Buffers::new(u64::MAX);
        Self { source, isa, tensors: Kept::default(), kernels: Kept::default(), linears: Kept::default(), buffers }
    }

    /// Parameters of a network whose weights are known; they must fit the graphs that are run ([`Weights::check`]).
    pub fn given(weights: &Arc<Weights>, isa: Isa) -> Self {
        Self::new(Source::Given(weights.clone()), isa)
    }

    /// Parameters of untrained networks, see [`draw`].
    pub fn drawn(initialisation: Initialisation, seed: u64, repeat: u64, isa: Isa) -> Self {
        Self::new(Source::Drawn { initialisation, seed, repeat }, isa)
    }

    /// The instruction set that kernels are packed for.
    pub fn isa(&self) -> Isa {
        self.isa
    }

    /// The same with the memory of others.
    pub(super) fn sharing(self, buffers: &Buffers) -> Self {
        Self { buffers: buffers.clone(), ..self }
    }

    /// Memory for feature maps.
    pub(super) fn buffers(&self) -> &Buffers {
        &self.buffers
    }

    /// A tensor as it stands in the state dict.
    pub fn tensor(&self, parameter: &Parameter) -> Arc<Vec<f32>> {
        self.tensors.get(parameter, || self.values(parameter))
    }

    /// The packed weights of a convolution.
    pub fn kernel(&self, convolution: &Convolution) -> Arc<PackedKernel> {
        self.packed(&convolution.weight(), convolution.outputs, convolution.input.channels, convolution.kernel)
    }

    /// The packed weights of a linear layer that reads spikes: a 1x1 convolution of one pixel.
    pub fn linear_kernel(&self, linear: &Linear) -> Arc<PackedKernel> {
        self.packed(&linear.weight(), linear.outputs, linear.inputs, Kernel::ONE)
    }

    /// The packed weights of a linear layer that reads averages of spikes of this many channels.
    pub fn linear_of_averages(&self, linear: &Linear, channels: usize) -> Arc<PackedLinear> {
        let weight = linear.weight();
        let averages = linear.inputs / channels;
        self.linears.get(&weight, || {
            let normals = match self.source {
                Source::Given(_) => None,
                Source::Drawn { initialisation, seed, repeat } => initialisation.long_normals(&weight, seed, repeat),
            };
            match normals {
                // More than the caches hold: packed as it is drawn, and never there as a tensor.
                Some(normals) => {
                    let write = |first: usize, part: &mut [f32]| normals.write(first, part);
                    PackedLinear::from_parts(self.isa, linear.outputs, channels, averages, write)
                }
                None => PackedLinear::new(self.isa, linear.outputs, channels, averages, &self.values(&weight)),
            }
        })
    }

    fn packed(&self, weight: &Parameter, outputs: usize, inputs: usize, kernel: Kernel) -> Arc<PackedKernel> {
        let pack = || PackedKernel::new(self.isa, outputs, inputs, kernel.side(), &self.values(weight));
        self.kernels.get(weight, pack)
    }

    fn values(&self, parameter: &Parameter) -> Vec<f32> {
        match &self.source {
            Source::Given(weights) => weights.values(&parameter.name).to_vec(),
            Source::Drawn { initialisation, seed, repeat } => draw(parameter, *initialisation, *seed, *repeat),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc::channel;
    use std::time::Duration;

    use rayon::prelude::*;
    use spikenas_kernels::{Spikes, linear_of_averages};

    use super::*;
    use crate::engine::cpu::Cpu;
    use crate::graph::{Graph, Layer, NetworkConfig, Shape};
    use crate::score::{ScoreConfig, ScoreKind, SpikeScorer};

    const IMAGE: Shape = Shape { channels: 3, height: 16, width: 16 };

    /// A classifier of several blocks, whose weights are too many for one generator.
    fn graph(text: &str) -> Graph {
        let preset = NetworkConfig::preset("sample").unwrap();
        let config = NetworkConfig { widths: [8, 72], hidden: 70, last_pool: 1, ..preset };
        Graph::new(&text.parse().unwrap(), &config, IMAGE).unwrap()
    }

    fn hidden(graph: &Graph) -> Linear {
        let linear = graph.nodes().iter().find_map(|node| match &node.layer {
            Layer::Linear(linear) => Some(linear.clone()),
            _ => None,
        });
        linear.unwrap()
    }

    #[test]
    fn weights_packed_as_they_are_drawn_are_those_of_the_tensor() {
        let (isa, hidden, channels) = (Isa::best(), &hidden(&graph("0111 0011 0001 0000")), 72);
        let averages = hidden.inputs / channels;
        assert!(hidden.inputs * hidden.outputs > 1 << 16);
        let parameters = LayerParameters::drawn(Initialisation::Scaled, 1, 0, isa);
        let tensor = draw(&hidden.weight(), Initialisation::Scaled, 1, 0);
        let active: Vec<bool> = (0..2 * averages * channels).map(|i| i * i % 7 < 3).collect();
        let spikes = Spikes::pack(2, averages, channels, &active);
        let output = |layer: &PackedLinear| linear_of_averages(&spikes, averages, 1, 1, layer);
        let whole = PackedLinear::new(isa, hidden.outputs, channels, averages, &tensor);
        assert_eq!(output(&parameters.linear_of_averages(hidden, channels)), output(&whole));
    }

    /// Runs tasks of a pool that nobody waits for, so that a lock-up is a failure and not a test without an end.
    fn ends(threads: usize, run: impl FnOnce() + Send + 'static) {
        let (send, receive) = channel();
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        pool.spawn(move || {
            run();
            send.send(()).unwrap();
        });
        std::mem::forget(pool);
        receive.recv_timeout(Duration::from_secs(120)).expect("tasks wait for each other, or one failed");
    }

    #[test]
    fn scores_from_several_tasks_at_once_are_the_same() {
        let texts = ["0313 0031 0003 0000", "0333 0033 0003 0000", "0111 0011 0001 0000", "0331 0011 0003 0000"];
        let graphs: Vec<Graph> = texts.iter().cycle().take(12).map(|text| graph(text)).collect();
        let images: Vec<f32> = (0..4 * IMAGE.len()).map(|i| ((i * i) as f32 * 0.37).sin()).collect();
        ends(4, move || {
            let scorer = || {
                let config = ScoreConfig { batch: 4, kind: ScoreKind::Sahd, ..ScoreConfig::default() };
                SpikeScorer::new(&Cpu, config, &graphs[0].config, vec![images.clone()]).unwrap()
            };
            let alone = scorer();
            let alone: Vec<_> = graphs.iter().map(|graph| alone.score(graph).unwrap()).collect();
            let shared = scorer();
            let together: Vec<_> = graphs.par_iter().map(|graph| shared.score(graph).unwrap()).collect();
            assert_eq!(together, alone);
        });
    }
}
