//! Single settings of a training's recipe.

use clap::Args;
use spikenas::cost::WeightBits;
use spikenas::data::Fill;
use spikenas::engine::{Decayed, LossKind, NormOver};
use spikenas::graph::NetworkConfig;
use spikenas::train::{Flip, NormStatistics, StemInit, TrainConfig};
use spikenas::{Error, Result};

/// What a training does otherwise than its recipe.
#[derive(Args, Clone)]
#[command(next_help_heading = "Recipe of the training")]
pub struct RecipeArguments {
    /// Learning rate at which a cosine ends, 0 allowed [default: 0; 0.00001 with adam, 0.001 with sgd]
    #[arg(long, value_name = "RATE")]
    pub final_learning_rate: Option<f64>,
    /// Epochs, or part of one, in which the learning rate rises from 0, step by step (Goyal et al. 2017) [default: 0]
    #[arg(long, value_name = "N")]
    pub warmup_epochs: Option<f64>,
    /// Train the first epochs with N timesteps, fewer than the network's, in so much less time; tests have all (time inheritance
    /// training, Deng et al. 2022); as many as the network's: all alike [default: 2; none with the recipe snasnet]
    #[arg(long, value_name = "N")]
    pub first_timesteps: Option<usize>,
    /// The part of the epochs that trains with --first-timesteps [default: 1; 0.6 with the recipe snasnet]
    #[arg(long, value_name = "PART")]
    pub first_part: Option<f64>,
    /// Keep the mean of the weights after each of the last N epochs, with batch norms estimated again on training images (SWA,
    /// Izmailov et al. 2018) [default: 0]
    #[arg(long, value_name = "N")]
    pub average_epochs: Option<usize>,
    /// Over what batch norms take their statistics in training: timestep, each by itself, or all, as tests do (tdBN, Zheng et al. 2021)
    /// [default: all; timestep with the recipe snasnet]
    #[arg(long, value_name = "WHAT", value_parser = one_of([("timestep", NormOver::Timestep), ("all", NormOver::All)]))]
    pub norm_over: Option<NormOver>,
    /// What batch norms normalise by in tests and in the model: running, the moving averages of the last mini-batches, or
    /// estimated, means over 50 mini-batches, of few images a quarter, after every epoch (Wu and Johnson 2021) [default: estimated; running
    /// with the recipe snasnet]
    #[arg(long, value_name = "WHAT")]
    #[arg(value_parser = one_of([("running", NormStatistics::Running), ("estimated", NormStatistics::Estimated)]))]
    pub norm_statistics: Option<NormStatistics>,
    /// Sharpness of the surrogate gradient of a spike, alpha of ATan (Fang et al. 2021): the smaller, the farther from its threshold a
    /// neuron learns [default: 2]
    #[arg(long, value_name = "X")]
    pub surrogate_alpha: Option<f32>,
    /// What the stem's filters are at the beginning: drawn, or whitening, the eigenvectors of patches of the training images, with either
    /// sign (Jordan 2024, airbench) [default: whitening; drawn with the recipe snasnet]
    #[arg(long, value_name = "WHAT", value_parser = one_of([("drawn", StemInit::Drawn), ("whitening", StemInit::Whitening)]))]
    pub stem_init: Option<StemInit>,
    /// What batch norms scale by at the beginning: above 1, more neurons fire [default: 1]
    #[arg(long, value_name = "X")]
    pub norm_gain: Option<f32>,
    /// Round weights to 8, 4 or 2 bits in every forward pass, for an integer network of as many; gradients pass straight through
    /// (Bengio et al. 2013) [default: no rounding]
    #[arg(long, value_name = "N")]
    pub weight_bits: Option<WeightBits>,
    /// What training images are padded with before a crop: black, or reflect, the image reflected [default: black]
    #[arg(long, value_name = "WHAT", value_parser = one_of([("black", Fill::Black), ("reflect", Fill::Reflect)]))]
    #[arg(conflicts_with = "no_augment")]
    pub crop_fill: Option<Fill>,
    /// The padding of a crop as a part of the shorter side, rounded down, where --crop-padding gives none [default: 0.0625; 0.125 with
    /// the recipe snasnet]
    #[arg(long, value_name = "PART")]
    pub crop_part: Option<f64>,
    /// Mirror half of the training images: random, or alternate, each in every other epoch (Jordan 2024, airbench) [default: random]
    #[arg(long, value_name = "HOW", value_parser = one_of([("random", Flip::Random), ("alternate", Flip::Alternate)]))]
    #[arg(conflicts_with_all = ["no_mirror", "no_augment"])]
    pub flip: Option<Flip>,
    /// Momentum of muon and sgd [default: 0.9]
    #[arg(long, value_name = "PART")]
    pub momentum: Option<f64>,
    /// Weight decay; that of muon and adamw is decoupled (Loshchilov and Hutter 2019) [default: 0.02; 0.0001 with
    /// sgd and adam; 0.0005 with the recipe snasnet]
    #[arg(long, value_name = "RATE")]
    pub weight_decay: Option<f64>,
    /// What weight decay holds for: all, or weights, which spares batch norms and biases (Goyal et al. 2017) [default: all]
    #[arg(long, value_name = "WHAT", value_parser = one_of([("all", Decayed::All), ("weights", Decayed::Weights)]))]
    pub weight_decay_of: Option<Decayed>,
    /// What the loss is of: mean, the output's mean over the timesteps, or timestep, the output of every timestep (TET, Deng et al.
    /// 2022) [default: mean]
    #[arg(long, value_name = "WHAT", value_parser = one_of([("mean", LossKind::Mean), ("timestep", LossKind::Timestep)]))]
    pub loss: Option<LossKind>,
    /// Probability with which an input of the classifier is dropped (Srivastava et al. 2014) [default: 0; 0.5 with the recipe
    /// snasnet]
    #[arg(long, value_name = "PART")]
    pub dropout: Option<f32>,
}

