use burn::tensor::Tensor;

/// A feature map over time.
#[derive(Clone)]
pub struct Feature {
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

    /// Images that are shown.
    pub fn images(&self) -> usize {
        self.map.dims()[0] / self.steps
    }

    /// Each timestep flat, [steps, images * values].
    pub fn by_step(&self) -> Tensor<2> {
        let values = self.map.dims().iter().product::<usize>() / self.steps;
        self.map.clone().reshape([self.steps, values])
    }
}
