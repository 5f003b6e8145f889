//! Options that commands share: each has one name and one meaning.

use std::path::{Path, PathBuf};

use clap::Args;
use spikenas::cost::{Bits, Budget, Scope};
use spikenas::data::{DataConfig, Dataset, Source};
use spikenas::graph::{NetworkConfig, Shape};
use spikenas::random::fingerprint;
use spikenas::record::FORMAT_VERSION;
use spikenas::score::{ScoreConfig, ScoreKind};
use spikenas::search::{Method, SearchConfig};
use spikenas::space::{Architecture, Digits, Operation, SearchSpace};
use spikenas::train::{OptimiserKind, Recipe, Schedule, TrainConfig};
use spikenas::workflow::run::RunConfig;
use spikenas::{Error, Result};

use crate::output::say;
use crate::recipe::RecipeArguments;

/// Which images.
#[derive(Args, Clone)]
#[command(next_help_heading = "Images")]
pub struct DataArguments {
    /// sample (built in), cifar10, cifar100, or a folder with train/CLASS/*.png|jpg and test/CLASS/*.png|jpg [default: sample]
    #[arg(short = 'd', long, value_name = "NAME|PATH")]
    pub data: Option<Source>,
    /// Folder that holds cifar-10-batches-bin and cifar-100-binary [default: data]
    #[arg(long, value_name = "DIR")]
    pub data_dir: Option<PathBuf>,
}

impl DataArguments {
    /// Reads the images.
    pub fn open(&self) -> Result<Dataset> {
        self.check()?;
        let dataset = Dataset::open(&self.source(), &self.folder())?;
        say_notes(&dataset);
        Ok(dataset)
    }

    /// Reads the images that a run or a model was made of, from where these options say they lie now; returns where that is, too.
    pub fn open_again(&self, recorded: DataConfig, owner: &Path) -> Result<(DataConfig, Dataset)> {
        let source = self.data.clone().unwrap_or(recorded.source);
        let folder = self.data_dir.clone().unwrap_or(recorded.folder);
        Self { data: Some(source.clone()), data_dir: self.data_dir.clone() }.check()?;
        let place = DataConfig::at(source, folder);
        let dataset = match &self.data {
            Some(source) => Dataset::open(source, &place.folder)?,
            None => place.open(owner)?,
        };
        say_notes(&dataset);
        Ok((DataConfig::of(&place.source, &place.folder, &dataset), dataset))
    }

    /// Refuses a folder for CIFAR's that would not be looked at.
    pub fn check(&self) -> Result<()> {
        match (self.source(), &self.data_dir) {
            (Source::Sample | Source::Folder(_), Some(folder)) => Err(Error::invalid(format!(
                "data-dir {}: it is for cifar10 and cifar100, give --data with one of them",
                folder.display()
            ))),
            _ => Ok(()),
        }
    }

    /// The configuration that says so.
    pub fn config(&self, dataset: &Dataset) -> DataConfig {
        DataConfig::of(&self.source(), &self.folder(), dataset)
    }

    /// Where the images come from.
    pub fn source(&self) -> Source {
        self.data.clone().unwrap_or_default()
    }

    /// The folder that holds CIFAR's binary versions.
    pub fn folder(&self) -> PathBuf {
        self.data_dir.clone().unwrap_or_else(|| "data".into())
    }
}

/// The most bytes of a name of images in the name of a folder; file systems take 255 in all.
const NAME: usize = 100;

/// What images are called in the name of a folder: a long name is cut, with a number that stands for all of it.
pub fn short_name(source: &Source) -> String {
    let name = source.label();
    if name.len() <= NAME {
        return name;
    }
    let begin = &name[..name.floor_char_boundary(NAME - 17)];
    format!("{begin}-{:016x}", fingerprint(name.bytes()))
}

/// Says on stderr what is odd about images.
fn say_notes(dataset: &Dataset) {
    dataset.notes.iter().for_each(|note| say(&format!("note: {}: {note}", dataset.name)));
}

