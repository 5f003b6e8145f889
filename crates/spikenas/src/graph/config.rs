use std::fmt;

use serde::{Deserialize, Serialize};

use super::shape::Shape;
use crate::{Error, Result, counted};

/// How the classifier's weights are drawn.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Initialisation {
    /// Variance 20 / inputs, then 10 / inputs: the classifier's LIF fires at about 10 % from the start at any width.
    #[default]
    Scaled,
    /// SNASNet's: standard deviation 0.01, made for 16,384 inputs and silent in narrow networks.
    Reference,
}

/// Everything in a network that is not searched.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NetworkConfig {
    /// Number of cells, 1 to 3.
    pub cells: usize,
    /// Channels before and after the first reduction.
    pub widths: [usize; 2],
    /// Side of the average pooling before the classifier.
    pub last_pool: usize,
    /// Neurons of the classifier's hidden layer.
    pub hidden: usize,
    /// Classes.
    pub classes: usize,
    /// Output neurons that vote for one class.
    pub cluster: usize,
    /// Timesteps T for which the image is shown.
    pub timesteps: usize,
    /// Whether a sample is a sequence of T frames, one a timestep, rather than an image that is shown at all of them.
    #[serde(default, skip_serializing_if = "is_false")]
    pub frames: bool,
    /// Membrane time constant in timesteps: h = v + (x - v) / tau.
    pub tau: f32,
    /// Membrane at which a LIF fires.
    pub threshold: f32,
    /// How the classifier's weights are drawn.
    pub initialisation: Initialisation,
}

/// The sizes of a network that may be chosen beside its cells: what of it a budget limits.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Sizes {
    /// Number of cells.
    pub cells: usize,
    /// Channels before and after the first reduction.
    pub widths: [usize; 2],
    /// Side of the average pooling before the classifier.
    pub last_pool: usize,
    /// Neurons of the classifier's hidden layer.
    pub hidden: usize,
    /// How its neurons behave over time, where that is chosen, too.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub dynamics: Option<Dynamics>,
}

/// How the neurons of a network behave over time.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Dynamics {
    /// Timesteps T for which the image is shown.
    pub timesteps: usize,
    /// Membrane time constant in timesteps.
    pub tau: f32,
    /// Membrane at which a LIF fires.
    pub threshold: f32,
}

/// `2 cells, widths 16,32, last pooling 4, hidden layer 128`
impl fmt::Display for Sizes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { cells, widths: [first, second], last_pool, hidden, dynamics } = self;
        let cells = counted(*cells, "cell");
        write!(f, "{cells}, widths {first},{second}, last pooling {last_pool}, hidden layer {hidden}")?;
        match dynamics {
            Some(Dynamics { timesteps, tau, threshold }) => {
                let timesteps = counted(*timesteps, "timestep");
                write!(f, ", {timesteps}, tau {tau:.3}, threshold {threshold}")
            }
            None => Ok(()),
        }
    }
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde's signature")]
fn is_false(value: &bool) -> bool {
    !value
}

impl NetworkConfig {
    /// Its sizes.
    pub fn sizes(&self) -> Sizes {
        let &Self { cells, widths, last_pool, hidden, .. } = self;
        Sizes { cells, widths, last_pool, hidden, dynamics: None }
    }

    /// How its neurons behave over time.
    pub fn dynamics(&self) -> Dynamics {
        let &Self { timesteps, tau, threshold, .. } = self;
        Dynamics { timesteps, tau, threshold }
    }

    /// The same network with other sizes.
    pub fn with_sizes(&self, Sizes { cells, widths, last_pool, hidden, dynamics }: Sizes) -> Self {
        let Dynamics { timesteps, tau, threshold } = dynamics.unwrap_or(self.dynamics());
        Self { cells, widths, last_pool, hidden, timesteps, tau, threshold, ..self.clone() }
    }

    /// Names of the presets.
    pub const PRESETS: [&str; 4] = ["sample", "cifar10", "cifar100", "snasnet-cifar10"];

    /// A named preset.
    pub fn preset(name: &str) -> Result<Self> {
        let cifar10 = Self {
            cells: 2,
            widths: [128, 256],
            last_pool: 2,
            hidden: 1024,
            classes: 10,
            cluster: 10,
            timesteps: 5,
            frames: false,
            tau: 4.0 / 3.0,
            threshold: 1.0,
            initialisation: Initialisation::Scaled,
        };
        match name {
            "sample" => Ok(Self { widths: [16, 32], last_pool: 4, hidden: 128, ..cifar10 }),
            "cifar10" => Ok(cifar10),
            "cifar100" => Ok(Self { classes: 100, cluster: 5, ..cifar10 }),
            "snasnet-cifar10" => {
                Ok(Self { widths: [256, 512], last_pool: 4, initialisation: Initialisation::Reference, ..cifar10 })
            }
            _ => Err(Error::unknown("preset", name, Self::PRESETS)),
        }
    }

