//! The images that a training sees: which ones, and how they are changed.

use super::config::{Flip, TrainConfig};
use crate::data::{Augmentation, Dataset, Fill, Mirror};
use crate::graph::Shape;
use crate::random::{generator, name_key};

impl TrainConfig {
    /// How images of a shape are changed at random in an epoch, if they are: a crop with a padding of an eighth of the shorter side where
    /// none is given (4 for 32, as usual for CIFAR).
    pub fn augmentation(&self, shape: Shape, epoch: usize) -> Option<Augmentation> {
        let padding = self.crop_padding.unwrap_or(shape.height.min(shape.width) / 8);
        let mirror = match self.flip {
            _ if !self.mirror => Mirror::Never,
            Flip::Random => Mirror::Random,
            Flip::Alternate => Mirror::Alternate { seed: self.seed, epoch },
        };
        let padding_of = padding.try_into().unwrap_or(u16::MAX);
        let augmentation = Augmentation { padding: padding_of, fill: self.crop_fill, mirror };
        (self.augment && (padding > 0 || self.mirror)).then_some(augmentation)
    }

    /// Indices of the training images of a dataset that are trained on: `limit_train` of them, every class alike, drawn by
    /// the seed; all in their order where there is no limit.
    pub fn images(&self, dataset: &Dataset) -> Vec<usize> {
        let count = self.limit_train.unwrap_or(dataset.train.len());
        dataset.train.even_part(count, &mut generator(&[self.seed, name_key("part")]))
    }

    /// What a training does with a dataset's images, in lines.
    pub fn notes(&self, dataset: &Dataset) -> Vec<String> {
        let augmentation = self.augmentation(dataset.train.shape, 1).map_or_else(|| "none".into(), words);
        let mut notes = vec![format!("augmentation: {augmentation}")];
        let images = self.images(dataset);
        if images.len() < dataset.train.len() {
            let counts = dataset.count_by_class(&images);
            let (least, most) = (counts.iter().min().unwrap_or(&0), counts.iter().max().unwrap_or(&0));
            let (some, all) = (images.len(), dataset.train.len());
            notes.push(format!("trained on {some} of {all} images, {least} to {most} of each class"));
        }
        notes
    }
}

fn words(Augmentation { padding, fill, mirror }: Augmentation) -> String {
    let crop = match fill {
        _ if padding == 0 => None,
        Fill::Black => Some(format!("crop with padding {padding}")),
        Fill::Reflect => Some(format!("crop with reflected padding {padding}")),
    };
    let mirrored = match mirror {
        Mirror::Never => None,
        Mirror::Random => Some("mirrored at random".into()),
        Mirror::Alternate { .. } => Some("mirrored in every other epoch".into()),
    };
    crop.into_iter().chain(mirrored).collect::<Vec<String>>().join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn padding_is_in_proportion_to_the_shorter_side_where_none_is_given() {
        let padding = |config: TrainConfig, height, width| {
            config.augmentation(Shape { channels: 3, height, width }, 1).map(|Augmentation { padding, .. }| padding)
        };
        let default = TrainConfig::default;
        assert_eq!(padding(default(), 32, 32), Some(4));
        assert_eq!(padding(default(), 224, 300), Some(28));
        assert_eq!(padding(default(), 8, 8), Some(1));
        assert_eq!(padding(TrainConfig { crop_padding: Some(3), ..default() }, 8, 8), Some(3));
        assert_eq!(padding(TrainConfig { augment: false, ..default() }, 32, 32), None);
        assert_eq!(padding(TrainConfig { crop_padding: Some(0), mirror: false, ..default() }, 32, 32), None);
    }

    #[test]
    fn a_limit_takes_every_class_alike_and_is_said() {
        let dataset = Dataset::open(&crate::data::Source::Sample, "data".as_ref()).unwrap();
        let config = TrainConfig { limit_train: Some(25), ..TrainConfig::default() };
        let counts = dataset.count_by_class(&config.images(&dataset));
        assert!(counts.iter().all(|count| (2..=3).contains(count)), "{counts:?}");
        let notes = config.notes(&dataset);
        assert_eq!(
            notes,
            [
                "augmentation: crop with padding 4, mirrored at random",
                "trained on 25 of 2000 images, 2 to 3 of each class"
            ]
        );
        let turns = TrainConfig { flip: Flip::Alternate, crop_fill: Fill::Reflect, ..config };
        assert_eq!(
            turns.notes(&dataset)[0],
            "augmentation: crop with reflected padding 4, mirrored in every other epoch"
        );
        let all = TrainConfig { augment: false, ..TrainConfig::default() };
        assert!(all.images(&dataset).into_iter().eq(0..2000));
        assert_eq!(all.notes(&dataset), ["augmentation: none"]);
    }
}