/// The network around the cells.
#[derive(Args, Clone)]
#[command(next_help_heading = "Network")]
pub struct NetworkArguments {
    /// Network settings: sample, cifar10, cifar100 or snasnet-cifar10 [default: as --data]
    #[arg(short = 'p', long, value_name = "NAME")]
    pub preset: Option<String>,
    /// Channels before and after the first reduction, such as 128,256 [default: the preset's; 16,32 with a folder of images]
    #[arg(long, value_name = "N,N", value_parser = parse_widths)]
    pub widths: Option<[usize; 2]>,
    /// Cells of the network: 1, 2 or 3
    #[arg(long, value_name = "N")]
    pub cells: Option<usize>,
    /// Timesteps for which an image is shown
    #[arg(long, value_name = "N")]
    pub timesteps: Option<usize>,
    /// Neurons of the classifier's hidden layer [default: the preset's]
    #[arg(long, value_name = "N")]
    pub hidden: Option<usize>,
    /// Side of the average pooling before the classifier: larger, it narrows the classifier [default: the preset's]
    #[arg(long, value_name = "N")]
    pub last_pool: Option<usize>,
}

/// Reads two widths.
pub fn parse_widths(text: &str) -> Result<[usize; 2]> {
    let numbers: Option<Vec<usize>> = text.split(',').map(|n| n.trim().parse().ok()).collect();
    let numbers = numbers.and_then(|n| <[usize; 2]>::try_from(n).ok());
    numbers.ok_or_else(|| Error::invalid("give two numbers, such as 128,256"))
}

impl NetworkArguments {
    /// The preset that was named, or that the images imply.
    pub fn preset(&self, data: &DataArguments) -> &str {
        self.preset.as_deref().unwrap_or(data.source().preset())
    }

    /// The preset with the options applied; a folder of images brings its own number of classes.
    pub fn config(&self, data: &DataArguments, dataset: Option<&Dataset>) -> Result<NetworkConfig> {
        let source = data.source();
        let mut config = self.preset.as_deref().map_or_else(|| source.network(), NetworkConfig::preset)?;
        if let (Source::Folder(_), None, Some(dataset)) = (&source, &self.preset, dataset) {
            config.classes = dataset.classes.len();
        }
        config.widths = self.widths.unwrap_or(config.widths);
        config.cells = self.cells.unwrap_or(config.cells);
        config.timesteps = self.timesteps.unwrap_or(config.timesteps);
        config.hidden = self.hidden.unwrap_or(config.hidden);
        config.last_pool = self.last_pool.unwrap_or(config.last_pool);
        config.check()?;
        Ok(config)
    }
}

/// Reads the shape of an image: channels, rows, columns.
pub fn parse_shape(text: &str) -> Result<Shape> {
    let numbers: Option<Vec<usize>> = text.split('x').map(|n| n.trim().parse().ok()).collect();
    match numbers.as_deref() {
        Some(&[channels, height, width]) if (1..=4).contains(&channels) => Ok(Shape { channels, height, width }),
        _ => Err(Error::invalid("give channels (1 to 4), rows and columns, such as 3x32x32")),
    }
}

/// Shape of the images of every dataset but folders.
pub const CIFAR: Shape = Shape { channels: 3, height: 32, width: 32 };

/// The operations of the space.
#[derive(Args, Clone)]
#[command(next_help_heading = "Search space")]
pub struct SpaceArguments {
    /// Operations on an edge, joined by commas: zeroize, skip, conv1x1, conv3x3, avgpool3x3; or a set: snasnet,
    /// spikenas-3o, spikenas-2o, spikenas-bench
    #[arg(long, value_name = "NAMES", default_value = "spikenas-3o", value_parser = parse_operations)]
    pub ops: Operations,
}

/// Operations of a space, and the digits in which its architectures are written.
#[derive(Clone)]
pub struct Operations(pub Vec<Operation>, pub Digits);

