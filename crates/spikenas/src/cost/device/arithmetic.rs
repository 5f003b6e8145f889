use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::graph::NetworkConfig;
use crate::{Error, Result};

/// Bits of a weight of an integer network.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "u32", into = "u32")]
pub enum WeightBits {
    /// Two: -1, 0 and 1.
    Two,
    /// Four: -7 to 7.
    Four,
    /// Eight: -127 to 127.
    #[default]
    Eight,
}

impl WeightBits {
    /// The number of bits.
    pub fn get(self) -> u32 {
        match self {
            WeightBits::Two => 2,
            WeightBits::Four => 4,
            WeightBits::Eight => 8,
        }
    }

    /// The largest weight; the smallest is as far from zero.
    pub fn most(self) -> i32 {
        (1 << (self.get() - 1)) - 1
    }

    /// Bytes of so many weights that lie packed together.
    pub fn bytes(self, weights: usize) -> usize {
        weights.saturating_mul(self.get() as usize).div_ceil(8)
    }
}

impl fmt::Display for WeightBits {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.get().fmt(f)
    }
}

impl FromStr for WeightBits {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        let wrong = || Error::invalid(format!("{text} bits: the weights of an integer network have 2, 4 or 8"));
        text.parse::<u32>().map_err(|_| wrong())?.try_into()
    }
}

impl TryFrom<u32> for WeightBits {
    type Error = Error;

    fn try_from(bits: u32) -> Result<Self> {
        match bits {
            2 => Ok(WeightBits::Two),
            4 => Ok(WeightBits::Four),
            8 => Ok(WeightBits::Eight),
            _ => Err(Error::invalid(format!("{bits} bits: the weights of an integer network have 2, 4 or 8"))),
        }
    }
}

impl From<WeightBits> for u32 {
    fn from(bits: WeightBits) -> u32 {
        bits.get()
    }
}

/// What an integer network is for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Target {
    /// A device: every grey level of the image counts, sums of the first convolution are rounded to units of the map.
    #[default]
    Device,
    /// A device, and simulators in float32 that give the same spikes: the image is read in steps of four levels, nothing is rounded,
    /// and every number fits 24 bits, so that weights are coarser.
    Simulator,
}

impl FromStr for Target {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        match text {
            "device" => Ok(Target::Device),
            "simulator" => Ok(Target::Simulator),
            _ => Err(Error::unknown("target", text, ["device", "simulator"])),
        }
    }
}

/// How far from zero the numbers of an integer network may be.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Limits {
    /// Values of maps, and all sums on the way to them.
    pub map: i32,
    /// Currents of LIF layers of the backbone.
    pub current: f64,
    /// Currents of the hidden layer, whose membranes have 32 bits.
    pub hidden: f64,
}

/// How an integer membrane leaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum LeakKind {
    /// Nothing is ever rounded: 32 bits, of which each timestep takes as many for fractions as the leak divides by.
    Exact,
    /// 16 bits, rounded down at every timestep.
    Shift,
}

impl FromStr for LeakKind {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        match text {
            "exact" => Ok(LeakKind::Exact),
            "shift" => Ok(LeakKind::Shift),
            _ => Err(Error::unknown("leak", text, ["exact", "shift"])),
        }
    }
}

/// What is left of a membrane after a timestep: `v <- v (1 - 1/tau) + current`; the factor 1/tau of the current is in the
/// threshold.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Leak {
    /// `v >> shift` on membranes with `fraction` bits behind the point, which the last timestep uses up; nothing where there is
    /// no shift.
    Exact {
        /// Powers of two that a timestep divides by; none where nothing is left of a membrane.
        shift: Option<u32>,
        /// Bits behind the point: `shift` for each timestep but the first.
        fraction: u32,
    },
    /// `(v * parts) >> 12`, rounded down.
    Shift {
        /// Parts of 4,096 that are left, as on Loihi (Davies et al. 2018).
        parts: i32,
    },
}

impl Leak {
    /// The most bits behind the point: beside 16 bits of a map and what earlier timesteps left, they fill 32.
    const MOST_FRACTION: u32 = 12;
    /// The same where a simulator in float32 computes it, too.
    const MOST_OF_SIMULATORS: u32 = 10;

