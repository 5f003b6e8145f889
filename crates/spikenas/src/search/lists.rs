use serde::{Deserialize, Serialize};

use crate::graph::{Dynamics, NetworkConfig, Sizes};
use crate::{Error, Result};

/// Settings of a network to choose from, each with each; of what has no list, the network has one.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Lists {
    /// Channels before and after the first reduction; none where they are as large as the limit lets them be.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub widths: Vec<[usize; 2]>,
    /// Numbers of cells.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub cells: Vec<usize>,
    /// Timesteps for which an image is shown.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub timesteps: Vec<usize>,
    /// Membrane time constants in timesteps.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub tau: Vec<f32>,
    /// Membranes at which a LIF fires.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub threshold: Vec<f32>,
}

impl Lists {
    /// Whether nothing is listed.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// Whether any setting of the neurons is listed.
    pub fn has_dynamics(&self) -> bool {
        !(self.timesteps.is_empty() && self.tau.is_empty() && self.threshold.is_empty())
    }

    /// How many settings there are, each with each; widths that follow from the limit, and numbers of cells with them, count once.
    pub fn combinations(&self) -> usize {
        let cells = if self.widths.is_empty() { 1 } else { self.cells.len().max(1) };
        let others = [self.widths.len(), self.timesteps.len(), self.tau.len(), self.threshold.len()];
        others.into_iter().fold(cells, |product, length| product.saturating_mul(length.max(1)))
    }

    /// Every behaviour of the neurons; one that is the network's own where none is listed.
    pub(super) fn dynamics(&self, network: &NetworkConfig) -> Vec<Option<Dynamics>> {
        if !self.has_dynamics() {
            return vec![None];
        }
        let or = |list: &[f32], own: f32| if list.is_empty() { vec![own] } else { list.to_vec() };
        let (taus, thresholds) = (or(&self.tau, network.tau), or(&self.threshold, network.threshold));
        let steps = if self.timesteps.is_empty() { vec![network.timesteps] } else { self.timesteps.clone() };
        let mut all = Vec::new();
        for timesteps in steps {
            for &tau in &taus {
                all.extend(thresholds.iter().map(|&threshold| Some(Dynamics { timesteps, tau, threshold })));
            }
        }
        all
    }

    /// Whether every setting is in range.
    pub(super) fn check_range(&self, network: &NetworkConfig) -> Result<()> {
        for dynamics in self.dynamics(network) {
            network.with_sizes(Sizes { dynamics, ..network.sizes() }).check()?;
        }
        self.cells.iter().try_for_each(|&cells| NetworkConfig { cells, ..network.clone() }.check())?;
        self.widths.iter().try_for_each(|&widths| NetworkConfig { widths, ..network.clone() }.check())
    }

    /// Whether no setting comes twice.
    pub(super) fn check(&self) -> Result<()> {
        let widths = self.widths.iter().map(|[first, second]| format!("widths {first}:{second}"));
        let whole = [("cells", &self.cells), ("timesteps", &self.timesteps)];
        let whole = whole.into_iter().flat_map(|(name, list)| list.iter().map(move |n| format!("{name} {n}")));
        let numbers = [("tau", &self.tau), ("threshold", &self.threshold)];
        let numbers = numbers.into_iter().flat_map(|(name, list)| list.iter().map(move |n| format!("{name} {n}")));
        let all: Vec<String> = widths.chain(whole).chain(numbers).collect();
        match all.iter().enumerate().find(|(index, one)| all[..*index].contains(one)) {
            Some((_, twice)) => Err(Error::invalid(format!("{twice} is given twice: give each setting once"))),
            None => Ok(()),
        }
    }
}
