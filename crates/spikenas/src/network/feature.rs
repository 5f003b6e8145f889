use burn::tensor::Tensor;

use super::ops;

/// A feature map over time.
#[derive(Clone)]
pub(super) struct Feature {
    /// [steps * images, channels, height, width], timestep outermost.
    pub map: Tensor<4>,
    /// Timesteps held: all of them, or 1 for a map that is the same at every timestep.
    pub steps: usize,
}

impl Feature {
    /// The sum at every timestep.
    pub fn add(self, other: Feature) -> Feature {
        let (long, short) = if self.steps >= other.steps { (self, other) } else { (other, self) };
        let shape = long.map.dims();
        let size = shape.iter().product::<usize>() / long.steps;
        let sum = long.map.reshape([long.steps, size]) + short.map.reshape([short.steps, size]);
        Feature { map: sum.reshape(shape), steps: long.steps }
    }

    /// Zeros of the same shape, the same at every timestep.
    pub fn zeros_like(&self) -> Feature {
        let [count, channels, height, width] = self.map.dims();
        let zeros = Tensor::zeros([count / self.steps, channels, height, width], &self.map.device());
        Feature { map: zeros, steps: 1 }
    }

    /// Means of squares of `side` pixels.
    pub fn average_pool(self, side: usize) -> Feature {
        Feature { map: ops::average_pool(self.map, side), ..self }
    }
}
