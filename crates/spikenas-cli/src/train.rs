use std::path::{Path, PathBuf};

use clap::Args;
use serde::Serialize;
use spikenas::data::Dataset;
use spikenas::engine::engine;
use spikenas::search::SearchConfig;
use spikenas::space::Architecture;
use spikenas::train::EpochRecord;
use spikenas::workflow::run::{self, RunConfig, RunFolder};
use spikenas::{Error, Result};

use crate::arguments::{DataArguments, SearchArguments, TrainArguments, open_images};
use crate::output::{duration, print};
use crate::progress::Terminal;

/// Options and groups of options for an architecture of the user's own; a run has its own.
const OWN: [&str; 8] =
    ["arch", "data", "NetworkArguments", "SpaceArguments", "BudgetArguments", "score", "repeats", "MethodArguments"];

/// Train a run's winner, or an architecture of your own.
#[derive(Args)]
pub struct Arguments {
    /// The run folder whose winner is trained, with the images and the network of its search
    #[arg(value_name = "RUN", conflicts_with_all = OWN)]
    run: Option<PathBuf>,
    /// The architecture to train: a connection matrix, such as "0313 0031 0003 0000", or one matrix per cell joined by
    /// `/`
    #[arg(short = 'a', long, value_name = "MATRIX")]
    arch: Option<String>,
    /// Run folder of a training with --arch
    #[arg(short = 'o', long, value_name = "DIR", requires = "arch")]
    out: Option<PathBuf>,
    /// Continue from the last checkpoint
    #[arg(long)]
    resume: bool,
    #[command(flatten)]
    train: TrainArguments,
    #[command(flatten)]
    search: SearchArguments,
}

/// The result of a training.
#[derive(Serialize)]
pub struct Trained {
    pub architecture: Architecture,
    pub model: PathBuf,
    pub epochs: Vec<EpochRecord>,
}

/// Where a training is kept, its settings, its images, what is trained.
type Prepared = (RunFolder, RunConfig, Dataset, Architecture);

pub fn run(arguments: Arguments) -> Result<()> {
    arguments.search.common.machine.start_threads()?;
    let engine = engine(&arguments.train.device)?;
    let progress = &mut Terminal::new();
    let (folder, config, dataset, architecture) = match (&arguments.run, &arguments.arch) {
        (Some(path), _) => winner(path, &arguments, progress)?,
        (None, Some(text)) => own(text, &arguments, progress)?,
        (None, None) => return Err(Error::invalid("give a run folder or --arch")),
    };
    let epochs = run::train(&config, &architecture, &dataset, engine.as_ref(), &folder, arguments.resume, progress)?;
    let trained = Trained { architecture, model: folder.model_path(), epochs };
    print(arguments.search.common.machine.json, &trained, || words(&trained))
}

/// A run's winner with the images and the network of its search.
fn winner(path: &Path, arguments: &Arguments, progress: &mut Terminal) -> Result<Prepared> {
    let (folder, mut config) = RunFolder::existing(path)?;
    let architecture = match (&config.architecture, folder.search_record()?) {
        (Some(architecture), _) => architecture.clone(),
        (None, Some(record)) => record.architecture,
        (None, None) => return Err(Error::file(path, "its search is not finished: repeat it with the same --out")),
    };
    let search = &arguments.search;
    config.train.batch = search.score.batch.unwrap_or(config.train.batch);
    config.train.seed = search.common.seed.unwrap_or(config.train.seed);
    DataArguments { data: config.data.source.clone(), data_dir: search.data.data_dir.clone() }.check()?;
    config.data.folder = search.data.data_dir.clone().unwrap_or(config.data.folder);
    arguments.train.apply(&mut config.train)?;
    let dataset = open_images(&config.data.source, &config.data.folder)?;
    run::check_training(&config, &dataset)?;
    folder.winner(&config, dataset.train.shape)?;
    Ok((RunFolder::open(path, &config, progress)?, config, dataset, architecture))
}

/// An architecture of the user's own.
fn own(text: &str, arguments: &Arguments, progress: &mut Terminal) -> Result<Prepared> {
    let architecture = arguments.search.space.architecture(text)?;
    let dataset = arguments.search.data.open()?;
    let mut config = arguments.search.config(&dataset)?;
    config.search = SearchConfig { seed: config.search.seed, ..SearchConfig::default() };
    config.architecture = Some(architecture.clone());
    arguments.train.apply(&mut config.train)?;
    run::check_training(&config, &dataset)?;
    let path = match &arguments.out {
        Some(path) => path.clone(),
        None => {
            RunFolder::free_or_same(&PathBuf::from("runs").join(format!("trained-seed{}", config.train.seed)), &config)?
        }
    };
    Ok((RunFolder::open(&path, &config, progress)?, config, dataset, architecture))
}

/// The result in words.
pub fn words(trained: &Trained) -> String {
    let best = trained.epochs.iter().map(|e| e.test_accuracy).fold(0.0, f64::max);
    let last = trained.epochs.last().map_or(0.0, |e| e.test_accuracy);
    let seconds: f64 = trained.epochs.iter().map(|e| e.seconds).sum();
    let rate = trained.epochs.iter().map(|e| e.images_per_second).sum::<f64>() / trained.epochs.len().max(1) as f64;
    format!(
        "training      {} epochs in {}, {rate:.0} images/s; test accuracy {best:.2} % at best, {last:.2} % at the end\nmodel         {}",
        trained.epochs.len(),
        duration(seconds),
        trained.model.display(),
    )
}
