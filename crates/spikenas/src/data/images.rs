use std::collections::BTreeMap;

use rand::seq::SliceRandom;

use crate::graph::Shape;
use crate::random::Generator;

/// The samples of one split, all of one shape, with their labels: images, or sequences of frames.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Images {
    /// Shape of an image or a frame: three channels where it has colours, one where it is grey, two of a recording's frame (what
    /// became darker, what became brighter).
    pub shape: Shape,
    /// Frames of a sample: 1 of an image, which is shown at every timestep; others are shown one after the other, each at a timestep
    /// of its own.
    pub frames: usize,
    /// [samples, frames, channels, height, width]: the red plane, the green one, the blue one, or that of grey, row by row. Of a
    /// recording's frame, numbers of events.
    pub pixels: Vec<u8>,
    /// Class of each sample.
    pub labels: Vec<u16>,
}

impl Images {
    /// Number of images.
    pub fn len(&self) -> usize {
        self.labels.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.labels.is_empty()
    }

    /// Pixels of a sample.
    pub fn sample_len(&self) -> usize {
        self.frames * self.shape.len()
    }

    /// Pixels of sample `index`, [frames, channels, height, width].
    ///
    /// # Panics
    /// If there is no such sample.
    pub fn image(&self, index: usize) -> &[u8] {
        let size = self.sample_len();
        &self.pixels[index * size..(index + 1) * size]
    }

    /// The first `count` images, or all where there are fewer.
    pub fn first(mut self, count: usize) -> Self {
        self.labels.truncate(count);
        self.pixels.truncate(self.labels.len() * self.sample_len());
        self
    }

    /// The images of these indices.
    ///
    /// # Panics
    /// If an index is out of range.
    pub fn pick(&self, indices: &[usize]) -> Self {
        let pixels = indices.iter().flat_map(|&index| self.image(index)).copied().collect();
        Self { pixels, labels: indices.iter().map(|&index| self.labels[index]).collect(), ..*self }
    }

    /// `count` of these indices, or all where there are fewer, in their order: as many of each class as of the others, as far as
    /// it has them, and of which class one more, and which images, drawn by the generator.
    ///
    /// # Panics
    /// If an index is out of range.
    pub fn even_part(&self, indices: &[usize], count: usize, generator: &mut Generator) -> Vec<usize> {
        if count >= indices.len() {
            return indices.to_vec();
        }
        let mut by_class = self.by_class(indices.iter().copied());
        by_class.iter_mut().for_each(|indices| indices.shuffle(generator));
        by_class.shuffle(generator);
        let most = by_class.iter().map(Vec::len).max().unwrap_or(0);
        let rounds = (0..most).flat_map(|round| by_class.iter().filter_map(move |indices| indices.get(round)));
        let mut part: Vec<usize> = rounds.copied().take(count).collect();
        part.sort_unstable();
        part
    }

    /// Indices of a part of the images, in their order: `part` of each class, rounded, but at least one image and never all of
    /// them, drawn by the generator. A class with a single image gives none.
    pub fn stratified_part(&self, part: f64, generator: &mut Generator) -> Vec<usize> {
        let mut drawn = Vec::new();
        for mut indices in self.by_class(0..self.len()) {
            let count = (indices.len() as f64 * part).round() as usize;
            indices.shuffle(generator);
            drawn.extend(indices.iter().take(count.max(1).min(indices.len() - 1)));
        }
        drawn.sort_unstable();
        drawn
    }

    /// Some indices, those of a class together, by class.
    fn by_class(&self, indices: impl Iterator<Item = usize>) -> Vec<Vec<usize>> {
        let mut by_class: BTreeMap<u16, Vec<usize>> = BTreeMap::new();
        indices.for_each(|index| by_class.entry(self.labels[index]).or_default().push(index));
        by_class.into_values().collect()
    }

    /// Number of images of each of `classes` classes.
    pub fn count_by_class(&self, classes: usize) -> Vec<usize> {
        let mut counts = vec![0; classes];
        for &label in &self.labels {
            if let Some(count) = counts.get_mut(usize::from(label)) {
                *count += 1;
            }
        }
        counts
    }
}

/// The indices 0..count in random order.
pub fn shuffled(count: usize, generator: &mut Generator) -> Vec<usize> {
    let mut order: Vec<usize> = (0..count).collect();
    order.shuffle(generator);
    order
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::generator;

    #[test]
    fn the_first_images_keep_their_pixels_and_labels() {
        let shape = Shape { channels: 3, height: 1, width: 1 };
        let images = Images { shape, frames: 1, pixels: (0..9).collect(), labels: vec![2, 0, 1] };
        assert_eq!(images.image(1), [3, 4, 5]);
        assert_eq!(images.count_by_class(3), [1, 1, 1]);
        let two = images.clone().first(2);
        assert_eq!((two.len(), two.pixels.len(), two.labels), (2, 6, vec![2, 0]));
        assert_eq!(images.clone().first(4), images);
    }

    #[test]
    fn a_part_takes_every_class_alike_as_far_as_it_goes() {
        let shape = Shape { channels: 3, height: 1, width: 1 };
        let labels = [vec![0; 10], vec![1; 10], vec![2; 2]].concat();
        let images = Images { shape, frames: 1, pixels: vec![0; 66], labels };
        let all: Vec<usize> = (0..22).collect();
        let counts = |count: usize, seed: u64| {
            let part = images.even_part(&all, count, &mut generator(&[seed]));
            assert!(part.is_sorted_by(|a, b| a < b));
            let labels = part.iter().map(|&index| images.labels[index]).collect();
            Images { labels, ..images.clone() }.count_by_class(3)
        };
        assert_eq!(counts(6, 1), [2, 2, 2]);
        assert_eq!(counts(12, 1), [5, 5, 2]);
        assert_eq!(counts(30, 1), [10, 10, 2]);
        let two: Vec<_> = (0..20).map(|seed| counts(2, seed)).collect();
        assert!(two.iter().all(|counts| counts.iter().all(|&count| count < 2)));
        assert!((0..3).all(|class| two.iter().any(|counts| counts[class] == 1)), "any class may be left out: {two:?}");
        let part = |seed| images.even_part(&all, 6, &mut generator(&[seed]));
        assert_eq!(part(1), part(1));
        assert_ne!(part(1), part(2));
    }

    #[test]
    fn a_shuffle_holds_every_index_once_and_repeats_with_its_generator() {
        let order = shuffled(100, &mut generator(&[1]));
        assert_eq!(order, shuffled(100, &mut generator(&[1])));
        assert_ne!(order, shuffled(100, &mut generator(&[2])));
        let mut sorted = order;
        sorted.sort_unstable();
        assert!(sorted.into_iter().eq(0..100));
    }
}
