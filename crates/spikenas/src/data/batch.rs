use std::ops::Range;

use rand::RngExt;
use serde::{Deserialize, Serialize};

use super::{Images, Normalisation};
use crate::graph::Shape;
use crate::random::{Generator, generator, name_key};

/// Images ready for a network.
#[derive(Clone, Debug, PartialEq)]
pub struct Batch {
    /// [frames, samples, channels, height, width], normalised: the first frame of every sample, then the second.
    pub images: Vec<f32>,
    /// Class of each sample.
    pub labels: Vec<usize>,
}

impl Batch {
    /// Some of its samples, of so many frames each.
    ///
    /// # Panics
    /// If there are not so many samples.
    pub fn part(&self, samples: Range<usize>, frames: usize) -> Self {
        let count = self.labels.len();
        let size = self.images.len() / (count * frames).max(1);
        let of_frame = |frame: usize| &self.images[(frame * count + samples.start) * size..][..samples.len() * size];
        Self {
            images: (0..frames).flat_map(of_frame).copied().collect(),
            labels: self.labels[samples.clone()].to_vec(),
        }
    }
}

/// How training images are changed at random.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Augmentation {
    /// Pixels added on every side before a crop to the old size at a random place; 0 crops nothing.
    pub padding: u16,
    /// What these pixels are.
    pub fill: Fill,
    /// Which images are mirrored, left to right.
    pub mirror: Mirror,
}

/// What an image is padded with before a crop.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Fill {
    /// Black.
    #[default]
    Black,
    /// The image, reflected at its outermost pixels.
    Reflect,
}

/// Which images are mirrored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mirror {
    /// None.
    Never,
    /// Each with probability one half.
    Random,
    /// Each in every other epoch, half of them in the first: which, the seed and an image's index decide.
    Alternate {
        /// The seed.
        seed: u64,
        /// The epoch.
        epoch: usize,
    },
}

impl Mirror {
    /// Whether an image is mirrored.
    fn draw(self, index: usize, generator: &mut Generator) -> bool {
        match self {
            Mirror::Never => false,
            Mirror::Random => generator.random_bool(0.5),
            Mirror::Alternate { seed, epoch } => is_mirrored_first(seed, index) != epoch.is_multiple_of(2),
        }
    }
}

/// Whether an image is mirrored in the first of the epochs that mirror by turns.
fn is_mirrored_first(seed: u64, index: usize) -> bool {
    generator(&[seed, name_key("mirror"), index as u64]).random_bool(0.5)
}

/// The augmentation of one image: shifted by whole pixels, filled where nothing is left, then mirrored or not.
#[derive(Clone, Copy)]
struct Change {
    fill: Fill,
    down: isize,
    right: isize,
    mirror: bool,
}

impl Change {
    const NONE: Self = Self { fill: Fill::Black, down: 0, right: 0, mirror: false };

    /// A random crop after padding of the image of an index, mirrored or not.
    fn draw(Augmentation { padding, fill, mirror }: Augmentation, index: usize, generator: &mut Generator) -> Self {
        let padding = i32::from(padding);
        let mut shift = || generator.random_range(-padding..=padding) as isize;
        let (down, right) = (shift(), shift());
        Self { fill, down, right, mirror: mirror.draw(index, generator) }
    }

    /// The row that ends up at a row; none where that is black.
    fn row(self, row: usize, shape: Shape) -> Option<usize> {
        self.inside(row as isize + self.down, shape.height)
    }

    /// The column that ends up at a column; none where that is black.
    fn column(self, column: usize, shape: Shape) -> Option<usize> {
        let column = if self.mirror { shape.width - 1 - column } else { column };
        self.inside(column as isize + self.right, shape.width)
    }

    fn inside(self, place: isize, length: usize) -> Option<usize> {
        match self.fill {
            Fill::Black => usize::try_from(place).ok().filter(|&place| place < length),
            Fill::Reflect => {
                // There and back again: 0, 1, 2, 1, 0, 1, ... for a length of 3.
                let turn = length.saturating_sub(1) as isize;
                let place = if turn > 0 { place.rem_euclid(2 * turn) } else { 0 };
                Some(place.min(2 * turn - place) as usize)
            }
        }
    }
}

