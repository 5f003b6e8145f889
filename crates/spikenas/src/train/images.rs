//! The images that a training sees: which ones, and how they are changed.

use std::borrow::Cow;

use super::config::{Flip, TrainConfig};
use crate::data::{Augmentation, Dataset, Fill, Images, Mirror};
use crate::graph::Shape;
use crate::random::{generator, name_key};
use crate::weights::{Choice, Selection};
use crate::{Error, Result, counted};

/// What a training does with the training images: their indices, in order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Split {
    /// Those that are trained on.
    pub learned: Vec<usize>,
    /// Those that are held out to choose the epoch by; none where other images choose, or none.
    pub held_out: Vec<usize>,
}

impl TrainConfig {
    /// How images of a shape are changed at random in an epoch, if they are: a crop with a padding of a part of the shorter side where
    /// none is given (an eighth, 4 for 32, is usual for CIFAR).
    pub fn augmentation(&self, shape: Shape, epoch: usize) -> Option<Augmentation> {
        let padding = self.crop_padding.unwrap_or((shape.height.min(shape.width) as f64 * self.crop_part) as usize);
        let mirror = match self.flip {
            _ if !self.mirror => Mirror::Never,
            Flip::Random => Mirror::Random,
            Flip::Alternate => Mirror::Alternate { seed: self.seed, epoch },
        };
        let padding_of = padding.try_into().unwrap_or(u16::MAX);
        let augmentation = Augmentation { padding: padding_of, fill: self.crop_fill, mirror };
        (self.augment && (padding > 0 || self.mirror)).then_some(augmentation)
    }

    /// Which training images of a dataset are held out, `validation` of each class, and which of the others are trained on:
    /// `limit_train` of them, every class alike, or all. Both are drawn by the seed.
    ///
    /// Errors: none can be held out, since each class has but one.
    pub fn split(&self, dataset: &Dataset) -> Result<Split> {
        let train = &dataset.train;
        let held_out = match self.validation {
            0.0 => Vec::new(),
            part => train.stratified_part(part, &mut generator(&[self.seed, name_key("validation")])),
        };
        if self.validation > 0.0 && held_out.is_empty() {
            let (part, name) = (self.validation, &dataset.name);
            return Err(Error::invalid(format!(
                "validation {part}: no class of {name} has two training images, so that none can be held out; set validation to 0"
            )));
        }
        let others: Vec<usize> = (0..train.len()).filter(|index| held_out.binary_search(index).is_err()).collect();
        let count = self.limit_train.unwrap_or(others.len());
        let learned = train.even_part(&others, count, &mut generator(&[self.seed, name_key("part")]));
        Ok(Split { learned, held_out })
    }

    /// The images on which an epoch is tested, to choose by them; none where the last epoch is kept.
    pub fn choosing_images<'a>(&self, dataset: &'a Dataset, split: &Split) -> Option<Cow<'a, Images>> {
        match self.choice {
            Choice::Last => None,
            Choice::Test => Some(Cow::Borrowed(&dataset.test)),
            Choice::Validation => Some(Cow::Owned(dataset.train.pick(&split.held_out))),
        }
    }

    /// How the epoch of a model is chosen, for its records.
    pub fn selection(&self, split: &Split) -> Selection {
        let is_split = self.choice == Choice::Validation;
        Selection {
            choice: Some(self.choice),
            validation: is_split.then_some(self.validation),
            validation_images: is_split.then_some(split.held_out.len()),
        }
    }

    /// What a training does with a dataset's images, in lines.
    ///
    /// Errors: those of [`TrainConfig::split`].
    pub fn notes(&self, dataset: &Dataset) -> Result<Vec<String>> {
        let augmentation = self.augmentation(dataset.train.shape, 1).map_or_else(|| "none".into(), words);
        let mut notes = vec![format!("augmentation: {augmentation}")];
        let Split { learned, held_out } = self.split(dataset)?;
        if learned.len() < dataset.train.len() {
            let (some, all) = (learned.len(), dataset.train.len());
            notes.push(format!(
                "trained on {some} of {all} images, {} of each class",
                range(&dataset.count_by_class(&learned))
            ));
        }
        if !held_out.is_empty() {
            let counts = dataset.count_by_class(&held_out);
            let (some, each) = (held_out.len(), range(&counts));
            notes.push(format!("held out to choose the epoch by: {some} training images, {each} of each class"));
            let all = dataset.train.count_by_class(dataset.classes.len());
            let single = all.iter().filter(|&&count| count == 1).count();
            if single > 0 {
                let classes = counted(single, "class");
                notes.push(format!("of {classes} the only training image is trained on and not held out"));
            }
        }
        Ok(notes)
    }
}

