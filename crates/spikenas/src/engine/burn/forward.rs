use std::sync::Arc;

use burn::tensor::Tensor;

use super::Network;
use super::pass::Pass;
use crate::random::Generator;

/// What a forward pass is for.
pub enum Mode<'a> {
    /// Batch statistics, which also update the running ones; gradients are recorded.
    Train {
        /// Probability with which an input of the classifier is dropped.
        dropout: f32,
        /// Draws the mask, one for all timesteps.
        rng: &'a mut Generator,
    },
    /// Running statistics, no dropout, no gradients.
    Evaluate,
}

/// What a forward pass gives.
pub struct Output {
    /// [images, classes]: means over timesteps and clusters.
    pub logits: Tensor<2>,
    /// What every LIF layer fired, in the order of execution.
    pub spikes: Vec<Spikes>,
}

/// What one LIF layer fired.
pub struct Spikes {
    /// Name of the layer.
    pub layer: String,
    pub(super) fired: Fired,
}

/// The spikes of a layer at every timestep.
pub(super) enum Fired {
    /// [timesteps, images * neurons].
    Tensor(Box<Tensor<2>>),
    /// [timesteps * images, pixels, channels].
    Bits { spikes: Arc<spikenas_kernels::Spikes>, timesteps: usize },
}

impl Spikes {
    /// Spikes at each timestep, waiting for the device.
    pub fn counts(&self) -> Vec<f64> {
        match &self.fired {
            Fired::Tensor(fired) => Tensor::clone(fired).sum_dim(1).into_data().iter::<f64>().collect(),
            Fired::Bits { spikes, timesteps } => {
                let counts = spikes.counts();
                counts.chunks((counts.len() / timesteps).max(1)).map(|step| step.iter().sum::<u64>() as f64).collect()
            }
        }
    }
}

impl Network {
    /// Shows images, [images, channels, height, width], for all timesteps.
    pub fn forward(&mut self, images: Tensor<4>, mode: Mode<'_>) -> Output {
        let classifier = self.plan().classifier.clone();
        let mut pass = Pass::new(self, mode);
        let features = pass.features_on_kernels(&images).unwrap_or_else(|| pass.features(images));
        let logits = pass.classifier(&classifier, features);
        Output { logits, spikes: pass.finish() }
    }
}
