use std::path::PathBuf;
use std::sync::Arc;
use std::time::Instant;

use clap::Args;
use serde::Serialize;
use spikenas::data::Dataset;
use spikenas::engine::{Engine, engine};
use spikenas::search::SearchRecord;
use spikenas::workflow::front;
use spikenas::workflow::run::{self, Engines, Estimate, EvaluationRecord, RunConfig, RunFolder};
use spikenas::{Progress, Result, counted};

use crate::arguments::{SearchArguments, TrainArguments};
use crate::front::Answers;
use crate::output::{duration, note, print};
use crate::progress::Terminal;
use crate::seeds::Several;
use crate::train::Trained;
use crate::{evaluate, report, search, train};

/// Search, train and test: one run folder. Repeated after an interruption, it continues.
#[derive(Args)]
pub struct Arguments {
    /// Run folder [default: a new one under runs/]
    #[arg(short = 'o', long, value_name = "DIR")]
    out: Option<PathBuf>,
    /// Make the whole run with N seeds, one after the other, each in a folder of its own, and take their mean
    #[arg(long, value_name = "N")]
    seeds: Option<usize>,
    #[command(flatten)]
    search: SearchArguments,
    #[command(flatten)]
    train: TrainArguments,
}

#[derive(Serialize)]
struct Finished {
    folder: PathBuf,
    search: SearchRecord,
    train: Trained,
    evaluate: EvaluationRecord,
    /// The test of the integer network, where the run is for a device.
    #[serde(skip_serializing_if = "Option::is_none")]
    integer: Option<EvaluationRecord>,
}

pub fn run(arguments: Arguments) -> Result<()> {
    let begin = Instant::now();
    arguments.search.common.machine.start_threads()?;
    let is_json = arguments.search.common.machine.json;
    let (cpu, device) = (engine("cpu")?, engine(&arguments.train.device)?);
    let dataset = arguments.search.data.open()?;
    let mut config = arguments.search.config(&dataset)?;
    arguments.train.apply(&mut config.train, &config.network)?;
    if let Some(seeds) = arguments.seeds {
        let default = arguments.search.default_folder(&config);
        let (config, dataset, cpu, device) = (&config, &dataset, &cpu, device.as_ref());
        return Several { config, seeds, dataset, cpu, device, out: arguments.out, default, is_json }.run();
    }
    let engines = Engines { cpu: &cpu, device: device.as_ref() };
    if front::is_front(&config) {
        front::check(&config, &dataset, engines)?;
    }
    run::check_training(&config, &dataset, device.as_ref())?;
    run::check_search(&config, &dataset, &cpu)?;
    let path = match arguments.out {
        Some(path) => path,
        None => RunFolder::free_or_same(&arguments.search.default_folder(&config), &config)?,
    };
    let progress = &mut Terminal::new();
    run::adopt_plan(&mut config, &path);
    RunFolder::check_supernet(&path, &config)?;
    let folder = RunFolder::open(&path, &config, progress)?;
    progress.note(&format!("run folder {}", path.display()));

    if device.name() == "cpu" {
        announce(&config, &dataset, &cpu, &folder, progress)?;
    }
    let before = begin.elapsed().as_secs_f64();
    run::plan_finalists(&mut config, &dataset, device.as_ref(), &folder, progress)?;
    let searched = run::search(&config, &dataset, engines, Some(&folder), progress)?;
    if front::is_front(&config) {
        let (config, search, dataset, folder) = (&config, &searched, &dataset, &folder);
        return Answers { config, search, dataset, engines, folder, is_json }.train(progress);
    }
    let mut config = config.settled(&searched);
    searched.concern().iter().for_each(|concern| note(concern));
    // Each part of the result is printed once, as soon as it is known; as JSON, all of it at the end.
    if !is_json {
        print(false, &(), || search::words(&searched))?;
    }
    let spent = before + searched.seconds;
    run::plan(&mut config, &searched.architecture, &dataset, device.as_ref(), &folder, spent, progress)?;
    let epochs = run::train(&config, &searched.architecture, &dataset, device.as_ref(), &folder, true, progress)?;
    let trained = Trained { architecture: searched.architecture.clone(), model: folder.model_path(), epochs };
    let tested = run::test_folder(&folder, &config, &dataset, cpu.as_ref(), progress)?;

    if !is_json {
        print(false, &(), || format!("{}\n{}", train::words(&trained), evaluate::words(&tested)))?;
    }
    let integer = run::for_device(&folder, &config, &dataset, cpu.as_ref(), progress)?;
    if let Some(integer) = integer.as_ref().filter(|_| !is_json) {
        let words = || format!("\non the device, in whole numbers\n{}", evaluate::words(integer));
        print(false, &(), words)?;
    }
    // Without a page it is still a result.
    let page = report::write_page(folder.path()).map(|page| progress.note(&format!("page {}", page.display())));

    let finished = Finished { folder: path, search: searched, train: trained, evaluate: tested, integer };
    if is_json {
        print(true, &finished, String::new)?;
    }
    page
}

/// Says how long the rest of a run takes, before anything long begins.
fn announce(
    config: &RunConfig,
    dataset: &Dataset,
    cpu: &Arc<dyn Engine>,
    folder: &RunFolder,
    progress: &mut dyn Progress,
) -> Result<()> {
    let (is_searched, trained) = (folder.search_record()?.is_some(), folder.epochs()?.len());
    let epochs = config.train.epochs.saturating_sub(trained);
    // The trainings of a search that chooses sizes are planned next.
    if (is_searched && epochs == 0) || (config.train.minutes.is_some() && config.search.layout.is_some()) {
        return Ok(());
    }
    let Estimate { search, train } = Estimate::new(config, dataset, cpu)?;
    let train = train * epochs as f64 / config.train.epochs as f64;
    let search = (!is_searched).then(|| format!("the search takes about {}", duration(search)));
    // With minutes, the training takes what the search leaves.
    let training = format!("the training of {} about {}", counted(epochs, "epoch"), duration(train));
    let training = config.train.minutes.is_none().then_some(training);
    let parts: Vec<String> = search.into_iter().chain(training).collect();
    if !parts.is_empty() {
        progress.note(&parts.join(", "));
    }
    Ok(())
}
