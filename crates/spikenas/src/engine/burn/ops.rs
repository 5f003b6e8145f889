//! The layers of a network composed of Burn's own operations, on maps [steps * images, channels, height, width].

use std::f32::consts::{FRAC_PI_2, PI};

use burn::tensor::Tensor;
use burn::tensor::module::{avg_pool2d, conv2d};
use burn::tensor::ops::{AvgPoolOptions, ConvOptions};

use crate::engine::network::Mode;
use crate::graph::{AveragePool, BatchNorm};

const EPSILON: f64 = BatchNorm::EPSILON;

/// Convolution without bias, stride 1, padded to keep the size; `weight`: [outputs, inputs, side, side], of an odd side.
pub fn convolution(x: Tensor<4>, weight: Tensor<4>) -> Tensor<4> {
    let padding = weight.dims()[2] / 2;
    conv2d(x, weight, None, ConvOptions::new([1, 1], [padding, padding], [1, 1], 1))
}

/// Batch statistics of each timestep and channel.
pub struct Statistics {
    /// [steps, channels].
    mean: Tensor<2>,
    /// [steps, channels], biased: divided by the number of pixels.
    variance: Tensor<2>,
    /// Pixels behind each of them.
    count: usize,
}

impl Statistics {
    /// Running mean and variance after `updates` timesteps; a map that is the same at every timestep counts at each.
    pub fn update(self, running: [Tensor<1>; 2], mode: Mode, updates: usize) -> [Tensor<1>; 2] {
        let unbiased = self.variance * (self.count as f64 / (self.count.max(2) - 1) as f64);
        let [mean, variance] = running;
        [move_towards(mean, self.mean, mode, updates), move_towards(variance, unbiased, mode, updates)]
    }
}

/// Updates a running statistic, [channels], towards those of the timesteps, [steps, channels], one after another.
fn move_towards(running: Tensor<1>, new: Tensor<2>, mode: Mode, updates: usize) -> Tensor<1> {
    let [steps, channels] = new.dims();
    (0..updates).fold(running, |running, t| {
        let new = new.clone().narrow(0, t.min(steps - 1), 1).reshape([channels]);
        let share = mode.share(t, updates);
        running * (1.0 - share) + new * share
    })
}

/// Normalises each channel by the statistics of its own timestep, or of its part of so many: `(x - mean) / sqrt(variance + 1e-5) * scale + shift`.
///
/// `affine`: scale and shift.
pub fn batch_norm(x: Tensor<4>, steps: usize, affine: [Tensor<1>; 2]) -> (Tensor<4>, Statistics) {
    let dims @ [count, channels, height, width] = x.dims();
    let pixels = height * width;
    let x = x.reshape([steps, count / steps, channels, pixels]);
    let mean = x.clone().mean_dim(1).mean_dim(3);
    let centred = x - mean.clone();
    let variance = centred.clone().square().mean_dim(1).mean_dim(3);
    let normal = centred / (variance.clone() + EPSILON).sqrt();
    let [scale, shift] = affine.map(|a| a.reshape([1, 1, channels, 1]));
    let [mean, variance] = [mean, variance].map(|s| s.without_autodiff().reshape([steps, channels]));
    ((normal * scale + shift).reshape(dims), Statistics { mean, variance, count: count / steps * pixels })
}

/// Normalises each channel by running mean and variance, which get no gradients.
pub fn normalise(x: Tensor<4>, running: [Tensor<1>; 2], affine: [Tensor<1>; 2]) -> Tensor<4> {
    let channels = x.dims()[1];
    let [mean, variance] = running.map(|r| r.reshape([1, channels, 1, 1]));
    let [scale, shift] = affine.map(|a| a.reshape([1, channels, 1, 1]));
    let factor = scale / (variance + EPSILON).sqrt();
    (x - mean) * factor + shift
}

/// Leaky integrate-and-fire neurons over time: [steps or 1, neurons] -> spikes [steps, neurons], and membranes after the last.
///
/// `h = v + (x - v) / tau; spike = h >= threshold; v = (1 - spike) * h`, from `v = 0`. An input of one step is shown at
/// every timestep. The surrogate gradient of a spike is that of ATan of h,
/// `d spike / d h = (alpha / 2) / (1 + (pi / 2 * alpha * (h - threshold))^2)`; the reset counts as a
/// constant.
pub fn lif(x: Tensor<2>, steps: usize, tau: f32, threshold: f32, alpha: f32) -> (Tensor<2>, Tensor<2>) {
    let [held, neurons] = x.dims();
    let mut membrane = Tensor::zeros([1, neurons], &x.device());
    let mut spikes = Vec::new();
    for t in 0..steps {
        let x = x.clone().narrow(0, t.min(held - 1), 1);
        let h = membrane.clone() + (x - membrane.clone()) / tau;
        let spike = h.clone().detach().greater_equal_scalar(threshold).float();
        membrane = (1.0 - spike.clone()) * h.clone();
        // Its value is the spike's, its gradient the surrogate's.
        let soft = ((h - threshold) * (FRAC_PI_2 * alpha)).atan() / PI;
        spikes.push(spike + (soft.clone() - soft.detach()));
    }
    (Tensor::cat(spikes, 0), membrane)
}

/// Average pooling, zero-padded.
pub fn average_pool(x: Tensor<4>, pool: &AveragePool) -> Tensor<4> {
    let AveragePool { side, stride, padding } = *pool;
    let options = AvgPoolOptions::new([side, side]);
    avg_pool2d(x, AvgPoolOptions { stride: [stride; 2], padding: [(padding, padding); 2], ..options })
}
