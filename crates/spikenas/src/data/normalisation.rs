use std::borrow::Cow;

use super::Images;
use crate::graph::Normalisation;

impl Normalisation {
    /// The usual figures for CIFAR-10's training images.
    pub const CIFAR10: Self = Self::fixed(&[0.4913, 0.4821, 0.4465], &[0.2470, 0.2434, 0.2615]);
    /// The usual figures for CIFAR-100's training images.
    pub const CIFAR100: Self = Self::fixed(&[0.5071, 0.4867, 0.4408], &[0.2673, 0.2564, 0.2762]);

    const fn fixed(mean: &'static [f32], deviation: &'static [f32]) -> Self {
        Self { mean: Cow::Borrowed(mean), deviation: Cow::Borrowed(deviation) }
    }

    /// Mean and population standard deviation of each channel over all images.
    ///
    /// A constant channel gets deviation 1: it becomes all zeros, so that a dataset with an unused channel stays
    /// usable.
    pub fn of(images: &Images) -> Self {
        let channels = images.shape.channels;
        let mut sums = vec![[0_u64; 2]; channels];
        let plane = images.shape.height * images.shape.width;
        for (index, pixels) in images.pixels.chunks_exact(plane.max(1)).enumerate() {
            let [sum, squares] = &mut sums[index % channels];
            for &p in pixels {
                *sum += u64::from(p);
                *squares += u64::from(p).pow(2);
            }
        }
        let count = (images.len() * images.frames * plane).max(1) as f64;
        let mean = |&[sum, _]: &[u64; 2]| (sum as f64 / count / 255.0) as f32;
        let deviation = |&[sum, squares]: &[u64; 2]| {
            let variance = squares as f64 / count - (sum as f64 / count).powi(2);
            (if variance > 1e-9 { variance.sqrt() / 255.0 } else { 1.0 }) as f32
        };
        Self { mean: sums.iter().map(mean).collect(), deviation: sums.iter().map(deviation).collect() }
    }

    /// That of counts of events: mean 0, so that a pixel without events stays exactly 0, and as deviation the root mean square
    /// of the counts of all pixels with events, of both polarities, so that what a network reads of them is about 1 in size, however
    /// long recordings are and however much of a sensor makes one pixel.
    pub fn of_counts(images: &Images) -> Self {
        let (mut pixels, mut squares) = (0_u64, 0_u64);
        for &count in images.pixels.iter().filter(|&&count| count > 0) {
            pixels += 1;
            squares += u64::from(count).pow(2);
        }
        let deviation = if pixels > 0 { (squares as f64 / pixels as f64).sqrt() / 255.0 } else { 1.0 };
        let channels = images.shape.channels;
        Self { mean: vec![0.0; channels].into(), deviation: vec![deviation as f32; channels].into() }
    }

    /// Every grey level of a channel, normalised.
    pub(super) fn table(&self, channel: usize) -> [f32; 256] {
        let (mean, deviation) = (self.mean[channel], self.deviation[channel]);
        std::array::from_fn(|level| (level as f32 / 255.0 - mean) / deviation)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::graph::Shape;

    #[test]
    fn counts_keep_their_zero_and_their_ratios() {
        let shape = Shape { channels: 2, height: 1, width: 2 };
        let images = Images { shape, frames: 2, pixels: vec![0, 1, 0, 7, 0, 0, 0, 0], labels: vec![0] };
        let n = Normalisation::of_counts(&images);
        assert_eq!((&*n.mean, n.deviation[0]), (&[0.0, 0.0][..], n.deviation[1]));
        let table = n.table(1);
        assert_eq!(table[0], 0.0);
        assert!(
            (table[1] - 0.2).abs() < 1e-6 && (table[7] - 1.4).abs() < 1e-6,
            "the root mean square is 5: {}",
            table[1]
        );
        let silent = Images { pixels: vec![0; 8], ..images };
        assert_eq!(Normalisation::of_counts(&silent).deviation[0], 1.0);
    }

    #[test]
    fn mean_and_deviation_are_taken_by_channel_and_a_constant_channel_divides_by_one() {
        let images = Images {
            shape: Shape { channels: 3, height: 1, width: 2 },
            frames: 1,
            pixels: vec![0, 255, 51, 51, 0, 0, 255, 0, 51, 51, 0, 51],
            labels: vec![0, 1],
        };
        let n = Normalisation::of(&images);
        assert_eq!(*n.mean, [0.5, 0.2, 0.05]);
        assert_eq!(n.deviation[..2], [0.5, 1.0]);
        assert!((n.deviation[2] - 0.2 * (0.1875_f32).sqrt()).abs() < 1e-6);
    }
}
