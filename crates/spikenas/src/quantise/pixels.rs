use serde::{Deserialize, Serialize};

use crate::cost::Target;
use crate::graph::Normalisation;

/// How a grey level of an image becomes the number that the first convolution reads: `level - zero`, or `(level - zero + 2) >> 2`
/// for a simulator. The zero is that of the normalisation: what pads an image is the mean.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Pixels {
    /// Of each channel, the level that is zero.
    pub zero: Vec<i16>,
    /// What they are read for.
    pub target: Target,
}

impl Pixels {
    pub(super) fn new(normalisation: &Normalisation, target: Target) -> Self {
        let zero = normalisation.mean.iter().map(|mean| (255.0 * mean).round().clamp(0.0, 255.0) as i16).collect();
        Self { zero, target }
    }

    /// Bits of a level that are dropped.
    pub fn shift(&self) -> u32 {
        match self.target {
            Target::Device => 0,
            Target::Simulator => 2,
        }
    }

    /// The number that stands for a grey level.
    #[inline]
    pub fn value(&self, channel: usize, level: u8) -> i16 {
        let shift = self.shift();
        (i16::from(level) - self.zero[channel] + ((1 << shift) >> 1)) >> shift
    }

    /// The least and the largest number of a channel.
    pub fn range(&self, channel: usize) -> [i64; 2] {
        [0, 255].map(|level| i64::from(self.value(channel, level)))
    }

    /// What a number of a channel is worth in the normalised image, and what is to be added: `x = scale value + offset`.
    pub(super) fn worth(&self, channel: usize, normalisation: &Normalisation) -> [f64; 2] {
        let (mean, deviation) = (f64::from(normalisation.mean[channel]), f64::from(normalisation.deviation[channel]));
        let level = 1.0 / (255.0 * deviation);
        [f64::from(1 << self.shift()) * level, (f64::from(self.zero[channel]) - 255.0 * mean) * level]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_stand_for_normalised_levels_within_half_a_step() {
        let normalisation = Normalisation::CIFAR10;
        for (target, channel) in
            [Target::Device, Target::Simulator].into_iter().flat_map(|target| [0, 1, 2].map(|c| (target, c)))
        {
            let pixels = Pixels::new(&normalisation, target);
            let [scale, offset] = pixels.worth(channel, &normalisation);
            for level in 0..=255_u8 {
                let (mean, deviation) = (normalisation.mean[channel], normalisation.deviation[channel]);
                let expected = f64::from((f32::from(level) / 255.0 - mean) / deviation);
                let found = scale * f64::from(pixels.value(channel, level)) + offset;
                assert!((found - expected).abs() <= 0.5001 * scale, "{level}: {found}, not {expected}");
            }
            let [least, most] = pixels.range(channel);
            let whole = 255 >> pixels.shift();
            assert!(least < 0 && most > 0 && (whole..=whole + 1).contains(&(most - least)), "{least} to {most}");
        }
    }
}
