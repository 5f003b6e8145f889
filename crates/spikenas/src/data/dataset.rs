use rayon::prelude::*;

use super::images::Images;
use crate::graph::{NetworkConfig, Normalisation, Shape};
use crate::random::fingerprint;
use crate::weights::{DatasetId, Framing};

/// Training images, test images, and what both have in common.
#[derive(Clone, Debug, PartialEq)]
pub struct Dataset {
    /// Its name: the source, as it is written.
    pub name: String,
    /// Names of the classes; labels are indices into it.
    pub classes: Vec<String>,
    /// Training images.
    pub train: Images,
    /// Test images.
    pub test: Images,
    /// How pixels become inputs.
    pub normalisation: Normalisation,
    /// What they were before, where they are frames of recordings.
    pub recorded: Option<Recorded>,
    /// What somebody who uses the images should hear, such as files that were passed over.
    pub notes: Vec<String>,
}

/// Recordings of events that became frames.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Recorded {
    /// How they became frames.
    pub framing: Framing,
    /// Whether a program made them rather than a camera.
    pub simulated: bool,
}

/// What a network must know of images.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Outline {
    /// Classes.
    pub classes: usize,
    /// Shape of an image or a frame.
    pub shape: Shape,
    /// Frames of a sample, as many as a network of it has timesteps; 1 where samples are images.
    pub frames: usize,
    /// Training samples.
    pub samples: usize,
}

impl Outline {
    /// A network for these samples, as far as time goes: a timestep for each frame, where they have several.
    pub fn timed(&self, network: NetworkConfig) -> NetworkConfig {
        match self.frames {
            1 => network,
            frames => NetworkConfig { timesteps: frames, frames: true, ..network },
        }
    }
}

impl Dataset {
    /// Its classes and the shape of its samples.
    pub fn outline(&self) -> Outline {
        Outline {
            classes: self.classes.len(),
            shape: self.train.shape,
            frames: self.train.frames,
            samples: self.train.len(),
        }
    }

    /// Number of training images of each class, of those with these indices.
    ///
    /// # Panics
    /// If an index is out of range.
    pub fn count_by_class(&self, indices: &[usize]) -> Vec<usize> {
        let mut counts = vec![0; self.classes.len()];
        for &index in indices {
            if let Some(count) = counts.get_mut(usize::from(self.train.labels[index])) {
                *count += 1;
            }
        }
        counts
    }

    /// Its name and its fingerprint.
    pub fn id(&self) -> DatasetId {
        let framing = self.recorded.map(|recorded| recorded.framing);
        DatasetId { name: self.name.clone(), fingerprint: self.fingerprint(), framing }
    }

    /// What a training depends on as 16 hexadecimal digits: shape, pixels and labels of both splits in their order, the
    /// names of the classes and the normalisation; not the place where the images lie.
    pub fn fingerprint(&self) -> String {
        let classes = self.classes.iter().flat_map(|name| [name.len() as u64, fingerprint(name.bytes())]);
        let Normalisation { mean, deviation } = &self.normalisation;
        let normalisation = mean.iter().chain(deviation.iter()).map(|x| u64::from(x.to_bits()));
        let splits = [&self.train, &self.test].into_iter().flat_map(Images::fingerprints);
        let parts = classes.chain(normalisation).chain(splits);
        format!("{:016x}", fingerprint(parts.flat_map(u64::to_le_bytes)))
    }
}

impl Images {
    /// Shape and number of the images, then pixels and label of each, as numbers that stand for them.
    fn fingerprints(&self) -> Vec<u64> {
        let Shape { channels, height, width } = self.shape;
        let head = [channels, height, width, self.len()].map(|size| size as u64);
        // Of images, which have one frame, it is what it was before there were others.
        let frames = (self.frames != 1).then_some(self.frames as u64);
        head.into_iter()
            .chain(frames)
            .chain(self.pixel_fingerprints())
            .chain(self.labels.iter().map(|&label| label.into()))
            .collect()
    }

    /// A number for each image that stands for its pixels.
    pub(super) fn pixel_fingerprints(&self) -> Vec<u64> {
        (0..self.len()).into_par_iter().map(|index| fingerprint(self.image(index).iter().copied())).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn dataset() -> Dataset {
        let shape = Shape { channels: 3, height: 1, width: 2 };
        let train = Images { shape, frames: 1, pixels: (0..12).collect(), labels: vec![0, 1] };
        let test = Images { shape, frames: 1, pixels: (20..32).collect(), labels: vec![1, 0] };
        let classes = vec!["cat".into(), "dog".into()];
        Dataset {
            name: "pets".into(),
            classes,
            normalisation: Normalisation::of(&train),
            train,
            test,
            recorded: None,
            notes: vec![],
        }
    }

    #[test]
    fn the_fingerprint_changes_with_whatever_a_training_depends_on_and_with_nothing_else() {
        let changed = |change: fn(&mut Dataset)| {
            let mut other = dataset();
            change(&mut other);
            other.fingerprint()
        };
        assert_eq!(changed(|d| d.name = "elsewhere".into()), dataset().fingerprint());
        let all = [
            dataset().fingerprint(),
            changed(|d| d.train.pixels[11] ^= 1),
            changed(|d| d.test.pixels[0] ^= 128),
            changed(|d| std::mem::swap(&mut d.train, &mut d.test)),
            changed(|d| d.train.pixels.rotate_left(6)),
            changed(|d| d.train.labels.swap(0, 1)),
            changed(|d| d.test.labels[1] = 1),
            changed(|d| d.train.shape = Shape { channels: 3, height: 2, width: 1 }),
            changed(|d| {
                d.train.shape = Shape { channels: 3, height: 1, width: 1 };
                d.train.frames = 2;
            }),
            changed(|d| d.test = d.test.clone().first(1)),
            changed(|d| d.classes.swap(0, 1)),
            changed(|d| d.classes = vec!["catd".into(), "og".into()]),
            changed(|d| d.normalisation.mean.to_mut()[2] += 0.001),
            changed(|d| d.normalisation.deviation.to_mut()[0] += 0.001),
        ];
        for (index, fingerprint) in all.iter().enumerate() {
            assert!(!all[..index].contains(fingerprint), "change {index} goes unseen");
        }
    }
}
