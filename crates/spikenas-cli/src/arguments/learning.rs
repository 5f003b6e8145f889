//! How a network learns.

use clap::Args;
use spikenas::graph::NetworkConfig;
use spikenas::train::{OptimiserKind, Recipe, Schedule, TrainConfig};
use spikenas::{Error, Result};

use super::recipe::RecipeArguments;

/// How a network learns, for however many epochs.
#[derive(Args, Clone)]
#[command(next_help_heading = "Training")]
pub struct LearningArguments {
    /// snasnet, the paper's, which chooses the epoch on the test images; or fast, for short trainings, which chooses it on training
    /// images that are held out; other options change single settings [default: fast; snasnet with
    /// the preset snasnet-cifar10]
    #[arg(long, value_name = "NAME")]
    pub recipe: Option<Recipe>,
    /// Show a mini-batch in N parts, to save memory; batch norm sees each part alone [default: 1]
    #[arg(long, value_name = "N")]
    pub accumulate: Option<usize>,
    /// muon (Jordan et al. 2024), adamw (Loshchilov and Hutter 2019), adam, or sgd, each with rates that suit it [default: muon; sgd with
    /// the recipe snasnet]
    #[arg(long, value_name = "NAME", value_parser = parse_optimizer)]
    pub optimizer: Option<OptimiserKind>,
    /// Learning rate of the first epoch, or at the end of its warm-up [default: 0.015; 0.004 with
    /// adamw, 0.001 with adam, 0.1 with sgd]
    #[arg(long, value_name = "RATE")]
    pub learning_rate: Option<f64>,
    /// How the learning rate changes: cosine (a rate per epoch), cosine-per-step, which ends at the final rate (Loshchilov and Hutter
    /// 2017), constant, or step:N, which divides it by 10 every N epochs
    /// [default: cosine-per-step; cosine with the recipe snasnet]
    #[arg(long, value_name = "NAME", value_parser = parse_schedule)]
    pub schedule: Option<Schedule>,
    /// Part of each target that is spread evenly over all classes [default: 0]
    #[arg(long, value_name = "PART")]
    pub label_smoothing: Option<f64>,
    /// Part of the training images of each class that is held out and chooses the epoch that is kept; 0 holds none out
    /// [default: 0.1; 0 with the recipe snasnet]
    #[arg(long, value_name = "PART")]
    pub validation: Option<f64>,
    /// Train on N training images only, every class alike, drawn by the seed
    #[arg(long, value_name = "N")]
    pub limit_train: Option<usize>,
    /// Pad training images with N pixels on every side and crop them at random [default: a sixteenth of the shorter side; an eighth
    /// with the recipe snasnet]
    #[arg(long, value_name = "N", conflicts_with = "no_augment")]
    pub crop_padding: Option<usize>,
    /// Mirror half of the training images, left to right [default: CIFAR and the sample only]
    #[arg(long, conflicts_with_all = ["no_mirror", "no_augment"])]
    pub mirror: bool,
    /// Mirror no training image
    #[arg(long)]
    pub no_mirror: bool,
    /// Neither crop nor mirror training images [default: with fashion-mnist and mnist]
    #[arg(long)]
    pub no_augment: bool,
    /// Minutes between checkpoints within an epoch [default: 10]
    #[arg(long, value_name = "N")]
    pub checkpoint_minutes: Option<f64>,
    /// Keep the checkpoint when all epochs are done, twice as large as the model: more epochs then go on without a seam
    #[arg(long)]
    pub keep_checkpoint: bool,
    #[command(flatten)]
    pub parts: RecipeArguments,
}

fn parse_optimizer(text: &str) -> Result<OptimiserKind> {
    match text {
        "sgd" => Ok(OptimiserKind::Sgd),
        "adam" => Ok(OptimiserKind::Adam),
        "adamw" => Ok(OptimiserKind::AdamW),
        "muon" => Ok(OptimiserKind::Muon),
        _ => Err(Error::invalid("choose from muon, adamw, adam, sgd")),
    }
}

fn parse_schedule(text: &str) -> Result<Schedule> {
    match (text, text.strip_prefix("step:").map(str::parse)) {
        ("cosine", _) => Ok(Schedule::Cosine),
        ("cosine-per-step", _) => Ok(Schedule::CosinePerStep),
        ("constant", _) => Ok(Schedule::Constant),
        (_, Some(Ok(epochs))) => Ok(Schedule::Step { epochs }),
        _ => Err(Error::invalid("choose from cosine, cosine-per-step, constant, step:N")),
    }
}

impl LearningArguments {
    /// Changes what was given as an option.
    pub fn apply(&self, config: &mut TrainConfig) {
        *config = self.recipe.map_or_else(|| config.clone(), |recipe| config.by(recipe));
        if let Some(optimizer) = self.optimizer {
            *config = config.clone().by_optimiser(optimizer);
        }
        config.accumulate = self.accumulate.unwrap_or(config.accumulate);
        config.schedule = self.schedule.unwrap_or(config.schedule);
        config.label_smoothing = self.label_smoothing.unwrap_or(config.label_smoothing);
        self.validation.iter().for_each(|&part| config.hold_out(part));
        config.learning_rate = self.learning_rate.unwrap_or(config.learning_rate);
        config.limit_train = self.limit_train.or(config.limit_train);
        let (crops, mirrors) = (self.parts.crop_fill.is_some(), self.mirror || self.parts.flip.is_some());
        if !config.augment && (mirrors || crops || self.crop_padding.is_some()) {
            // What was not asked for stays off.
            (config.augment, config.mirror) = (true, false);
            config.crop_padding = if crops { None } else { Some(0) };
        }
        config.augment &= !self.no_augment;
        config.crop_padding = self.crop_padding.or(config.crop_padding);
        config.mirror = (config.mirror || mirrors) && !self.no_mirror;
        config.keep_checkpoint |= self.keep_checkpoint;
        config.checkpoint_minutes = self.checkpoint_minutes.unwrap_or(config.checkpoint_minutes);
        self.parts.apply(config);
    }

    /// Whether what was given is in range and changes something in the training of a network.
    pub fn check(&self, config: &TrainConfig, network: &NetworkConfig) -> Result<()> {
        self.parts.check(config, network)?;
        config.check()
    }
}