impl Images {
    /// The samples of these indices, normalised; with an augmentation and its generator, randomly cropped and mirrored as
    /// well, all frames of a sample alike.
    ///
    /// Usual for CIFAR is a padding of 4, mirrored. What is black is so before normalisation, as with torchvision's `RandomCrop` on
    /// an image, and becomes -mean / deviation.
    ///
    /// # Panics
    /// If an index is out of range, or the normalisation is of other channels.
    pub fn batch(
        &self,
        indices: &[usize],
        normalisation: &Normalisation,
        mut augmentation: Option<(Augmentation, &mut Generator)>,
    ) -> Batch {
        let tables: Vec<_> = (0..self.shape.channels).map(|channel| normalisation.table(channel)).collect();
        let Shape { height, width, .. } = self.shape;
        let mut change = |&index: &usize| {
            let draw = |(kind, generator): &mut (Augmentation, &mut Generator)| Change::draw(*kind, index, generator);
            augmentation.as_mut().map_or(Change::NONE, draw)
        };
        let changes: Vec<Change> = indices.iter().map(&mut change).collect();
        let mut images = Vec::with_capacity(indices.len() * self.sample_len());
        for frame in 0..self.frames {
            for (&index, change) in indices.iter().zip(&changes) {
                let columns: Vec<Option<usize>> = (0..width).map(|column| change.column(column, self.shape)).collect();
                let pixels = &self.image(index)[frame * self.shape.len()..][..self.shape.len()];
                for (plane, table) in pixels.chunks_exact(height * width).zip(&tables) {
                    for row in 0..height {
                        let from = change.row(row, self.shape).map(|row| &plane[row * width..][..width]);
                        images.extend(columns.iter().map(|&column| {
                            let level = from.zip(column).map_or(0, |(from, column)| from[column]);
                            table[usize::from(level)]
                        }));
                    }
                }
            }
        }
        Batch { images, labels: indices.iter().map(|&index| usize::from(self.labels[index])).collect() }
    }
}

#[cfg(test)]
mod tests {
    use std::borrow::Cow;

    use super::*;
    use crate::random::generator;

    const PLAIN: Normalisation =
        Normalisation { mean: Cow::Borrowed(&[0.5, 0.25, 0.0]), deviation: Cow::Borrowed(&[0.5, 0.25, 1.0]) };

    const CIFAR: Augmentation = Augmentation { padding: 4, fill: Fill::Black, mirror: Mirror::Random };

    /// Two images of 3x8x8 without a black pixel.
    fn images() -> Images {
        let shape = Shape { channels: 3, height: 8, width: 8 };
        Images { shape, frames: 1, pixels: (0..384).map(|i| (i % 250 + 5) as u8).collect(), labels: vec![3, 1] }
    }

    #[test]
    fn pixels_are_normalised_by_channel_in_the_order_of_the_indices() {
        let batch = images().batch(&[1, 0, 1], &PLAIN, None);
        assert_eq!(batch.labels, [1, 3, 1]);
        assert_eq!(batch.images.len(), 3 * 192);
        assert_eq!(batch.images[..192], batch.images[384..]);
        assert_eq!(batch.images[192], (5.0 / 255.0 - 0.5) / 0.5);
        assert_eq!(batch.images[192 + 64], (69.0 / 255.0 - 0.25) / 0.25);
        assert_eq!(batch.images[192 + 128], 133.0 / 255.0);
    }

    #[test]
    fn augmentation_shifts_and_mirrors_all_channels_alike_and_pads_with_black() {
        let seen = changes(CIFAR);
        assert!(seen.len() > 140, "nearly all of 162 changes come up in 500 draws, not {}", seen.len());
        let seen = changes(Augmentation { padding: 1, mirror: Mirror::Never, ..CIFAR });
        assert!(
            seen.len() == 9 && seen.iter().all(|&(down, right, mirror)| down.abs() < 2 && right.abs() < 2 && !mirror)
        );
        let seen = changes(Augmentation { padding: 0, ..CIFAR });
        assert!(seen.into_iter().eq([(0, 0, false), (0, 0, true)]));
    }

    /// The changes that come up in 500 draws.
    fn changes(augmentation: Augmentation) -> std::collections::BTreeSet<(isize, isize, bool)> {
        let images = images();
        let mut seen = std::collections::BTreeSet::new();
        let augmented = images.batch(&[0; 500], &PLAIN, Some((augmentation, &mut generator(&[7]))));
        for sample in augmented.images.chunks_exact(192) {
            let found: Vec<(isize, isize, bool)> = candidates()
                .filter(|&(down, right, mirror)| {
                    (0..192).all(|i| {
                        let (channel, row, column) = (i / 64, (i / 8 % 8) as isize, (i % 8) as isize);
                        let (row, column) = (row + down, (if mirror { 7 - column } else { column }) + right);
                        let inside = (0..8).contains(&row) && (0..8).contains(&column);
                        let level = if inside { images.pixels[channel * 64 + (row * 8 + column) as usize] } else { 0 };
                        sample[i] == (f32::from(level) / 255.0 - PLAIN.mean[channel]) / PLAIN.deviation[channel]
                    })
                })
                .collect();
            assert_eq!(found.len(), 1, "each sample is one shift, mirrored or not");
            seen.extend(found);
        }
        seen
    }

