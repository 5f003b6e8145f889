use std::path::{Path, PathBuf};
use std::time::Instant;

use clap::Args;
use serde::Serialize;
use spikenas::data::Dataset;
use spikenas::engine::engine;
use spikenas::record::FORMAT_VERSION;
use spikenas::score::ScoreConfig;
use spikenas::search::SearchConfig;
use spikenas::space::{Architecture, Digits};
use spikenas::train::{EpochRecord, TrainConfig};
use spikenas::workflow::front::{self, Answer};
use spikenas::workflow::run::{self, Engines, EvaluationRecord, Lineage, RunConfig, RunFolder};
use spikenas::{Error, Result, counted};

use crate::arguments::{CommonArguments, DataArguments, NetworkArguments, TaskArguments, TrainArguments};
use crate::evaluate;
use crate::front::Answers;
use crate::named::NamedModel;
use crate::output::{duration, print};
use crate::progress::Terminal;
use crate::seeds::Several;

/// Options and groups of options for an architecture of the user's own; a run has its own.
const OWN: [&str; 2] = ["arch", "NetworkArguments"];

/// Train a run's winner, or an architecture of your own.
#[derive(Args)]
pub struct Arguments {
    /// The run folder whose winner is trained, with the images and the network of its search; --data says where the images
    /// lie now
    #[arg(value_name = "RUN", conflicts_with_all = OWN)]
    run: Option<PathBuf>,
    /// The architecture to train: a connection matrix, such as "0313 0031 0003 0000", or one matrix per cell joined by
    /// `/`
    #[arg(short = 'a', long, value_name = "MATRIX")]
    arch: Option<String>,
    /// Run folder of the training [default: RUN, or a new one under runs/]
    #[arg(short = 'o', long, value_name = "DIR")]
    out: Option<PathBuf>,
    /// Begin with the weights of another run, or of a .safetensors file, that fit the network
    #[arg(long, value_name = "RUN|FILE")]
    from: Option<PathBuf>,
    /// Continue from the last checkpoint; with another number of --epochs, on the schedule of that many
    #[arg(long)]
    resume: bool,
    /// Train with N seeds, one after the other, each in a folder of its own, and take their mean
    #[arg(long, value_name = "N", requires = "arch", conflicts_with = "run")]
    seeds: Option<usize>,
    /// Train every answer of RUN's search to several budgets, and every candidate of its front, each in a folder of its own in RUN;
    /// repeated after an interruption, it continues
    #[arg(long, requires = "run", conflicts_with_all = ["out", "from", "seeds", "resume"])]
    front: bool,
    #[command(flatten)]
    tasks: TaskArguments,
    /// Images of a mini-batch [default: 64]
    #[arg(long, value_name = "N", help_heading = "Training")]
    batch: Option<usize>,
    #[command(flatten)]
    train: TrainArguments,
    #[command(flatten)]
    data: DataArguments,
    #[command(flatten)]
    network: NetworkArguments,
    #[command(flatten)]
    common: CommonArguments,
}

/// The result of a training.
#[derive(Serialize)]
pub struct Trained {
    pub architecture: Architecture,
    pub model: PathBuf,
    pub epochs: Vec<EpochRecord>,
}

/// A training with the test at its end.
#[derive(Serialize)]
struct Tested {
    #[serde(flatten)]
    trained: Trained,
    evaluate: EvaluationRecord,
}

/// What is trained, and where it is kept.
struct Plan {
    path: PathBuf,
    config: RunConfig,
    architecture: Architecture,
}

