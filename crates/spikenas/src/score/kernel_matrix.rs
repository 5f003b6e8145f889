use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use spikenas_kernels::{Isa, Spikes, hamming_distances};

use super::{Trace, log_abs_determinant};
use crate::{Error, Result};

/// Training-free figures of merit; higher is better.
///
/// All are log|det K| of a kernel matrix K summed over the LIF layers and timesteps, `K_ij += F - alpha_ij * H_ij`, with F
/// the neurons of the layer and H the Hamming distances of the samples' codes (paper, Eq. 4 and 5). They differ in alpha.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ScoreKind {
    /// Sparsity-aware, SNASNet's last revision: `alpha = 0.5 / ((r_i (1 - r_j) + (1 - r_i) r_j) F + 0.001)` with firing
    /// rates r; K is divided by its number of summands.
    #[default]
    Sahd,
    /// Sparsity-aware without the factor F: `alpha = 0.5 / (r_i (1 - r_j) + (1 - r_i) r_j)`, 0 where that is undefined.
    SahdUnscaled,
    /// `alpha = 1`.
    Hamming,
}

impl ScoreKind {
    /// Every score.
    pub const ALL: [ScoreKind; 3] = [ScoreKind::Sahd, ScoreKind::SahdUnscaled, ScoreKind::Hamming];

    /// The name used on the command line and in records.
    pub fn name(self) -> &'static str {
        match self {
            ScoreKind::Sahd => "sahd",
            ScoreKind::SahdUnscaled => "sahd-unscaled",
            ScoreKind::Hamming => "hamming",
        }
    }

    /// `alpha_ij` of a layer with so many neurons, for two samples' firing rates.
    fn alpha(self, neurons: f64, r_i: f64, r_j: f64) -> f64 {
        let differing = r_i * (1.0 - r_j) + (1.0 - r_i) * r_j;
        match self {
            ScoreKind::Sahd => 0.5 / (differing * neurons + 1e-3),
            ScoreKind::SahdUnscaled if differing == 0.0 => 0.0,
            ScoreKind::SahdUnscaled => 0.5 / differing,
            ScoreKind::Hamming => 1.0,
        }
    }

    /// The score of a network's spikes.
    pub fn of(self, isa: Isa, trace: &Trace) -> f64 {
        KernelMatrix::new(isa, self, trace).log_abs_determinant()
    }
}

impl fmt::Display for ScoreKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for ScoreKind {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        ScoreKind::ALL.into_iter().find(|s| s.name() == text).ok_or_else(|| {
            let known = ScoreKind::ALL.map(ScoreKind::name).join(", ");
            Error::invalid(format!("unknown score `{text}`: choose from {known}"))
        })
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
    /// Sums the kernel over every LIF layer and timestep of a trace.
    pub fn new(isa: Isa, kind: ScoreKind, trace: &Trace) -> Self {
        let layers: Vec<LayerKernel> =
            trace.layers.iter().map(|layer| LayerKernel::new(isa, kind, &layer.spikes, trace.samples)).collect();
        Self::total(kind, &layers, trace.samples, trace.timesteps)
    }

    /// Sums the kernels of a network's LIF layers, in their order.
    pub(super) fn total<'a>(
        kind: ScoreKind,
        layers: impl IntoIterator<Item = &'a LayerKernel>,
        samples: usize,
        timesteps: usize,
    ) -> Self {
        let mut values = vec![0.0; samples * samples];
        let mut summands = 0;
        for layer in layers {
            values.iter_mut().zip(&layer.values).for_each(|(sum, value)| *sum += value);
            summands += timesteps;
        }
        if kind == ScoreKind::Sahd {
            values.iter_mut().for_each(|v| *v /= summands as f64);
        }
        Self { samples, values }
    }

    /// log|det K|; minus infinity where K is singular.
    pub fn log_abs_determinant(&self) -> f64 {
        log_abs_determinant(&self.values, self.samples)
    }
}

/// What one LIF layer adds to the kernel matrix.
#[derive(Clone, Debug)]
pub(crate) struct LayerKernel {
    /// `[samples, samples]`, summed over the timesteps.
    values: Vec<f64>,
    /// Spikes of all samples and timesteps.
    pub(super) spikes: u64,
    /// Places where there could be one.
    pub(super) places: u64,
}

impl LayerKernel {
    pub(super) fn new(isa: Isa, kind: ScoreKind, spikes: &Spikes, samples: usize) -> Self {
        let neurons = (spikes.pixels() * spikes.channels()) as f64;
        let counts = spikes.counts();
        let mut values = vec![0.0; samples * samples];
        for (step, counts) in counts.chunks(samples.max(1)).enumerate() {
            let distances = hamming_distances(isa, spikes, samples, step);
            for (i, row) in values.chunks_mut(samples).enumerate() {
                for (j, value) in row.iter_mut().enumerate() {
                    let alpha = kind.alpha(neurons, counts[i] as f64 / neurons, counts[j] as f64 / neurons);
                    *value += neurons - alpha * distances[i * samples + j] as f64;
                }
            }
        }
        let places = (spikes.maps() * spikes.pixels() * spikes.channels()) as u64;
        Self { values, spikes: counts.iter().sum(), places }
    }
}
