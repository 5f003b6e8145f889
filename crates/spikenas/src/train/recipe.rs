use std::fmt;
use std::str::FromStr;

use super::config::{NormStatistics, OptimiserKind, StemInit, TrainConfig};
use super::schedule::Schedule;
use crate::data::Source;
use crate::engine::NormOver;
use crate::weights::Choice;
use crate::{Error, Result};

/// A named way to train, from which single settings may differ.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Recipe {
    /// SNASNet's (Kim et al., ECCV 2022), which the paper follows: made for 300 epochs, the epoch chosen on the test images.
    Snasnet,
    /// For the time that a person waits, chosen by the comparisons in `docs/recipe.md`: Muon, a learning rate that falls to 0 step by
    /// step, two timesteps, batch norms over all timesteps, a stem that whitens patches, little cropping, no dropout; the epoch chosen on
    /// training images that are held out.
    Fast,
}

impl Recipe {
    /// All of them.
    pub const ALL: [Self; 2] = [Self::Snasnet, Self::Fast];

    /// By which a preset's winner is trained where none is named: SNASNet's with the preset that is named after it.
    pub fn of_preset(preset: &str) -> Self {
        if preset == "snasnet-cifar10" { Self::Snasnet } else { Self::Fast }
    }

    /// Its name.
    pub fn name(self) -> &'static str {
        match self {
            Self::Snasnet => "snasnet",
            Self::Fast => "fast",
        }
    }
}

impl fmt::Display for Recipe {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for Recipe {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        let named = Self::ALL.into_iter().find(|recipe| recipe.name() == text);
        named.ok_or_else(|| Error::unknown("recipe", text, Self::ALL.map(Self::name)))
    }
}

impl TrainConfig {
    /// The settings of a recipe.
    pub fn of(recipe: Recipe) -> Self {
        match recipe {
            Recipe::Snasnet => Self::default(),
            Recipe::Fast => Self {
                dropout: 0.0,
                schedule: Schedule::CosinePerStep,
                first_timesteps: Some(2),
                first_part: 1.0,
                crop_part: 0.0625,
                norm_over: NormOver::All,
                stem_init: StemInit::Whitening,
                norm_statistics: NormStatistics::Estimated,
                validation: 0.1,
                choice: Choice::Validation,
                ..Self::default().by_optimiser(OptimiserKind::Muon)
            },
        }
    }

    /// The same training by an optimiser, with rates that suit it where it was another; Adam's are a hundredth of SGD's.
    pub fn by_optimiser(self, optimiser: OptimiserKind) -> Self {
        let [learning_rate, final_learning_rate] = match optimiser {
            same if same == self.optimiser => return self,
            OptimiserKind::Sgd => [0.1, 0.001],
            OptimiserKind::Adam => [0.001, 0.000_01],
            OptimiserKind::AdamW => [0.004, 0.0],
            OptimiserKind::Muon => [0.015, 0.0],
        };
        // A decoupled decay is multiplied by the learning rate and by nothing else.
        let is_decoupled = |kind| matches!(kind, OptimiserKind::AdamW | OptimiserKind::Muon);
        let weight_decay = match [optimiser, self.optimiser].map(is_decoupled) {
            [true, false] => 0.02,
            [false, true] => 1e-4,
            _ => self.weight_decay,
        };
        Self { optimiser, learning_rate, final_learning_rate, weight_decay, ..self }
    }

    /// The same training by a recipe: what depends on the images, the machine and the time that there is stays.
    pub fn by(&self, recipe: Recipe) -> Self {
        let Self { epochs, batch, accumulate, patience, augment, crop_padding, mirror, limit_train, seed, .. } = *self;
        let Self { minutes, weight_bits, checkpoint_minutes, tensorboard, keep_checkpoint, .. } = *self;
        Self {
            epochs,
            minutes,
            weight_bits,
            batch,
            accumulate,
            patience,
            augment,
            crop_padding,
            mirror,
            limit_train,
            seed,
            checkpoint_minutes,
            tensorboard,
            keep_checkpoint,
            ..Self::of(recipe)
        }
    }

    /// How a preset's winner is trained: by the recipe of the preset, in as many epochs as a person waits for, 16 with the sample and
    /// 30 with others; all 300 with the preset that is named after SNASNet.
    pub fn for_preset(preset: &str) -> Self {
        let recipe = Self::of(Recipe::of_preset(preset));
        match preset {
            "sample" => Self { epochs: 16, ..recipe },
            "snasnet-cifar10" => recipe,
            _ => Self { epochs: 30, ..recipe },
        }
    }

    /// The same training with images that are changed at random as a source's bear it.
    pub fn on_images_of(self, source: &Source) -> Self {
        Self { augment: source.is_augmented(), mirror: source.may_be_mirrored(), ..self }
    }

    /// How a winner is trained on so many samples of so many frames, changed at random as the data bear it: as with the preset that was named, or that was made for them; on
    /// others, in as many epochs as show about 900,000 images, 10 to 100. Three frames take about the time of an image, of which most
    /// epochs show two timesteps.
    pub fn for_data(preset: Option<&str>, source: &Source, samples: usize, frames: usize) -> Self {
        let config = Self::for_preset(preset.unwrap_or(source.preset())).on_images_of(source);
        if preset.is_some() || source.has_own_preset() {
            return config;
        }
        let epochs = 9e5 / samples.max(1) as f64 / (frames as f64 / 3.0).max(1.0);
        Self { epochs: epochs.round().clamp(10.0, 100.0) as usize, ..config }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn recipes_are_known_by_their_names_and_within_bounds() {
        for recipe in Recipe::ALL {
            assert_eq!(recipe.to_string().parse::<Recipe>().unwrap(), recipe);
            TrainConfig::of(recipe).check().unwrap();
        }
        assert!("snasnt".parse::<Recipe>().unwrap_err().to_string().contains("snasnet, fast"));
    }

    #[test]
    fn another_recipe_keeps_what_is_the_images_and_the_machine_s() {
        let config =
            TrainConfig { epochs: 5, mirror: false, seed: 9, tensorboard: true, ..TrainConfig::of(Recipe::Snasnet) };
        let fast = config.by(Recipe::Fast);
        assert_eq!((fast.epochs, fast.mirror, fast.seed, fast.tensorboard), (5, false, 9, true));
        assert_eq!((fast.dropout, fast.choice), (0.0, Choice::Validation));
        assert_eq!(fast.by(Recipe::Snasnet), config);
    }

    #[test]
    fn other_images_are_shown_as_often_as_there_is_time_for() {
        let epochs = |source: &str, samples: usize, frames: usize| {
            TrainConfig::for_data(None, &source.parse().unwrap(), samples, frames).epochs
        };
        assert_eq!([epochs("sample", 2000, 1), epochs("cifar10", 50_000, 1)], [16, 30], "as their presets");
        assert_eq!([epochs("fashion-mnist", 60_000, 1), epochs("pets", 500, 1)], [15, 100]);
        assert_eq!([epochs("waves", 9000, 9), epochs("nmnist", 60_000, 10)], [33, 10]);
        assert_eq!(TrainConfig::for_data(Some("cifar10"), &Source::Memory, 9, 1).epochs, 30);
    }

    #[test]
    fn nobody_waits_for_300_epochs_without_asking() {
        let epochs = |preset: &str| TrainConfig::for_preset(preset).epochs;
        assert_eq!([epochs("sample"), epochs("cifar10"), epochs("cifar100")], [16, 30, 30]);
        assert_eq!(epochs("snasnet-cifar10"), 300, "its recipe as published");
    }
}
