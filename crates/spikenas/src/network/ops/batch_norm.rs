use burn::tensor::Tensor;

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
    let dims @ [count, channels, height, width] = x.dims();
    let pixels = height * width;
    let x = x.reshape([steps, count / steps, channels, pixels]);
    let mean = x.clone().mean_dim(1).mean_dim(3);
    let centred = x - mean.clone();
    let variance = centred.clone().square().mean_dim(1).mean_dim(3);
    let normal = centred / (variance.clone() + EPSILON).sqrt();
    let [scale, shift] = affine.map(|a| a.reshape([1, 1, channels, 1]));
    let statistics = [mean, variance].map(|s| s.without_autodiff().reshape([steps, channels]));
    let [mean, variance] = statistics;
    ((normal * scale + shift).reshape(dims), Statistics { mean, variance, count: count / steps * pixels })
}

/// Normalises each channel by running mean and variance.
pub fn normalise(x: Tensor<4>, running: [Tensor<1>; 2], affine: [Tensor<1>; 2]) -> Tensor<4> {
    let channels = x.dims()[1];
    let [mean, variance] = running.map(|r| r.reshape([1, channels, 1, 1]));
    let [scale, shift] = affine.map(|a| a.reshape([1, channels, 1, 1]));
    (x - mean) / (variance + EPSILON).sqrt() * scale + shift
}