/// Reads operations of a space.
pub fn parse_operations(text: &str) -> Result<Operations> {
    let digits = if text == "spikenas-bench" { Digits::SpikenasBench } else { Digits::Snasnet };
    Ok(Operations(SearchSpace::parse_operations(text)?, digits))
}

/// The operations that an architecture given as an option may use, and its digits.
#[derive(Args, Clone)]
#[command(next_help_heading = "Architecture")]
pub struct DigitArguments {
    /// Operations that the architecture may use: names joined by commas, or a set; spikenas-bench reads the digits as that set's
    /// [default: all of SNASNet's]
    #[arg(long, value_name = "NAMES", value_parser = parse_operations)]
    pub ops: Option<Operations>,
}

impl DigitArguments {
    /// Reads an architecture; one with another operation is refused.
    pub fn architecture(&self, text: &str) -> Result<Architecture> {
        let Some(Operations(allowed, digits)) = &self.ops else { return text.parse() };
        let architecture = Architecture::parse(text, *digits)?;
        let other = |o: &Operation| !allowed.contains(o);
        match architecture.cells().iter().flat_map(|cell| cell.operations()).find(other) {
            Some(other) => Err(Error::invalid(format!("`{architecture}` has {other}, which --ops leaves out"))),
            None => Ok(architecture),
        }
    }
}

/// The budget.
#[derive(Args, Clone)]
#[command(next_help_heading = "Budget")]
pub struct BudgetArguments {
    /// The most memory that a network may take: parameters (1.2M, 800k) or bytes (480KiB, 180KB, 2MiB) at --bits
    #[arg(short = 'b', long, value_name = "N", allow_hyphen_values = true)]
    pub budget: Option<Budget>,
    /// What the budget counts: the backbone (all but the classifier) or the whole network
    #[arg(long, value_name = "WHAT", default_value = "backbone", value_parser = parse_scope)]
    pub scope: Scope,
    /// Bits per parameter, for a budget in bytes [default: 32]
    #[arg(long, value_name = "N", value_parser = parse_bits)]
    pub bits: Option<Bits>,
}

impl BudgetArguments {
    /// The precision at which a budget in bytes is compared; where there is none, nothing depends on it.
    pub fn precision(&self) -> Result<Bits> {
        match (self.bits, self.budget) {
            (Some(bits), None | Some(Budget::Parameters(_))) => {
                let bits = bits.get();
                Err(Error::invalid(format!("bits {bits}: only a budget in bytes, such as 480KiB, depends on it")))
            }
            (bits, _) => Ok(bits.unwrap_or_default()),
        }
    }
}

fn parse_scope(text: &str) -> Result<Scope> {
    let all = [Scope::Backbone, Scope::Network];
    all.into_iter().find(|s| s.to_string() == text).ok_or_else(|| Error::invalid("choose from backbone, network"))
}

/// Reads a precision.
pub fn parse_bits(text: &str) -> Result<Bits> {
    Bits::new(text.parse().map_err(|_| Error::invalid("give 1 to 64"))?)
}

/// How architectures are scored.
#[derive(Args, Clone)]
#[command(next_help_heading = "Score")]
pub struct ScoreArguments {
    /// Which score: funnel, sahd (the paper's), sahd-unscaled, hamming, layer-kernel, membrane-entropy, synflow, zico, depth or
    /// parameters [default: funnel; sahd with the preset snasnet-cifar10]
    #[arg(long, value_name = "NAME")]
    pub score: Option<ScoreKind>,
    /// Images of a mini-batch [default: 64]
    #[arg(long, value_name = "N")]
    pub batch: Option<usize>,
    /// Mini-batches, each with weights of its own, whose scores are averaged [default: 1]
    #[arg(long, value_name = "N")]
    pub repeats: Option<usize>,
    /// Most memory for feature maps: what architectures have in common is computed again rather than go beyond it [default:
    /// 4GiB]
    #[arg(long, value_name = "SIZE", value_parser = parse_memory)]
    pub memory: Option<u64>,
}

