use crate::Result;

/// Stands for a LIF layer in one sequence of observed networks; those that share a layer's computation share its number.
pub type LayerId = usize;

/// What a LIF layer fired on a mini-batch.
pub struct Firing<'a> {
    /// Samples of the mini-batch.
    pub samples: usize,
    /// Neurons of one sample.
    pub neurons: usize,
    /// Spikes of each sample, `[timesteps, samples]`.
    pub counts: &'a [u64],
    /// Hamming distances between the codes of all pairs of samples at a timestep, `[samples, samples]`.
    pub distances: &'a dyn Fn(usize) -> Vec<u64>,
    /// Membranes after the last timestep, `[samples, neurons]`, where they are wanted.
    pub membranes: Option<&'a [f32]>,
}

impl Firing<'_> {
    /// Timesteps.
    pub fn timesteps(&self) -> usize {
        self.counts.len() / self.samples.max(1)
    }
}

/// Receives the spikes of untrained networks.
pub trait Observer {
    /// Whether membranes are wanted.
    fn wants_membranes(&self) -> bool {
        false
    }

    /// A layer fired, for all networks that have it.
    fn fired(&mut self, layer: LayerId, firing: &Firing<'_>);

    /// All layers of a network have fired; name and number of each, in the order of execution. An error ends the observation.
    fn finished(&mut self, network: usize, layers: &[(String, LayerId)]) -> Result<()>;

    /// No further network has this layer.
    fn forget(&mut self, _layer: LayerId) {}
}
