use std::path::PathBuf;

use clap::Args;
use serde::Serialize;
use spikenas::engine::engine;
use spikenas::search::SearchRecord;
use spikenas::workflow::run::{self, EvaluationRecord, RunFolder};
use spikenas::{Progress, Result};

use crate::arguments::{SearchArguments, TrainArguments};
use crate::output::print;
use crate::progress::Terminal;
use crate::train::Trained;
use crate::{evaluate, report, search, train};

/// Search, train and test: one run folder. Repeated after an interruption, it continues.
#[derive(Args)]
pub struct Arguments {
    /// Run folder [default: a new one under runs/]
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
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
}

pub fn run(arguments: Arguments) -> Result<()> {
    arguments.search.common.machine.start_threads()?;
    let (cpu, device) = (engine("cpu")?, engine(&arguments.train.device)?);
    let dataset = arguments.search.data.open()?;
    let mut config = arguments.search.config(&dataset)?;
    arguments.train.apply(&mut config.train)?;
    run::check_training(&config, &dataset)?;
    run::check_search(&config, &dataset, &cpu)?;
    let path = match arguments.out {
        Some(path) => path,
        None => RunFolder::free_or_same(&arguments.search.default_folder(&config), &config)?,
    };
    let progress = &mut Terminal::new();
    let folder = RunFolder::open(&path, &config, progress)?;
    progress.note(&format!("run folder {}", path.display()));

    let searched = run::search(&config, &dataset, &cpu, Some(&folder), progress)?;
    progress.note(&search::words(&searched));
    let epochs = run::train(&config, &searched.architecture, &dataset, device.as_ref(), &folder, true, progress)?;
    let trained = Trained { architecture: searched.architecture.clone(), model: folder.model_path(), epochs };
    let tested = run::test_folder(&folder, &config, &dataset, cpu.as_ref(), progress)?;

    let page = report::write_page(folder.path())?;
    progress.note(&format!("page {}", page.display()));

    let finished = Finished { folder: path, search: searched, train: trained, evaluate: tested };
    print(arguments.search.common.machine.json, &finished, || {
        [search::words(&finished.search), train::words(&finished.train), evaluate::words(&finished.evaluate.result)]
            .join("\n")
    })
}
