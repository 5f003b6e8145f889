use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

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
        let matrix = KernelMatrix::new(isa, self, trace);
        log_abs_determinant(&matrix.values, matrix.samples)
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
        let samples = trace.samples;
        let mut values = vec![0.0; samples * samples];
        for (index, layer) in trace.layers.iter().enumerate() {
            let is_known = |other: &super::forward::LayerSpikes| Arc::ptr_eq(&other.spikes, &layer.spikes);
            if trace.layers[..index].iter().any(is_known) {
                continue;
            }
            // Layers that read the same node have the same codes: computed once, counted as often as they stand there.
            let times = trace.layers.iter().filter(|other| is_known(other)).count() as f64;
            add_layer(&mut values, isa, kind, &layer.spikes, samples, times);
        }
        if kind == ScoreKind::Sahd {
            let summands = (trace.layers.len() * trace.timesteps) as f64;
            values.iter_mut().for_each(|v| *v /= summands);
        }
        Self { samples, values }
    }
}

fn add_layer(values: &mut [f64], isa: Isa, kind: ScoreKind, spikes: &Spikes, samples: usize, times: f64) {
    let neurons = (spikes.pixels() * spikes.channels()) as f64;
    let counts = spikes.counts();
    for (step, counts) in counts.chunks(samples.max(1)).enumerate() {
        let distances = hamming_distances(isa, spikes, samples, step);
        for (i, row) in values.chunks_mut(samples).enumerate() {
            for (j, value) in row.iter_mut().enumerate() {
                let alpha = kind.alpha(neurons, counts[i] as f64 / neurons, counts[j] as f64 / neurons);
                *value += times * (neurons - alpha * distances[i * samples + j] as f64);
            }
        }
    }
}
