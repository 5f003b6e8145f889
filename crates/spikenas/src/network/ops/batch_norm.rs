use std::sync::Arc;

use burn::tensor::Tensor;

use super::batch_norm_cpu::{Moments, Normalise};
use super::cpu::apply;
use crate::network::state::{read, write};

/// Added to variances before the square root.
const EPSILON: f32 = 1e-5;

/// Weight of a new batch in the running statistics.
const MOMENTUM: f32 = 0.1;

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
    pub fn update(self, running: [Tensor<1>; 2], updates: usize) -> [Tensor<1>; 2] {
        let unbiased = self.variance * (self.count as f64 / (self.count.max(2) - 1) as f64);
        let [mean, variance] = running;
        [move_towards(mean, self.mean, updates), move_towards(variance, unbiased, updates)]
    }
}

/// Moves a running statistic, [channels], towards those of the timesteps, [steps, channels], one after another.
fn move_towards(running: Tensor<1>, new: Tensor<2>, updates: usize) -> Tensor<1> {
    let [steps, channels] = new.dims();
    (0..updates).fold(running, |running, t| {
        let new = new.clone().narrow(0, t.min(steps - 1), 1).reshape([channels]);
        running * (1.0 - MOMENTUM) + new * MOMENTUM
    })
}

/// Normalises each channel by the statistics of its own timestep: `(x - mean) / sqrt(variance + 1e-5) * scale + shift`.
///
/// `x`: [steps * images, channels, height, width]; `affine`: scale and shift.
pub fn batch_norm(x: Tensor<4>, steps: usize, affine: [Tensor<1>; 2]) -> (Tensor<4>, Statistics) {
    fast(&x, steps, affine.clone()).unwrap_or_else(|| composed(x, steps, affine))
}

/// Normalises each channel by running mean and variance, which get no gradients.
pub fn normalise(x: Tensor<4>, running: [Tensor<1>; 2], affine: [Tensor<1>; 2]) -> Tensor<4> {
    let channels = x.dims()[1];
    let [mean, variance] = running.map(|r| r.reshape([1, channels, 1, 1]));
    let [scale, shift] = affine.map(|a| a.reshape([1, channels, 1, 1]));
    let factor = scale / (variance + EPSILON).sqrt();
    (x - mean) * factor + shift
}

/// [`batch_norm`] of operations that every device has.
fn composed(x: Tensor<4>, steps: usize, affine: [Tensor<1>; 2]) -> (Tensor<4>, Statistics) {
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

/// [`batch_norm`] on the CPU; none on other devices.
fn fast(x: &Tensor<4>, steps: usize, [scale, shift]: [Tensor<1>; 2]) -> Option<(Tensor<4>, Statistics)> {
    let dims @ [count, channels, height, width] = x.dims();
    let (device, x) = (x.device(), x.clone().reshape([count * channels * height * width]));
    let moments = Moments { steps, images: count / steps, channels, pixels: height * width };
    let found = read(apply(moments, [x.clone().without_autodiff()])?);
    let (mean, variance) = found.split_at(steps * channels);
    let inverse = variance.iter().map(|v| 1.0 / (v + EPSILON).sqrt()).collect();
    let normalise = Normalise { layout: moments, mean: Arc::new(mean.to_vec()), inverse: Arc::new(inverse) };
    let y = apply(normalise, [x, scale, shift])?;
    let [mean, variance] = [mean, variance].map(|s| write(s, &device).without_autodiff().reshape([steps, channels]));
    Some((y.reshape(dims), Statistics { mean, variance, count: count / steps * height * width }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::network::ops::agreement::{assert_close, tensor};

    #[test]
    fn fast_form_agrees_with_the_composed_one_forwards_and_backwards() {
        for shape in [[6, 3, 5, 7], [3, 1, 2, 9], [3, 2, 4, 4]] {
            let (x, weights) = (tensor(shape, 2.0), tensor(shape, 1.0).detach());
            let affine = [tensor([shape[1]], 1.0), tensor([shape[1]], 3.0)];
            let (slow, slow_statistics) = composed(x.clone(), 3, affine.clone());
            let (y, statistics) = fast(&x, 3, affine.clone()).unwrap();
            assert_close(y.clone(), slow.clone(), 1e-5);
            assert_close(statistics.mean, slow_statistics.mean, 1e-5);
            assert_close(statistics.variance, slow_statistics.variance, 1e-5);
            let [scale, shift] = &affine;
            let of = |y: &Tensor<4>| (y.clone() * weights.clone()).sum().backward();
            let (fast, slow) = (of(&y), of(&slow));
            assert_close(x.grad(&fast).unwrap(), x.grad(&slow).unwrap(), 1e-4);
            assert_close(scale.grad(&fast).unwrap(), scale.grad(&slow).unwrap(), 1e-5);
            assert_close(shift.grad(&fast).unwrap(), shift.grad(&slow).unwrap(), 1e-5);
        }
    }
}
