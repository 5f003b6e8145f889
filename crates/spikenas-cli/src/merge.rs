use std::path::PathBuf;

use clap::Args;
use serde::Serialize;
use spikenas::Result;
use spikenas::engine::engine;
use spikenas::workflow::correlate::{is_shared, merge_scores};
use spikenas::workflow::run::{self, Engines, RunConfig, RunFolder};

use crate::arguments::{DataArguments, MachineArguments};
use crate::correlate::journal_in;
use crate::output::{note, print};
use crate::progress::Terminal;
use crate::search;

/// Make the result of a search that several processes shared: the one that a single process would have made. Of a correlation,
/// the scores: then repeat `correlate` without --shard.
#[derive(Args)]
pub struct Arguments {
    /// The folder that was the --out of every shard
    #[arg(value_name = "RUN")]
    run: PathBuf,
    #[command(flatten)]
    data: DataArguments,
    #[command(flatten)]
    machine: MachineArguments,
}

/// What was merged of a correlation.
#[derive(Serialize)]
struct Scores {
    scores: usize,
}

pub fn run(arguments: Arguments) -> Result<()> {
    arguments.machine.start_threads()?;
    let path = &arguments.run;
    let scores = journal_in(path);
    if is_shared(&scores)? {
        let merged = Scores { scores: merge_scores(&scores)? };
        return print(arguments.machine.json, &merged, || {
            format!("scores        {}\nnext          repeat correlate without --shard", merged.scores)
        });
    }
    let (folder, _) = RunFolder::existing(path)?;
    let mut config = RunConfig::load(&folder.config_path())?;
    let (data, dataset) = arguments.data.open_again(config.data, path)?;
    config.data = data;
    let engine = engine("cpu")?;
    let progress = &mut Terminal::new();
    let folder = RunFolder::open(path, &config, progress)?;
    let engines = Engines { cpu: &engine, device: engine.as_ref() };
    let record = run::merge(&config, &dataset, engines, &folder, progress)?;
    record.concern().iter().for_each(|concern| note(concern));
    print(arguments.machine.json, &record, || search::words(&record))
}