pub fn run(arguments: Arguments) -> Result<()> {
    let begin = Instant::now();
    arguments.common.machine.start_threads()?;
    let (cpu, device) = (engine("cpu")?, engine(&arguments.train.device)?);
    let progress = &mut Terminal::new();
    let (plan, dataset) = match (&arguments.run, &arguments.arch) {
        (Some(path), _) => winner(path, &arguments)?,
        (None, Some(text)) => own(text, &arguments)?,
        (None, None) => return Err(Error::invalid("give a run folder or --arch")),
    };
    let Plan { path, mut config, architecture } = plan;
    if !arguments.front && arguments.tasks.is_given() {
        return Err(Error::invalid("a training alone has no tasks: add --front, or leave them out"));
    }
    if arguments.front {
        return answers(&path, &config, &dataset, Engines { cpu: &cpu, device: device.as_ref() }, &arguments, progress);
    }
    if let Some(seeds) = arguments.seeds {
        let (config, dataset, cpu, device) = (&config, &dataset, &cpu, device.as_ref());
        let (out, is_json) = (arguments.out, arguments.common.machine.json);
        let default = PathBuf::from("runs").join(format!("trained-seed{}", config.train.seed));
        return Several { config, seeds, dataset, cpu, device, out, default, is_json }.run();
    }
    run::check_training(&config, &dataset, device.as_ref())?;
    if arguments.from.is_some() {
        run::check_start(&config, &architecture, &dataset)?;
    }
    run::adopt_plan(&mut config, &path);
    let folder = open(&path, &config, arguments.resume, progress)?;
    let spent = begin.elapsed().as_secs_f64();
    run::plan(&mut config, &architecture, &dataset, device.as_ref(), &folder, spent, progress)?;
    let epochs = run::train(&config, &architecture, &dataset, device.as_ref(), &folder, arguments.resume, progress)?;
    let trained = Trained { architecture, model: folder.model_path(), epochs };
    let evaluate = run::test_folder(&folder, &config, &dataset, cpu.as_ref(), progress)?;
    let tested = Tested { trained, evaluate };
    print(arguments.common.machine.json, &tested, || {
        format!("{}\n{}", words(&tested.trained), evaluate::words(&tested.evaluate))
    })
}

/// Trains all answers of a search.
fn answers(
    path: &Path,
    config: &RunConfig,
    dataset: &Dataset,
    engines: Engines<'_>,
    arguments: &Arguments,
    progress: &mut Terminal,
) -> Result<()> {
    front::check(config, dataset, engines).map_err(|e| Error::file(path, e.to_string()))?;
    let Some(search) = &RunFolder::existing(path)?.0.search_record()? else {
        return Err(Error::file(path, "its search is not finished: repeat it with the same --out"));
    };
    let is_json = arguments.common.machine.json;
    let one = |number| {
        let folder = RunFolder::open_shared(path, config, progress)?;
        front::run_task(config, search, dataset, engines, &folder, number, progress)
    };
    if arguments.tasks.answer(is_json, || front::tasks(config, search, path), one, front_words)? {
        return Ok(());
    }
    let folder = &RunFolder::open(path, config, progress)?;
    Answers { config, search, dataset, engines, folder, is_json }.train(progress)
}

/// One network of a front in words.
fn front_words(Answer { architecture, limits }: &Answer) -> String {
    let limits: Vec<String> = limits.iter().rev().map(ToString::to_string).collect();
    let limits = if limits.is_empty() { String::new() } else { format!("  for {}", limits.join(" and ")) };
    format!("{architecture}{limits}")
}

/// Opens the folder; a training that goes on may have another number of epochs than it began with.
fn open(path: &Path, config: &RunConfig, resume: bool, progress: &mut Terminal) -> Result<RunFolder> {
    let old = match RunFolder::existing(path) {
        Ok((_, old)) if resume => old,
        _ => return RunFolder::open(path, config, progress),
    };
    let mut opened = config.clone();
    (opened.train.epochs, opened.train.minutes) = (old.train.epochs, old.train.minutes);
    let folder = RunFolder::open(path, &opened, progress)?;
    run::reschedule(&folder, &opened, config, progress)?;
    Ok(folder)
}