    /// How often it halves the sides of its maps.
    pub(crate) fn reductions(&self) -> usize {
        self.cells.max(2) - 1
    }

    /// The same network with the last pooling that images let it have: its own where that divides their maps before it, otherwise
    /// the next larger side that does, or the largest smaller one.
    pub fn for_images(&self, input: Shape) -> Self {
        let [height, width] = [input.height, input.width].map(|side| side >> self.reductions());
        let divides = |pool: &usize| height.is_multiple_of(*pool) && width.is_multiple_of(*pool);
        let most = height.min(width);
        let larger = (self.last_pool.max(1)..=most).find(divides);
        let found = larger.or_else(|| (1..=most.min(self.last_pool)).rev().find(divides));
        Self { last_pool: found.unwrap_or(self.last_pool), ..self.clone() }
    }

    /// The same network for so many classes: of many, fewer outputs vote for each, and more neurons tell them apart.
    pub fn for_classes(&self, classes: usize) -> Self {
        let cluster = match classes {
            ..=50 => self.cluster,
            51..=200 => self.cluster.min(5),
            _ => 1,
        };
        let hidden = self.hidden.max((2 * classes).next_power_of_two().min(1024));
        Self { classes, cluster, hidden, ..self.clone() }
    }

    /// Frames of a sample: as many as there are timesteps, or the image alone.
    pub fn frames_of_sample(&self) -> usize {
        if self.frames { self.timesteps } else { 1 }
    }

    /// Output neurons of the network.
    pub fn outputs(&self) -> usize {
        self.classes * self.cluster
    }

    /// Whether every value is in range; the first that is not, named.
    pub fn check(&self) -> Result<()> {
        let whole = [
            ("cells", self.cells, 3),
            ("widths", self.widths[0], 4096),
            ("widths", self.widths[1], 4096),
            ("last_pool", self.last_pool, 1024),
            ("hidden", self.hidden, 1 << 20),
            ("classes", self.classes, 65_536),
            ("cluster", self.cluster, 4096),
            ("timesteps", self.timesteps, 1024),
        ];
        if let Some((name, value, most)) = whole.into_iter().find(|&(_, value, most)| value == 0 || value > most) {
            return Err(Error::invalid(format!("{name} {value} is out of range: give 1 to {most}")));
        }
        if !(self.tau >= 1.0 && self.tau.is_finite()) {
            return Err(Error::invalid(format!(
                "tau {} is out of range: give a number of timesteps from 1 up",
                self.tau
            )));
        }
        if !(self.threshold > 0.0 && self.threshold.is_finite()) {
            return Err(Error::invalid(format!(
                "threshold {} is out of range: give a positive number",
                self.threshold
            )));
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_pooling_follows_the_size_of_the_images() {
        let pool = |preset: &str, side: usize| {
            let input = Shape { channels: 1, height: side, width: side };
            NetworkConfig::preset(preset).unwrap().for_images(input).last_pool
        };
        assert_eq!([8, 28, 32, 64, 224].map(|side| pool("sample", side)), [4, 7, 4, 4, 4]);
        assert_eq!([8, 28, 32, 64, 224].map(|side| pool("cifar10", side)), [2, 2, 2, 2, 2]);
        assert_eq!((pool("sample", 6), pool("sample", 1)), (3, 4), "images of one pixel fit no network");
    }

    #[test]
    fn many_classes_have_fewer_votes_and_more_neurons() {
        let of = |classes: usize| {
            let NetworkConfig { cluster, hidden, .. } = NetworkConfig::preset("sample").unwrap().for_classes(classes);
            (cluster, hidden)
        };
        assert_eq!([2, 50, 101, 1000, 60_000].map(of), [(10, 128), (10, 128), (5, 256), (1, 1024), (1, 1024)]);
    }

    #[test]
    fn settings_out_of_range_are_named() {
        let config = NetworkConfig { timesteps: 0, ..NetworkConfig::preset("sample").unwrap() };
        assert!(config.check().unwrap_err().to_string().contains("timesteps 0"));
        let config = NetworkConfig { threshold: f32::NAN, ..NetworkConfig::preset("sample").unwrap() };
        assert!(config.check().unwrap_err().to_string().contains("threshold NaN"));
    }
}
