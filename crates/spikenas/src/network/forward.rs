use burn::tensor::Tensor;

use super::Network;
use super::feature::Feature;
use super::pass::Pass;
use crate::random::Generator;

/// What a forward pass is for.
pub enum Mode<'a> {
    /// Batch statistics, which also move the running ones; gradients are recorded.
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
    /// [timesteps, images * neurons].
    pub(super) fired: Tensor<2>,
}

impl Spikes {
    /// Spikes at each timestep, waiting for the device.
    pub fn counts(&self) -> Vec<f64> {
        self.fired.clone().sum_dim(1).into_data().iter::<f64>().collect()
    }

    /// Mean firing rate over neurons, images and timesteps, waiting for the device.
    pub fn rate(&self) -> f64 {
        self.counts().iter().sum::<f64>() / self.fired.dims().iter().product::<usize>().max(1) as f64
    }
}

impl Network {
    /// Shows images, [images, channels, height, width], for all timesteps.
    pub fn forward(&mut self, images: Tensor<4>, mode: Mode<'_>) -> Output {
        let plan = self.plan().clone();
        let mut pass = Pass::new(self, mode);
        let stem = pass.convolution(&plan.stem, Feature { map: images, steps: 1 });
        let mut x = pass.batch_norm(&plan.stem_norm, stem, 1);
        for (index, cell) in plan.cells.iter().enumerate() {
            x = pass.cell(cell, x);
            if let Some(reduction) = plan.reductions.get(index) {
                x = pass.reduction(reduction, x);
            }
        }
        let x = pass.batch_norm(&plan.last_norm, x, plan.config.timesteps);
        let x = pass.lif(&plan.last_lif, x).average_pool(plan.config.last_pool);
        let logits = pass.classifier(&plan.classifier, x);
        Output { logits, spikes: pass.finish() }
    }
}