impl RecipeArguments {
    /// Changes what was given as an option.
    pub fn apply(&self, config: &mut TrainConfig) {
        set(&mut config.final_learning_rate, self.final_learning_rate);
        set(&mut config.warmup_epochs, self.warmup_epochs);
        config.first_timesteps = self.first_timesteps.or(config.first_timesteps);
        set(&mut config.first_part, self.first_part);
        set(&mut config.average_epochs, self.average_epochs);
        set(&mut config.norm_over, self.norm_over);
        set(&mut config.norm_statistics, self.norm_statistics);
        set(&mut config.surrogate_alpha, self.surrogate_alpha);
        set(&mut config.stem_init, self.stem_init);
        set(&mut config.norm_gain, self.norm_gain);
        config.weight_bits = self.weight_bits.or(config.weight_bits);
        set(&mut config.crop_fill, self.crop_fill);
        set(&mut config.crop_part, self.crop_part);
        set(&mut config.flip, self.flip);
        set(&mut config.momentum, self.momentum);
        set(&mut config.weight_decay, self.weight_decay);
        set(&mut config.weight_decay_of, self.weight_decay_of);
        set(&mut config.loss, self.loss);
        set(&mut config.dropout, self.dropout);
    }
}

impl RecipeArguments {
    /// Refuses options that change nothing in a network's training.
    pub fn check(&self, config: &TrainConfig, network: &NetworkConfig) -> Result<()> {
        let all = network.timesteps;
        match (self.first_timesteps, self.first_part, config.first_timesteps) {
            (Some(first), ..) if first > all => {
                Err(Error::invalid(format!("first-timesteps {first}: give at most the network's {all}")))
            }
            (Some(first), ..) if network.frames => Err(Error::invalid(format!(
                "first-timesteps {first}: of recordings all {all} frames are shown, one a timestep"
            ))),
            _ if self.crop_fill.is_some() && config.crop_padding == Some(0) => {
                Err(Error::invalid("crop-padding 0: there is nothing to fill, give a padding or no --crop-fill"))
            }
            (_, Some(part), None) => Err(Error::invalid(format!("first-part {part}: of what, --first-timesteps says"))),
            _ => Ok(()),
        }
    }
}

fn set<T>(setting: &mut T, given: Option<T>) {
    if let Some(given) = given {
        *setting = given;
    }
}

/// Reads one of these names.
fn one_of<T: Copy + Send + Sync, const N: usize>(
    choices: [(&'static str, T); N],
) -> impl Fn(&str) -> Result<T> + Clone + Send + Sync {
    move |text| {
        let found = choices.iter().find(|(name, _)| *name == text).map(|(_, choice)| *choice);
        found.ok_or_else(|| Error::invalid(format!("choose from {}", choices.map(|(name, _)| name).join(", "))))
    }
}
