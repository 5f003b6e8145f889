use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use spikenas_kernels::{Isa, PackedKernel, PackedLinear};

use super::buffers::Buffers;
use crate::plan::{Convolution, Initialisation, Linear, Parameter};
use crate::space::Kernel;
use crate::weights::{Weights, draw};

/// Where the numbers of a pass come from.
enum Source<'a> {
    /// A trained or golden network.
    Given(&'a Weights),
    /// Drawn when first asked for.
    Drawn { initialisation: Initialisation, seed: u64, repeat: u64 },
}

/// Name and shape of a tensor, which together say what was drawn.
type Key = (String, Vec<usize>);

/// Weights in the form that the kernels read, made once and shared by all architectures that have the layer; and the
/// memory that their passes use again.
pub struct LayerParameters<'a> {
    source: Source<'a>,
    isa: Isa,
    tensors: Mutex<HashMap<Key, Arc<Vec<f32>>>>,
    kernels: Mutex<HashMap<Key, Arc<PackedKernel>>>,
    linears: Mutex<HashMap<Key, Arc<PackedLinear>>>,
    buffers: Buffers,
}

impl<'a> LayerParameters<'a> {
    fn new(source: Source<'a>, isa: Isa) -> Self {
        let buffers = Buffers::new(u64::MAX);
        Self { source, isa, tensors: Mutex::default(), kernels: Mutex::default(), linears: Mutex::default(), buffers }
    }

    /// Of a network whose weights are known; they must fit the plans that are run ([`Weights::check`]).
    pub fn given(weights: &'a Weights, isa: Isa) -> Self {
        Self::new(Source::Given(weights), isa)
    }

    /// Of untrained networks, see [`draw`].
    pub fn drawn(initialisation: Initialisation, seed: u64, repeat: u64, isa: Isa) -> LayerParameters<'static> {
        LayerParameters::new(Source::Drawn { initialisation, seed, repeat }, isa)
    }

    /// The instruction set that kernels are packed for.
    pub fn isa(&self) -> Isa {
        self.isa
    }

    /// The same in the memory of others.
    pub(crate) fn sharing(self, buffers: &Buffers) -> Self {
        Self { buffers: buffers.clone(), ..self }
    }

    /// Memory for feature maps.
    pub(crate) fn buffers(&self) -> &Buffers {
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
        self.packed(&linear.weight(), linear.outputs, linear.inputs, Kernel::One)
    }

    /// The packed weights of a linear layer that reads averages of spikes of so many channels.
    pub fn linear_of_averages(&self, linear: &Linear, channels: usize) -> Arc<PackedLinear> {
        let weight = linear.weight();
        let averages = linear.inputs / channels;
        kept(&self.linears, &weight, || {
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
        kept(&self.kernels, weight, pack)
    }

    fn values(&self, parameter: &Parameter) -> Vec<f32> {
        match self.source {
            Source::Given(weights) => weights.values(&parameter.name).to_vec(),
            Source::Drawn { initialisation, seed, repeat } => draw(parameter, initialisation, seed, repeat),
        }
    }
}

/// What a map keeps for a tensor, made if it is not there.
///
/// No lock is held while it is made: to make it waits for other threads, and a thread that waits may take up work that
/// wants the same lock. Of two that make the same at once, the first is kept.
fn kept<T>(map: &Mutex<HashMap<Key, Arc<T>>>, parameter: &Parameter, make: impl FnOnce() -> T) -> Arc<T> {
    let locked = || map.lock().unwrap_or_else(PoisonError::into_inner);
    let key = (parameter.name.clone(), parameter.shape.clone());
    let found = locked().get(&key).cloned();
    found.unwrap_or_else(|| {
        let made = Arc::new(make());
        locked().entry(key).or_insert(made).clone()
    })
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc::channel;
    use std::time::Duration;

    use rayon::prelude::*;
    use spikenas_kernels::{Spikes, linear_of_averages};

    use super::*;
    use crate::plan::{NetworkConfig, Plan, Shape};
    use crate::score::{ScoreConfig, ScoreKind, Scorer};

    const IMAGE: Shape = Shape { channels: 3, height: 16, width: 16 };

    /// A classifier of several blocks, whose weights are too many for one generator.
    fn plan(text: &str) -> Plan {
        let preset = NetworkConfig::preset("sample").unwrap();
        let config = NetworkConfig { widths: [8, 72], hidden: 70, last_pool: 1, ..preset };
        Plan::new(&text.parse().unwrap(), &config, IMAGE).unwrap()
    }

    #[test]
    fn weights_packed_as_they_are_drawn_are_those_of_the_tensor() {
        let (isa, plan) = (Isa::best(), plan("0111 0011 0001 0000"));
        let (hidden, channels) = (&plan.classifier.hidden, 72);
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
    fn a_thread_that_makes_a_tensor_may_take_up_work_that_asks_for_it() {
        ends(1, || {
            let (map, weight) = (Mutex::default(), plan("0111 0011 0001 0000").classifier.hidden.weight());
            let ask = |number| kept(&map, &weight, || rayon::yield_now().map_or(number, |_| number));
            let ((), ()) = rayon::join(|| _ = ask(1), || _ = ask(2));
            // The second was taken up, made and kept while the first was being made.
            assert_eq!(*ask(3), 2);
        });
    }

    #[test]
    fn scores_from_several_tasks_at_once_are_the_same() {
        let texts = ["0313 0031 0003 0000", "0333 0033 0003 0000", "0111 0011 0001 0000", "0331 0011 0003 0000"];
        let plans: Vec<Plan> = texts.iter().cycle().take(12).map(|text| plan(text)).collect();
        let images: Vec<f32> = (0..4 * IMAGE.len()).map(|i| ((i * i) as f32 * 0.37).sin()).collect();
        ends(4, move || {
            let scorer = || {
                let config = ScoreConfig { batch: 4, kind: ScoreKind::Sahd, ..ScoreConfig::default() };
                Scorer::new(config, &plans[0].config, vec![images.clone()]).unwrap()
            };
            let alone = scorer();
            let alone: Vec<_> = plans.iter().map(|plan| alone.score(plan).unwrap()).collect();
            let shared = scorer();
            let together: Vec<_> = plans.par_iter().map(|plan| shared.score(plan).unwrap()).collect();
            assert_eq!(together, alone);
        });
    }
}
