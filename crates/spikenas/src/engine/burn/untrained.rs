use burn::tensor::{Device, Tensor};

use super::interpreter::{Interpreter, Spikes};
use super::tensors::Tensors;
use crate::Result;
use crate::engine::device::{Draws, Untrained};
use crate::engine::network::Mode;
use crate::engine::observer::{Firing, LayerId, Observer};
use crate::graph::Graph;
use crate::weights::Weights;

/// Untrained networks of Burn's own operations, one after the other.
pub(super) struct BurnUntrained {
    device: Device,
    draws: Draws,
}

impl BurnUntrained {
    pub fn new(device: &Device, draws: Draws) -> Self {
        Self { device: device.clone(), draws }
    }
}

impl Untrained for BurnUntrained {
    fn observe(&self, repeat: usize, graphs: &[&Graph], images: &[f32], observer: &mut dyn Observer) -> Result<()> {
        let mut next: LayerId = 0;
        for (index, graph) in graphs.iter().enumerate() {
            let weights = Weights::initialised(graph, self.draws.seed, repeat as u64);
            let mut tensors = Tensors::new(graph, &weights, &self.device)?;
            let samples = images.len() / graph.sample_len();
            let images = tensors.images(images, graph.input);
            let interpreted = Interpreter::new(graph, &mut tensors, Mode::Train).run(images);
            let mut layers = Vec::new();
            for spikes in interpreted.spikes {
                tell(observer, next, &spikes, samples);
                layers.push((spikes.layer, next));
                next += 1;
            }
            observer.finished(index, &layers)?;
            layers.iter().for_each(|&(_, layer)| observer.forget(layer));
        }
        Ok(())
    }
}

fn tell(observer: &mut dyn Observer, layer: LayerId, spikes: &Spikes, samples: usize) {
    let [steps, length] = spikes.fired.dims();
    let neurons = length / samples.max(1);
    let by_sample = spikes.fired.clone().reshape([steps * samples, neurons]);
    let counts: Vec<u64> = whole(by_sample.clone().sum_dim(1));
    // |a - b| of bits is a + b - 2ab; products of up to 2^24 bits are exact in f32.
    let distances = |step: usize| {
        let codes = by_sample.clone().narrow(0, step * samples, samples);
        let sums = codes.clone().sum_dim(1);
        whole(sums.clone() + sums.transpose() - codes.clone().matmul(codes.transpose()) * 2.0)
    };
    let membranes: Option<Vec<f32>> =
        observer.wants_membranes().then(|| spikes.membranes.clone().into_data().iter::<f32>().collect());
    let firing = Firing { samples, neurons, counts: &counts, distances: &distances, membranes: membranes.as_deref() };
    observer.fired(layer, &firing);
}

fn whole(values: Tensor<2>) -> Vec<u64> {
    values.into_data().iter::<f32>().map(|value| value.round() as u64).collect()
}
