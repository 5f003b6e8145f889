use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use spikenas_kernels::{Isa, PackedKernel, PackedLinear};

use super::buffers::Buffers;
use crate::graph::{Convolution, Initialisation, Linear, Parameter};
use crate::space::Kernel;
use crate::weights::{Weights, draw};

/// Where the numbers of a pass come from.
enum Source {
    /// A trained or golden network.
    Given(Arc<Weights>),
    /// Drawn when first needed.
    Drawn { initialisation: Initialisation, seed: u64, repeat: u64 },
}

/// Name and shape of a tensor, which together say what was drawn.
type Key = (String, Vec<usize>);

/// Weights in the form that the kernels read, made once and shared by all architectures that have the layer; and the
/// memory that their passes use again.
pub struct LayerParameters {
    source: Source,
    isa: Isa,
    tensors: Mutex<HashMap<Key, Arc<Vec<f32>>>>,
    kernels: Mutex<HashMap<Key, Arc<PackedKernel>>>,
    linears: Mutex<HashMap<Key, Arc<PackedLinear>>>,
    buffers: Buffers,
}

impl LayerParameters {
    fn new(source: Source, isa: Isa) -> Self {
        let buffers = Buffers::new(u64::MAX);
        Self { source, isa, tensors: Mutex::default(), kernels: Mutex::default(), linears: Mutex::default(), buffers }
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
        kept(&self.tensors, parameter, || self.values(parameter))
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
        kept(&self.linears, &weight, || {
            PackedLinear::new(self.isa, linear.outputs, channels, averages, &self.values(&weight))
        })
    }

    fn packed(&self, weight: &Parameter, outputs: usize, inputs: usize, kernel: Kernel) -> Arc<PackedKernel> {
        let pack = || PackedKernel::new(self.isa, outputs, inputs, kernel.side(), &self.values(weight));
        kept(&self.kernels, weight, pack)
    }

    fn values(&self, parameter: &Parameter) -> Vec<f32> {
        match &self.source {
            Source::Given(weights) => weights.values(&parameter.name).to_vec(),
            Source::Drawn { initialisation, seed, repeat } => draw(parameter, *initialisation, *seed, *repeat),
        }
    }
}

/// What a map keeps for a tensor, made if it is not there.
fn kept<T>(map: &Mutex<HashMap<Key, Arc<T>>>, parameter: &Parameter, make: impl FnOnce() -> T) -> Arc<T> {
    let mut map = map.lock().unwrap_or_else(PoisonError::into_inner);
    map.entry((parameter.name.clone(), parameter.shape.clone())).or_insert_with(|| Arc::new(make())).clone()
}