fn parse_memory(text: &str) -> Result<u64> {
    match text.parse() {
        Ok(Budget::Bytes(bytes)) => Ok(bytes),
        _ => Err(Error::invalid("give a size such as 800MiB or 4GiB")),
    }
}

impl ScoreArguments {
    /// The configuration that says so. Errors: options that the score has no use for.
    pub fn config(&self, network: &NetworkArguments, seed: u64) -> Result<ScoreConfig> {
        let default = ScoreConfig::default();
        let kind = self.score.unwrap_or_else(|| ScoreKind::of_preset(network.preset.as_deref().unwrap_or_default()));
        if !kind.is_drawn() && (self.repeats.is_some() || self.memory.is_some()) {
            return Err(Error::invalid(format!("score {kind}: it draws nothing, and takes no repeats and no memory")));
        }
        Ok(ScoreConfig {
            kind,
            batch: self.batch.unwrap_or(default.batch),
            repeats: self.repeats.unwrap_or(default.repeats),
            seed,
            memory: self.memory.unwrap_or(default.memory),
        })
    }
}

/// How candidates are chosen.
#[derive(Args, Clone)]
#[command(next_help_heading = "Search")]
pub struct MethodArguments {
    /// spikenas (Algorithm 1 of the paper), random (SNASNet's) or exhaustive
    #[arg(long, value_name = "NAME", default_value = "spikenas")]
    pub method: Method,
    /// Candidates that a random search draws [default: 5000]
    #[arg(long, value_name = "N")]
    pub iterations: Option<usize>,
    /// Score the ten leading candidates N times more, with other weights and images, and take the smallest of those not
    /// significantly different from the best; 0 takes the highest score, as the paper does
    #[arg(long, value_name = "N", default_value = "4")]
    pub confirm: usize,
}

impl MethodArguments {
    /// Draws of a random search; other methods draw nothing.
    fn draws(&self) -> Result<usize> {
        match (self.iterations, self.method) {
            (Some(draws), Method::Spikenas | Method::Exhaustive) => {
                Err(Error::invalid(format!("iterations {draws}: only the method random draws candidates")))
            }
            (draws, _) => Ok(draws.unwrap_or(SearchConfig::default().iterations)),
        }
    }
}