/// A run's winner with the images and the network of its search, in its own folder or in another.
fn winner(path: &Path, arguments: &Arguments) -> Result<(Plan, Dataset)> {
    let (folder, mut config) = RunFolder::existing(path)?;
    let searched = config.clone();
    let architecture = match (&config.architecture, folder.search_record()?) {
        (Some(architecture), _) => architecture.clone(),
        (None, Some(record)) => record.architecture,
        (None, None) => return Err(Error::file(path, "its search is not finished: repeat it with the same --out")),
    };
    config.train.batch = arguments.batch.unwrap_or(config.train.batch);
    config.train.seed = arguments.common.seed.unwrap_or(config.train.seed);
    let (data, dataset) = arguments.data.open_again(config.data, path)?;
    config.data = data;
    arguments.train.apply(&mut config.train, &config.network)?;
    let mut out = path.to_path_buf();
    if let Some(other) = arguments.out.as_ref().filter(|other| !is_same(other, path)) {
        out.clone_from(other);
        config = config.of_architecture(&architecture);
        config.lineage =
            Some(Lineage { found_by: Some(std::path::absolute(path).map_err(Error::io(path))?), weights: None });
    }
    begin_with(&mut config, arguments)?;
    folder.winner(&searched, dataset.train.shape)?;
    Ok((Plan { path: out, config, architecture }, dataset))
}

/// Whether two paths lead to the same folder.
fn is_same(a: &Path, b: &Path) -> bool {
    a == b || a.canonicalize().ok().zip(b.canonicalize().ok()).is_some_and(|(a, b)| a == b)
}

/// An architecture of the user's own.
fn own(text: &str, arguments: &Arguments) -> Result<(Plan, Dataset)> {
    let architecture = Architecture::parse(text, Digits::Snasnet)?;
    let dataset = arguments.data.open()?;
    let seed = arguments.common.seed();
    let preset = arguments.network.preset.as_deref();
    let usual = TrainConfig::for_data(preset, &arguments.data.source(), dataset.train.len(), dataset.train.frames);
    let train = TrainConfig { seed, ..usual };
    let mut config = RunConfig {
        version: FORMAT_VERSION,
        architecture: None,
        data: arguments.data.config(&dataset),
        network: arguments.network.config(&arguments.data, Some(&dataset))?,
        score: ScoreConfig { seed, ..ScoreConfig::default() },
        search: SearchConfig { seed, ..SearchConfig::default() },
        train: TrainConfig { batch: arguments.batch.unwrap_or(train.batch), ..train },
        lineage: None,
    };
    config = config.of_architecture(&architecture);
    arguments.train.apply(&mut config.train, &config.network)?;
    begin_with(&mut config, arguments)?;
    let path = match &arguments.out {
        Some(path) => path.clone(),
        None => RunFolder::free_or_same(&PathBuf::from("runs").join(format!("trained-seed{seed}")), &config)?,
    };
    Ok((Plan { path, config, architecture }, dataset))
}

/// Notes the weights to begin with, where they were named.
fn begin_with(config: &mut RunConfig, arguments: &Arguments) -> Result<()> {
    let Some(from) = &arguments.from else { return Ok(()) };
    if let Some(gain) = arguments.train.learning.parts.norm_gain {
        return Err(Error::invalid(format!(
            "norm-gain {gain}: it is for weights that are drawn, not for those of --from"
        )));
    }
    let path = NamedModel::find(from)?.path;
    let model = spikenas::weights::Model::load(&path)?;
    let path = std::path::absolute(&path).map_err(Error::io(&path))?;
    config.lineage.get_or_insert_default().weights = Some(model.ancestor(&path));
    Ok(())
}

/// The result in words.
pub fn words(trained: &Trained) -> String {
    let seconds: f64 = trained.epochs.iter().map(|e| e.seconds).sum();
    let rate = trained.epochs.iter().map(|e| e.images_per_second).sum::<f64>() / trained.epochs.len().max(1) as f64;
    format!(
        "training      {} in {}, {rate:.0} images/s{}\nmodel         {}",
        counted(trained.epochs.len(), "epoch"),
        duration(seconds),
        reached(&trained.epochs),
        trained.model.display(),
    )
}

/// What was reached on the images that choose the epoch, where one is chosen.
fn reached(epochs: &[EpochRecord]) -> String {
    let of = |epoch: Option<&EpochRecord>| epoch.and_then(EpochRecord::reached);
    match (of(run::best_epoch(epochs)), of(epochs.last())) {
        (Some(best), Some(last)) => {
            format!("; {} accuracy {:.2} % at best, {:.2} % at the end", best.images, best.accuracy, last.accuracy)
        }
        _ => String::new(),
    }
}
