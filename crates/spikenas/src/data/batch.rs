use rand::RngExt;

use super::{Images, Normalisation};
use crate::graph::Shape;
use crate::random::Generator;

/// Images ready for a network.
#[derive(Clone, Debug, PartialEq)]
pub struct Batch {
    /// [samples, channels, height, width], normalised.
    pub images: Vec<f32>,
    /// Class of each sample.
    pub labels: Vec<usize>,
}

/// How training images are changed at random.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Augmentation {
    /// Black pixels added on every side before a crop to the old size at a random place; 0 crops nothing.
    pub padding: u16,
    /// Whether half of the images are mirrored, left to right.
    pub mirror: bool,
}

/// The augmentation of one image: shifted by whole pixels, black where nothing is left, then mirrored or not.
#[derive(Clone, Copy)]
struct Change {
    down: isize,
    right: isize,
    mirror: bool,
}

impl Change {
    const NONE: Self = Self { down: 0, right: 0, mirror: false };

    /// A random crop after padding, mirrored with probability one half.
    fn draw(Augmentation { padding, mirror }: Augmentation, generator: &mut Generator) -> Self {
        let padding = i32::from(padding);
        let mut shift = || generator.random_range(-padding..=padding) as isize;
        let (down, right) = (shift(), shift());
        Self { down, right, mirror: mirror && generator.random_bool(0.5) }
    }

    /// The pixel of a plane that ends up at (row, column), if it lies inside.
    fn origin(self, row: usize, column: usize, shape: Shape) -> Option<usize> {
        let column = if self.mirror { shape.width - 1 - column } else { column };
        let row = row.checked_add_signed(self.down).filter(|&row| row < shape.height)?;
        let column = column.checked_add_signed(self.right).filter(|&column| column < shape.width)?;
        Some(row * shape.width + column)
    }
}

impl Images {
    /// The images of these indices, normalised; with an augmentation and its generator, randomly cropped and mirrored as
    /// well.
    ///
    /// Usual for CIFAR is a padding of 4, mirrored. Padding is black before normalisation, as with torchvision's `RandomCrop` on an image, so it
    /// becomes -mean / deviation.
    ///
    /// # Panics
    /// If an index is out of range.
    pub fn batch(
        &self,
        indices: &[usize],
        normalisation: &Normalisation,
        mut augmentation: Option<(Augmentation, &mut Generator)>,
    ) -> Batch {
        let tables = [0, 1, 2].map(|channel| normalisation.table(channel));
        let mut images = Vec::with_capacity(indices.len() * self.shape.len());
        for &index in indices {
            let change = augmentation.as_mut().map_or(Change::NONE, |(kind, generator)| Change::draw(*kind, generator));
            for (plane, table) in self.image(index).chunks_exact(self.shape.height * self.shape.width).zip(&tables) {
                for row in 0..self.shape.height {
                    images.extend((0..self.shape.width).map(|column| {
                        let level = change.origin(row, column, self.shape).map_or(0, |origin| plane[origin]);
                        table[usize::from(level)]
                    }));
                }
            }
        }
        Batch { images, labels: indices.iter().map(|&index| usize::from(self.labels[index])).collect() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::generator;

    const PLAIN: Normalisation = Normalisation { mean: [0.5, 0.25, 0.0], deviation: [0.5, 0.25, 1.0] };

    const CIFAR: Augmentation = Augmentation { padding: 4, mirror: true };

    /// Two images of 3x8x8 without a black pixel.
    fn images() -> Images {
        let shape = Shape { channels: 3, height: 8, width: 8 };
        Images { shape, pixels: (0..384).map(|i| (i % 250 + 5) as u8).collect(), labels: vec![3, 1] }
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
        let seen = changes(Augmentation { padding: 1, mirror: false });
        assert!(
            seen.len() == 9 && seen.iter().all(|&(down, right, mirror)| down.abs() < 2 && right.abs() < 2 && !mirror)
        );
        let seen = changes(Augmentation { padding: 0, mirror: true });
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
            let Change { down, right, mirror } = Change::draw(CIFAR, &mut drawn);
            (down, right, mirror)
        });
        let mut expected = generator(&[7]);
        let shift = |generator: &mut Generator| isize::from(generator.random_range(-4_i8..=4));
        let expected = [(); 6].map(|()| (shift(&mut expected), shift(&mut expected), expected.random_bool(0.5)));
        assert_eq!(draws, expected);
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
    fn images_smaller_than_the_padding_may_be_cropped_away_without_harm() {
        let shape = Shape { channels: 3, height: 1, width: 1 };
        let images = Images { shape, pixels: vec![255; 3], labels: vec![0] };
        assert_eq!(images.batch(&[0; 50], &PLAIN, Some((CIFAR, &mut generator(&[1])))).images.len(), 150);
    }
}
