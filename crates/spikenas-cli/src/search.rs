use std::path::PathBuf;

use clap::Args;
use spikenas::Result;
use spikenas::record::SearchRecord;
use spikenas::run::{self, RunFolder};

use crate::arguments::SearchArguments;
use crate::output::{duration, grouped, print};
use crate::progress::Terminal;

/// Search for an architecture.
#[derive(Args)]
pub struct Arguments {
    /// Keep the search in this run folder; repeated after a stop, it goes on from there
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
    #[command(flatten)]
    search: SearchArguments,
}

pub fn run(arguments: Arguments) -> Result<()> {
    let search = &arguments.search;
    search.common.machine.start_threads()?;
    let dataset = search.data.open()?;
    let config = search.config(&dataset)?;
    run::check_search(&config, &dataset)?;
    let folder = arguments.out.as_deref().map(|path| RunFolder::open(path, &config)).transpose()?;
    let record = run::search(&config, &dataset, folder.as_ref(), &mut Terminal::new()?)?;
    print(search.common.machine.json, &record, || words(&record))
}

/// The result in words.
pub fn words(record: &SearchRecord) -> String {
    let budget = record.budget.map_or("no budget".into(), |b| format!("budget {} ({})", grouped(b), record.scope));
    format!(
        "architecture  {}\nscore         {:.4}\nparameters    {} backbone + {} classifier, {budget}\nsearch        {} candidates, {} fit, {} scored in {}",
        record.architecture,
        record.score.0,
        grouped(record.parameters.backbone),
        grouped(record.parameters.classifier),
        record.candidates,
        record.feasible,
        record.scored,
        duration(record.seconds),
    )
}