    /// The leak of a network, of a kind or of the exact one where that is possible.
    ///
    /// Errors: an exact one that is not possible.
    pub fn new(config: &NetworkConfig, kind: Option<LeakKind>) -> Result<Self> {
        let left = 1.0 - 1.0 / f64::from(config.tau);
        let exact = Self::exact(left, config.timesteps);
        match (kind, exact) {
            (Some(LeakKind::Exact), None) => Err(Error::invalid(format!(
                "no exact leak for tau {} and {} timesteps: it takes a tau of 1, 2, 4/3 or 8/7 and as few timesteps as leave room in 32 \
                 bits; take the leak shift",
                config.tau, config.timesteps
            ))),
            (None | Some(LeakKind::Exact), Some(exact)) => Ok(exact),
            (Some(LeakKind::Shift), _) | (None, None) => Ok(Leak::Shift { parts: (4096.0 * left).round() as i32 }),
        }
    }

    fn exact(left: f64, timesteps: usize) -> Option<Self> {
        // tau is an f32: what is left differs from a power of two by its rounding.
        let is = |value: f64| (left - value).abs() < 1e-6;
        let shift = match left {
            _ if is(0.0) => None,
            _ => Some((1..=3).find(|&shift| is(0.5_f64.powi(shift)))? as u32),
        };
        let fraction = u32::try_from(timesteps - 1).ok()?.checked_mul(shift.unwrap_or(0))?;
        (fraction <= Self::MOST_FRACTION).then_some(Leak::Exact { shift, fraction })
    }

    /// Bits behind the point of a membrane.
    pub fn fraction(self) -> u32 {
        match self {
            Leak::Exact { fraction, .. } => fraction,
            Leak::Shift { .. } => 0,
        }
    }

    /// How many times the largest current a membrane may become.
    pub fn growth(self) -> f64 {
        match self {
            Leak::Exact { shift: None, .. } => 1.0,
            Leak::Exact { shift: Some(shift), .. } => 1.0 / (1.0 - 0.5_f64.powi(shift as i32)),
            Leak::Shift { parts } => 1.0 / (1.0 - f64::from(parts.min(4095)) / 4096.0),
        }
    }

    /// A membrane after a timestep, before it may fire: of a current with as many bits behind the point as it has.
    #[inline]
    pub fn step(self, membrane: i32, current: i32) -> i32 {
        match self {
            Leak::Exact { shift: Some(shift), .. } => (membrane >> shift).wrapping_add(current),
            Leak::Exact { shift: None, .. } => current,
            Leak::Shift { parts } => ((i64::from(membrane) * i64::from(parts)) >> 12) as i32 + current,
        }
    }

    /// How far from zero numbers may be, for a target.
    ///
    /// Errors: a simulator, where its float32 has no room for what a timestep divides by.
    pub fn limits(self, target: Target) -> Result<Limits> {
        /// Fifteen bits with room for a rounded average.
        const MAP: i32 = 32_000;
        let growth = self.growth();
        let scale = f64::from(1_i32 << self.fraction());
        match (target, self) {
            (Target::Device, Leak::Exact { .. }) => Ok(Limits {
                map: MAP,
                current: (f64::from(i32::MAX) / growth / scale).floor(),
                hidden: (f64::from(i32::MAX) / growth / scale).floor() - 2.0,
            }),
            (Target::Device, Leak::Shift { .. }) => {
                let current = (f64::from(i16::MAX) / growth).floor() - 1.0;
                // A membrane of 32 bits times the parts of 4,096 that are left fits, too.
                let hidden = (f64::from(i32::MAX) / (4096.0 * growth)).floor() - 2.0;
                // A third of the current is left to the biases of batch norms.
                Ok(Limits { map: (current / 1.5) as i32, current, hidden })
            }
            // A simulator computes v + (x - v) / tau: 24 bits hold the fraction and two more, for three quarters of a membrane.
            (Target::Simulator, Leak::Exact { shift: Some(1 | 2), fraction })
                if fraction <= Self::MOST_OF_SIMULATORS =>
            {
                let current = f64::from((1_i32 << (22 - fraction)) - 1);
                Ok(Limits { map: (current as i32).min(MAP), current: current.min(f64::from(MAP)), hidden: current })
            }
            (Target::Simulator, _) => Err(Error::invalid(
                "for a simulator, whose float32 is to be exact: it takes the leak exact, a tau of 4/3 or 2, and at most 6 timesteps with tau 4/3",
            )),
        }
    }

