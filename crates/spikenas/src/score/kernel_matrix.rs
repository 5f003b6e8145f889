use super::log_determinant::log_abs_determinant;
use crate::engine::Firing;

/// Kernels of a network's spikes, summed over its LIF layers and timesteps: `K_ij += F - alpha_ij * H_ij`, with F the neurons of
/// the layer and H the Hamming distances of the samples' codes (paper, Eq. 4 and 5). They differ in alpha.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum KernelKind {
    /// Sparsity-aware, SNASNet's last revision: `alpha = 0.5 / ((r_i (1 - r_j) + (1 - r_i) r_j) F + 0.001)` with firing
    /// rates r; K is divided by its number of summands.
    Sahd,
    /// Sparsity-aware without the factor F: `alpha = 0.5 / (r_i (1 - r_j) + (1 - r_i) r_j)`, 0 where that is undefined.
    SahdUnscaled,
    /// `alpha = 1`.
    Hamming,
}

impl KernelKind {
    /// `alpha_ij` of a layer with so many neurons, for two samples' firing rates.
    fn alpha(self, neurons: f64, r_i: f64, r_j: f64) -> f64 {
        let differing = r_i * (1.0 - r_j) + (1.0 - r_i) * r_j;
        match self {
            KernelKind::Sahd => 0.5 / (differing * neurons + 1e-3),
            KernelKind::SahdUnscaled if differing == 0.0 => 0.0,
            KernelKind::SahdUnscaled => 0.5 / differing,
            KernelKind::Hamming => 1.0,
        }
    }
}

/// The kernel matrix of a batch, `[samples, samples]` in f64, symmetric.
#[derive(Clone, Debug, PartialEq)]
pub struct KernelMatrix {
    /// Samples.
    pub samples: usize,
    /// Row-major.
    pub values: Vec<f64>,
}

impl KernelMatrix {
    /// Sums the kernels of a network's LIF layers, in their order.
    pub fn total<'a>(
        kind: KernelKind,
        layers: impl IntoIterator<Item = &'a Activity>,
        samples: usize,
        timesteps: usize,
    ) -> Self {
        let mut values = vec![0.0; samples * samples];
        let mut summands = 0;
        for layer in layers {
            values.iter_mut().zip(layer.kernel(kind)).for_each(|(sum, value)| *sum += value);
            summands += timesteps;
        }
        if kind == KernelKind::Sahd {
            values.iter_mut().for_each(|v| *v /= summands as f64);
        }
        Self { samples, values }
    }

    /// log|det K|; minus infinity where K is singular.
    pub fn log_abs_determinant(&self) -> f64 {
        log_abs_determinant(&self.values, self.samples)
    }
}

/// The figures of one LIF layer that scores need.
#[derive(Clone, Debug)]
pub struct Activity {
    /// `[samples, samples]` for each kernel, summed over the timesteps.
    kernels: Vec<(KernelKind, Vec<f64>)>,
    /// Neurons of a sample.
    neurons: usize,
    timesteps: usize,
    /// Spikes of all samples and timesteps.
    spikes: u64,
    /// Neurons times samples times timesteps.
    neuron_steps: u64,
}

impl Activity {
    /// The kernels of a layer that are wanted.
    pub fn new(kinds: &[KernelKind], firing: &Firing<'_>) -> Self {
        let (samples, neurons, timesteps) = (firing.samples, firing.neurons, firing.timesteps());
        let mut kernels: Vec<_> = kinds.iter().map(|&kind| (kind, vec![0.0; samples * samples])).collect();
        let steps = firing.counts.chunks(samples.max(1)).enumerate();
        for (step, counts) in steps.take(if kinds.is_empty() { 0 } else { timesteps }) {
            let distances = (firing.distances)(step);
            let rates: Vec<f64> = counts.iter().map(|&c| c as f64 / neurons as f64).collect();
            for (kind, values) in &mut kernels {
                for (i, row) in values.chunks_mut(samples).enumerate() {
                    for (j, value) in row.iter_mut().enumerate() {
                        let alpha = kind.alpha(neurons as f64, rates[i], rates[j]);
                        *value += neurons as f64 - alpha * distances[i * samples + j] as f64;
                    }
                }
            }
        }
        let neuron_steps = (timesteps * samples * neurons) as u64;
        Self { kernels, neurons, timesteps, spikes: firing.counts.iter().sum(), neuron_steps }
    }

    fn kernel(&self, kind: KernelKind) -> &[f64] {
        let found = self.kernels.iter().find(|(k, _)| *k == kind);
        found.map_or(&[], |(_, values)| values)
    }

    /// Spikes per neuron and timestep.
    pub fn rate(&self) -> f64 {
        Self::mean_rate([self])
    }

    /// Spikes per neuron and timestep over several layers.
    pub fn mean_rate<'a>(layers: impl IntoIterator<Item = &'a Activity>) -> f64 {
        let add = |(spikes, of): (u64, u64), layer: &Activity| (spikes + layer.spikes, of + layer.neuron_steps);
        let (spikes, of) = layers.into_iter().fold((0, 0), add);
        spikes as f64 / (of as f64).max(1.0)
    }

    /// log|det(K / (T F) + I / 1000)| of the layer's own kernel.
    pub fn log_determinant(&self, kind: KernelKind, samples: usize) -> f64 {
        let scale = (self.neurons * self.timesteps) as f64;
        let mut values: Vec<f64> = self.kernel(kind).iter().map(|v| v / scale).collect();
        values.iter_mut().step_by(samples + 1).for_each(|diagonal| *diagonal += 1e-3);
        log_abs_determinant(&values, samples)
    }
}