/// The smallest and the largest of some counts: `4`, `4 to 5`.
fn range(counts: &[usize]) -> String {
    match (counts.iter().min().unwrap_or(&0), counts.iter().max().unwrap_or(&0)) {
        (least, most) if least == most => most.to_string(),
        (least, most) => format!("{least} to {most}"),
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
    use super::super::Recipe;
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
        assert_eq!(padding(TrainConfig::of(Recipe::Fast), 32, 32), Some(2));
        assert_eq!(padding(TrainConfig { crop_padding: Some(3), ..default() }, 8, 8), Some(3));
        assert_eq!(padding(TrainConfig { augment: false, ..default() }, 32, 32), None);
        assert_eq!(padding(TrainConfig { crop_padding: Some(0), mirror: false, ..default() }, 32, 32), None);
    }

    #[test]
    fn a_limit_takes_every_class_alike_and_is_said() {
        let dataset = sample();
        let config = TrainConfig { limit_train: Some(25), ..TrainConfig::default() };
        let counts = dataset.count_by_class(&config.split(&dataset).unwrap().learned);
        assert!(counts.iter().all(|count| (2..=3).contains(count)), "{counts:?}");
        let notes = config.notes(&dataset).unwrap();
        assert_eq!(
            notes,
            [
                "augmentation: crop with padding 4, mirrored at random",
                "trained on 25 of 2000 images, 2 to 3 of each class"
            ]
        );
        let turns = TrainConfig { flip: Flip::Alternate, crop_fill: Fill::Reflect, ..config };
        assert_eq!(
            turns.notes(&dataset).unwrap()[0],
            "augmentation: crop with reflected padding 4, mirrored in every other epoch"
        );
        let all = TrainConfig { augment: false, ..TrainConfig::default() };
        assert_eq!(all.split(&dataset).unwrap(), Split { learned: (0..2000).collect(), held_out: vec![] });
        assert_eq!(all.notes(&dataset).unwrap(), ["augmentation: none"]);
    }

    fn sample() -> Dataset {
        Dataset::open(&crate::data::Source::Sample, "data".as_ref()).unwrap()
    }

    fn held_out(part: f64) -> TrainConfig {
        TrainConfig { validation: part, choice: Choice::Validation, ..TrainConfig::default() }
    }

    #[test]
    fn what_is_held_out_is_never_trained_on_and_is_the_same_for_a_seed() {
        let dataset = sample();
        let split = |seed, limit_train| TrainConfig { seed, limit_train, ..held_out(0.1) }.split(&dataset).unwrap();
        let whole = split(1, None);
        assert_eq!(dataset.count_by_class(&whole.held_out), [20; 10]);
        let mut all = [whole.learned.as_slice(), &whole.held_out].concat();
        all.sort_unstable();
        assert!(all.into_iter().eq(0..2000), "each image is on one side");
        let limited = split(1, Some(100));
        assert_eq!(limited.held_out, whole.held_out, "a limit comes after holding out");
        assert_eq!(dataset.count_by_class(&limited.learned), [10; 10]);
        assert!(limited.learned.iter().all(|image| whole.learned.contains(image)));
        assert_eq!(split(1, None), whole);
        assert_ne!(split(2, None).held_out, whole.held_out);
    }

    #[test]
    fn a_class_with_one_image_keeps_it_and_says_so() {
        let mut dataset = sample();
        // Three images of class 0, one of class 1, ten of class 2, none of others.
        let labels = &dataset.train.labels;
        let of_class = |class: u16, count: usize| (0..2000).filter(move |&i| labels[i] == class).take(count);
        let indices: Vec<usize> = of_class(0, 3).chain(of_class(1, 1)).chain(of_class(2, 10)).collect();
        dataset.train = dataset.train.pick(&indices);
        let Split { learned, held_out: held } = held_out(0.25).split(&dataset).unwrap();
        assert_eq!(dataset.count_by_class(&held)[..3], [1, 0, 3], "rounded, at least one, never all");
        assert_eq!(dataset.count_by_class(&learned)[..3], [2, 1, 7]);
        assert_eq!(dataset.count_by_class(&held_out(0.99).split(&dataset).unwrap().learned)[..3], [1, 1, 1]);
        let notes = held_out(0.25).notes(&dataset).unwrap();
        assert!(notes.iter().any(|n| n == "held out to choose the epoch by: 4 training images, 0 to 3 of each class"));
        assert!(
            notes.iter().any(|n| n == "of 1 class the only training image is trained on and not held out"),
            "{notes:?}"
        );
        dataset.train = dataset.train.pick(&[0, 3, 4]);
        let error = held_out(0.25).split(&dataset).unwrap_err().to_string();
        assert!(error.contains("validation 0.25") && error.contains("set validation to 0"), "{error}");
    }
}
