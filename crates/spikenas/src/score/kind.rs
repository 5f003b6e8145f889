use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use super::kernel_matrix::KernelKind;
use crate::space::CellKind;
use crate::{Error, Result};

/// Training-free figures of merit; higher is better. `docs/scores.md` has their formulas, sources, costs, and how well they rank.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ScoreKind {
    /// log|det K| of the sparsity-aware kernel of SNASNet's last revision, see [`KernelKind::Sahd`].
    Sahd,
    /// The same without the number of neurons, see [`KernelKind::SahdUnscaled`].
    SahdUnscaled,
    /// The same with plain Hamming distances (paper, Eq. 4 and 5), see [`KernelKind::Hamming`].
    Hamming,
    /// Mean of log|det| over the layers' own kernels, each scaled to ones on its diagonal.
    LayerKernel,
    /// Convolutions on the paths through each cell, and how far the firing rate falls from the first to the last of
    /// them.
    Funnel,
    /// Entropy of the spectrum of the membranes.
    MembraneEntropy,
    /// What flows through the weights when all are positive and thresholds divide (SynFlow).
    Synflow,
    /// Mean against deviation of the gradients (ZiCo).
    Zico,
    /// Most convolutions on a path from input to output, then skips less average poolings.
    #[default]
    Depth,
    /// Trainable parameters of the backbone.
    Parameters,
}

impl ScoreKind {
    /// Every score.
    pub const ALL: [ScoreKind; 10] = [
        ScoreKind::Sahd,
        ScoreKind::SahdUnscaled,
        ScoreKind::Hamming,
        ScoreKind::LayerKernel,
        ScoreKind::Funnel,
        ScoreKind::MembraneEntropy,
        ScoreKind::Synflow,
        ScoreKind::Zico,
        ScoreKind::Depth,
        ScoreKind::Parameters,
    ];

    /// The score of a preset of the network where none is named: the paper's with SNASNet's own preset, else the
    /// default.
    pub fn of_preset(preset: &str) -> Self {
        if preset.starts_with("snasnet") { ScoreKind::Sahd } else { ScoreKind::default() }
    }

    /// The score of cells of a kind where none is named: the depth sees no edge back, so that backward cells take one that runs
    /// the network.
    pub fn of_cells(cells: CellKind, forward: Self) -> Self {
        match cells {
            CellKind::Backward if forward == ScoreKind::Depth => ScoreKind::Funnel,
            _ => forward,
        }
    }

    /// The name used on the command line and in records.
    pub fn name(self) -> &'static str {
        match self {
            ScoreKind::Sahd => "sahd",
            ScoreKind::SahdUnscaled => "sahd-unscaled",
            ScoreKind::Hamming => "hamming",
            ScoreKind::LayerKernel => "layer-kernel",
            ScoreKind::Funnel => "funnel",
            ScoreKind::MembraneEntropy => "membrane-entropy",
            ScoreKind::Synflow => "synflow",
            ScoreKind::Zico => "zico",
            ScoreKind::Depth => "depth",
            ScoreKind::Parameters => "parameters",
        }
    }

    /// The kernel of the LIF layers that it is computed from, if there is one.
    pub(super) fn kernel(self) -> Option<KernelKind> {
        match self {
            ScoreKind::Sahd => Some(KernelKind::Sahd),
            ScoreKind::SahdUnscaled | ScoreKind::LayerKernel => Some(KernelKind::SahdUnscaled),
            ScoreKind::Hamming => Some(KernelKind::Hamming),
            _ => None,
        }
    }

    /// Whether it is the paper's score or one of its forms, which see dead parts as the paper does.
    pub fn is_of_the_paper(self) -> bool {
        matches!(self, ScoreKind::Sahd | ScoreKind::SahdUnscaled | ScoreKind::Hamming)
    }

    /// Whether it is computed from the spikes of one forward pass, which architectures share.
    pub fn is_of_spikes(self) -> bool {
        self.kernel().is_some() || self == ScoreKind::Funnel
    }

    /// Whether it depends on weights and images, which a seed draws.
    pub fn is_drawn(self) -> bool {
        !matches!(self, ScoreKind::Depth | ScoreKind::Parameters)
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
        let found = ScoreKind::ALL.into_iter().find(|s| s.name() == text);
        found.ok_or_else(|| Error::unknown("score", text, ScoreKind::ALL.map(ScoreKind::name)))
    }
}