    /// Bytes of a membrane of the backbone.
    pub fn membrane_bytes(self) -> usize {
        match self {
            Leak::Exact { .. } => 4,
            Leak::Shift { .. } => 2,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn leak(tau: f32, timesteps: usize, kind: Option<LeakKind>) -> Result<Leak> {
        Leak::new(&NetworkConfig { tau, timesteps, ..NetworkConfig::preset("sample").unwrap() }, kind)
    }

    #[test]
    fn the_leak_is_exact_where_that_is_possible() {
        let exact = |shift, fraction| Leak::Exact { shift, fraction };
        assert_eq!(leak(4.0 / 3.0, 5, None).unwrap(), exact(Some(2), 8));
        assert_eq!(leak(2.0, 5, None).unwrap(), exact(Some(1), 4));
        assert_eq!(leak(1.0, 50, None).unwrap(), exact(None, 0));
        assert_eq!(leak(4.0 / 3.0, 8, None).unwrap(), Leak::Shift { parts: 1024 });
        assert_eq!(leak(3.0, 5, None).unwrap(), Leak::Shift { parts: 2731 });
        assert!(leak(3.0, 5, Some(LeakKind::Exact)).unwrap_err().to_string().contains("tau 3"));
        assert_eq!(leak(4.0 / 3.0, 5, Some(LeakKind::Shift)).unwrap(), Leak::Shift { parts: 1024 });
    }

    #[test]
    fn no_membrane_outgrows_its_bits() {
        for leak in [
            leak(4.0 / 3.0, 7, None),
            leak(2.0, 13, None),
            leak(4.0 / 3.0, 5, Some(LeakKind::Shift)),
            leak(30.0, 5, None),
        ] {
            let leak = leak.unwrap();
            let (scale, limits) = (1 << leak.fraction(), leak.limits(Target::Device).unwrap());
            for current in [limits.current, -limits.current] {
                let (mut membrane, current) = (0_i32, (current * f64::from(scale)) as i32);
                for _ in 0..100 {
                    let next = leak.step(membrane, current);
                    assert_eq!(next.signum(), current.signum(), "{leak:?}: {membrane} -> {next}");
                    membrane = next;
                }
                assert!(leak.membrane_bytes() == 4 || i16::try_from(membrane).is_ok(), "{leak:?}: {membrane}");
            }
            assert!(f64::from(limits.map) <= limits.current, "{leak:?}");
        }
    }

    #[test]
    fn what_a_simulator_computes_in_float32_is_exact() {
        let leak = leak(4.0 / 3.0, 5, None).unwrap();
        let limits = leak.limits(Target::Simulator).unwrap();
        let tau = 4.0_f32 / 3.0;
        for first in [limits.current as i32, -(limits.current as i32), 4097, -1] {
            let (mut whole, mut float) = (0_i32, 0.0_f32);
            for step in 0..5 {
                let current = first - 7 * step * first.signum();
                whole = leak.step(whole, current << leak.fraction());
                float += (current as f32 - float) / tau;
                assert_eq!(f64::from(float), 0.75 * f64::from(whole) / 256.0, "{first} at {step}");
            }
        }
        for (tau, timesteps) in [(4.0 / 3.0, 7), (3.0, 5), (8.0 / 7.0, 2), (1.0, 2)] {
            let leak = super::tests::leak(tau, timesteps, None).unwrap();
            assert!(
                leak.limits(Target::Simulator).is_err(),
                "tau {tau}: more bits than two behind a float32's fraction"
            );
        }
    }

    #[test]
    fn weights_have_two_four_or_eight_bits() {
        assert_eq!("4".parse::<WeightBits>().unwrap().most(), 7);
        assert_eq!((WeightBits::Two.bytes(9), WeightBits::Four.bytes(9), WeightBits::Eight.bytes(9)), (3, 5, 9));
        assert!("3".parse::<WeightBits>().unwrap_err().to_string().contains("2, 4 or 8"));
    }
}