/// How a network is trained.
#[derive(Args, Clone)]
#[command(next_help_heading = "Training")]
pub struct TrainArguments {
    /// snasnet, the paper's, which chooses the epoch on the test images; or fast, for short trainings, which chooses it on training
    /// images that are held out; other options change single settings [default: fast; snasnet with
    /// the preset snasnet-cifar10]
    #[arg(long, value_name = "NAME")]
    pub recipe: Option<Recipe>,
    /// Passes over the training images [default: 30; 8 with the preset sample, 300 with
    /// snasnet-cifar10]
    #[arg(short = 'e', long, value_name = "N")]
    pub epochs: Option<usize>,
    /// Show a mini-batch in N parts, to save memory; batch norm sees each part alone [default: 1]
    #[arg(long, value_name = "N")]
    pub accumulate: Option<usize>,
    /// sgd, adam, or adamw [default: sgd]
    #[arg(long, value_name = "NAME", value_parser = parse_optimizer)]
    pub optimizer: Option<OptimiserKind>,
    /// Learning rate of the first epoch, or at the end of its warm-up [default: 0.1; 0.001 with adam and adamw]
    #[arg(long, value_name = "RATE")]
    pub learning_rate: Option<f64>,
    /// How the learning rate changes: cosine (a rate per epoch), cosine-per-step, which ends at the final rate (Loshchilov and Hutter
    /// 2017), constant, or step:N, which divides it by 10 every N epochs [default: cosine]
    #[arg(long, value_name = "NAME", value_parser = parse_schedule)]
    pub schedule: Option<Schedule>,
    /// Part of each target that is spread evenly over all classes [default: 0]
    #[arg(long, value_name = "PART")]
    pub label_smoothing: Option<f64>,
    /// Part of the training images of each class that is held out and chooses the epoch that is kept; 0 holds none out
    /// [default: 0.1; 0 with the recipe snasnet]
    #[arg(long, value_name = "PART")]
    pub validation: Option<f64>,
    /// End after N epochs without a better accuracy on the images that choose the epoch [default: never]
    #[arg(long, value_name = "N")]
    pub patience: Option<usize>,
    /// Train on N training images only, every class alike, drawn by the seed
    #[arg(long, value_name = "N")]
    pub limit_train: Option<usize>,
    /// Pad training images with N pixels on every side and crop them at random [default: an eighth of the shorter side]
    #[arg(long, value_name = "N", conflicts_with = "no_augment")]
    pub crop_padding: Option<usize>,
    /// Mirror half of the training images, left to right [default: CIFAR and the sample only]
    #[arg(long, conflicts_with_all = ["no_mirror", "no_augment"])]
    pub mirror: bool,
    /// Mirror no training image
    #[arg(long)]
    pub no_mirror: bool,
    /// Neither crop nor mirror training images
    #[arg(long)]
    pub no_augment: bool,
    /// Minutes between checkpoints within an epoch [default: 10]
    #[arg(long, value_name = "N")]
    pub checkpoint_minutes: Option<f64>,
    /// Keep the checkpoint when all epochs are done, twice as large as the model: more epochs then go on without a seam
    #[arg(long)]
    pub keep_checkpoint: bool,
    /// Write TensorBoard's event files, too, into RUN/tensorboard
    #[arg(long)]
    pub tensorboard: bool,
    /// Where to train: cpu, or wgpu (Vulkan, Metal, DirectX 12) or cuda where they are built in; search and test stay on the CPU
    #[arg(long, value_name = "NAME", default_value = "cpu")]
    pub device: String,
    #[command(flatten)]
    pub parts: RecipeArguments,
}