    #[test]
    fn the_draws_of_an_augmentation_stay_as_they_are() {
        let mut drawn = generator(&[7]);
        let draws = [(); 6].map(|()| {
            let Change { down, right, mirror, .. } = Change::draw(CIFAR, 0, &mut drawn);
            (down, right, mirror)
        });
        let mut expected = generator(&[7]);
        let shift = |generator: &mut Generator| isize::from(generator.random_range(-4_i8..=4));
        let expected = [(); 6].map(|()| (shift(&mut expected), shift(&mut expected), expected.random_bool(0.5)));
        assert_eq!(draws, expected);
    }

    #[test]
    fn what_a_crop_leaves_open_is_reflected_where_that_is_asked_for() {
        let change = Change { fill: Fill::Reflect, ..Change::NONE };
        let places = |length| (-5..8).map(|place| change.inside(place, length).unwrap()).collect::<Vec<_>>();
        assert_eq!(places(3), [1, 0, 1, 2, 1, 0, 1, 2, 1, 0, 1, 2, 1]);
        assert_eq!(places(1), [0; 13]);
        let augmentation = Augmentation { padding: 4, fill: Fill::Reflect, mirror: Mirror::Never };
        let augmented = images().batch(&[0; 50], &PLAIN, Some((augmentation, &mut generator(&[3]))));
        let black = PLAIN.table(0)[0];
        let dark = |image: &[f32]| image[..64].contains(&black);
        assert!(!augmented.images.chunks_exact(192).any(dark), "no pixel of these images is black");
        let cropped = images().batch(&[0; 50], &PLAIN, Some((CIFAR, &mut generator(&[3]))));
        assert!(cropped.images.chunks_exact(192).any(dark));
    }

    #[test]
    fn images_are_mirrored_by_turns_half_of_them_in_each_epoch() {
        let mirrored = |seed, epoch| -> Vec<bool> {
            let mirror = Mirror::Alternate { seed, epoch };
            (0..400).map(|index| mirror.draw(index, &mut generator(&[]))).collect()
        };
        let first = mirrored(1, 1);
        let count = first.iter().filter(|mirrored| **mirrored).count();
        assert!((160..240).contains(&count), "{count} of 400");
        assert!(mirrored(1, 2).iter().zip(&first).all(|(second, first)| second != first));
        assert_eq!(mirrored(1, 3), first);
        assert_ne!(mirrored(2, 1), first);
        // The image itself: both, in turn.
        let images = images();
        let batch = |epoch| {
            let mirror = Mirror::Alternate { seed: 1, epoch };
            images.batch(&[0], &PLAIN, Some((Augmentation { padding: 0, mirror, ..CIFAR }, &mut generator(&[]))))
        };
        let (one, other) = (batch(1).images, batch(2).images);
        assert_ne!(one, other);
        assert!(one.chunks_exact(8).zip(other.chunks_exact(8)).all(|(a, b)| a.iter().eq(b.iter().rev())));
    }

    fn candidates() -> impl Iterator<Item = (isize, isize, bool)> {
        (-4..=4).flat_map(|down| (-4..=4).flat_map(move |right| [(down, right, false), (down, right, true)]))
    }

    #[test]
    fn the_same_generator_gives_the_same_batch() {
        let batch = |key| images().batch(&[0, 1], &PLAIN, Some((CIFAR, &mut generator(&[key]))));
        assert_eq!(batch(1), batch(1));
        assert_ne!(batch(1), batch(2));
    }

    #[test]
    fn frames_come_one_after_the_other_and_those_of_a_sample_are_changed_alike() {
        let images = Images { shape: Shape { channels: 3, height: 8, width: 4 }, frames: 2, ..images() };
        let plain = images.batch(&[1, 0], &PLAIN, None);
        let stills = Images { frames: 1, labels: vec![3, 3, 1, 1], ..images.clone() };
        assert_eq!(plain.images, stills.batch(&[2, 0, 3, 1], &PLAIN, None).images);
        assert_eq!(plain.labels, [1, 3]);
        assert_eq!(plain.part(1..2, 2), images.batch(&[0], &PLAIN, None));
        // Two equal frames stay equal, whatever is drawn.
        let twice = Images { pixels: [&images.pixels[..96]; 2].concat(), labels: vec![0], ..images };
        let shifted = twice.batch(&[0; 8], &PLAIN, Some((CIFAR, &mut generator(&[2])))).images;
        assert_eq!(shifted[..8 * 96], shifted[8 * 96..]);
        assert_ne!(shifted[..96], shifted[96..2 * 96]);
    }

    #[test]
    fn images_smaller_than_the_padding_may_be_cropped_away_without_harm() {
        let shape = Shape { channels: 3, height: 1, width: 1 };
        let images = Images { shape, frames: 1, pixels: vec![255; 3], labels: vec![0] };
        assert_eq!(images.batch(&[0; 50], &PLAIN, Some((CIFAR, &mut generator(&[1])))).images.len(), 150);
    }
}