fn parse_optimizer(text: &str) -> Result<OptimiserKind> {
    match text {
        "sgd" => Ok(OptimiserKind::Sgd),
        "adam" => Ok(OptimiserKind::Adam),
        "adamw" => Ok(OptimiserKind::AdamW),
        _ => Err(Error::invalid("choose from sgd, adam, adamw")),
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

impl TrainArguments {
    /// Changes what was given as an option, for the training of a network.
    pub fn apply(&self, config: &mut TrainConfig, network: &NetworkConfig) -> Result<()> {
        *config = self.recipe.map_or_else(|| config.clone(), |recipe| config.by(recipe));
        config.epochs = self.epochs.unwrap_or(config.epochs);
        if let Some(OptimiserKind::Adam | OptimiserKind::AdamW) = self.optimizer {
            // A hundredth of SGD's learning rates.
            config.learning_rate = 0.001;
            config.final_learning_rate = 0.000_01;
        }
        config.optimiser = self.optimizer.unwrap_or(config.optimiser);
        config.accumulate = self.accumulate.unwrap_or(config.accumulate);
        config.schedule = self.schedule.unwrap_or(config.schedule);
        config.label_smoothing = self.label_smoothing.unwrap_or(config.label_smoothing);
        self.validation.iter().for_each(|&part| config.hold_out(part));
        config.patience = self.patience.or(config.patience);
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
        config.tensorboard |= self.tensorboard;
        config.keep_checkpoint |= self.keep_checkpoint;
        config.checkpoint_minutes = self.checkpoint_minutes.unwrap_or(config.checkpoint_minutes);
        self.parts.apply(config);
        self.parts.check(config, network)?;
        config.check()
    }
}

/// Seed, threads and form of the result.
#[derive(Args, Clone)]
#[command(next_help_heading = "General")]
pub struct CommonArguments {
    /// Seed of everything that is drawn [default: 1]
    #[arg(short = 's', long, value_name = "N")]
    pub seed: Option<u64>,
    #[command(flatten)]
    pub machine: MachineArguments,
}

impl CommonArguments {
    /// The seed, where none was given 1.
    pub fn seed(&self) -> u64 {
        self.seed.unwrap_or(1)
    }
}

/// Threads and form of the result.
#[derive(Args, Clone)]
#[command(next_help_heading = "General")]
pub struct MachineArguments {
    /// Threads, at most as many as the machine has cores [default: all cores]
    #[arg(short = 'j', long, value_name = "N")]
    pub threads: Option<usize>,
    /// Print the result as one JSON document
    #[arg(long)]
    pub json: bool,
}

impl MachineArguments {
    /// Starts the threads.
    pub fn start_threads(&self) -> Result<()> {
        let cores = std::thread::available_parallelism().map_or(1, usize::from);
        let threads = self.threads.unwrap_or(cores);
        if threads == 0 || threads > cores {
            return Err(Error::invalid(format!(
                "threads {threads}: this machine has {cores} cores, give 1 to {cores}"
            )));
        }
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build_global();
        pool.map_err(|e| {
            Error::io("threads")(std::io::Error::other(format!("{threads} cannot be started ({e}): lower --threads")))
        })
    }
}

/// Everything that a search needs.
#[derive(Args, Clone)]
pub struct SearchArguments {
    #[command(flatten)]
    pub data: DataArguments,
    #[command(flatten)]
    pub network: NetworkArguments,
    #[command(flatten)]
    pub space: SpaceArguments,
    #[command(flatten)]
    pub budget: BudgetArguments,
    #[command(flatten)]
    pub score: ScoreArguments,
    #[command(flatten)]
    pub method: MethodArguments,
    #[command(flatten)]
    pub common: CommonArguments,
}

impl SearchArguments {
    /// The configuration of a run with these options.
    pub fn config(&self, dataset: &Dataset) -> Result<RunConfig> {
        let seed = self.common.seed();
        let score = self.score.config(&self.network, seed)?;
        let preset = self.network.preset(&self.data);
        let mirror = self.data.source().may_be_mirrored();
        let train = TrainConfig { batch: score.batch, seed, mirror, ..TrainConfig::for_preset(preset) };
        Ok(RunConfig {
            version: FORMAT_VERSION,
            architecture: None,
            lineage: None,
            data: self.data.config(dataset),
            network: self.network.config(&self.data, Some(dataset))?,
            score,
            search: SearchConfig {
                method: self.method.method,
                operations: self.space.ops.0.clone(),
                budget: self.budget.budget,
                scope: self.budget.scope,
                bits: self.budget.precision()?,
                iterations: self.method.draws()?,
                confirm: self.method.confirm,
                seed,
            },
            train,
        })
    }

    /// Where a run with these options is kept by default: `runs/sample-2c3o-40k-seed1`.
    pub fn default_folder(&self, config: &RunConfig) -> PathBuf {
        let name = short_name(&config.data.source);
        let (cells, operations) = (config.network.cells, config.search.operations.len());
        let budget = config.search.budget.map_or(String::new(), |budget| format!("-{}", short(budget)));
        Path::new("runs").join(format!("{name}-{cells}c{operations}o{budget}-seed{}", config.search.seed))
    }
}

/// A budget as it is usually given: `40k`, `1.2M`, `480KiB`.
fn short(budget: Budget) -> String {
    match budget {
        Budget::Parameters(n) if n >= 1_000_000 && n % 100_000 == 0 => format!("{}M", n as f64 / 1e6),
        Budget::Parameters(n) if n >= 1000 && n % 1000 == 0 => format!("{}k", n / 1000),
        other => other.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_folders_are_short_enough_and_differ_as_the_images_do() {
        let name = |text: &str| short_name(&text.parse().unwrap());
        assert_eq!(name("sample"), "sample");
        assert_eq!(name("some/pets/"), "pets");
        assert_eq!(name("/"), "images");
        let long = "é".repeat(120);
        assert!(name(&long).len() <= NAME && name(&long).starts_with("éééé"), "{}", name(&long));
        assert_ne!(name(&long), name(&format!("{long}é")));
    }
}
