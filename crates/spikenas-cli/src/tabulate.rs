use std::path::PathBuf;

use clap::Args;
use spikenas::engine::engine;
use spikenas::record::FORMAT_VERSION;
use spikenas::train::TrainConfig;
use spikenas::workflow::tabulate::{self, TableRow, Tabulation, Training};
use spikenas::{Progress, Result};

use crate::arguments::{
    BudgetArguments, CommonArguments, DataArguments, NetworkArguments, Operations, TaskArguments, TrainArguments,
    parse_operations,
};
use crate::output::{grouped, print};
use crate::progress::Terminal;

/// Train architectures drawn at random into a table, to judge scores by.
#[derive(Args)]
pub struct Arguments {
    /// Architectures to draw; more than before make a table longer
    #[arg(long, value_name = "N", default_value = "48")]
    architectures: usize,
    /// Trainings of each, with seeds from --seed on; more than before make a table better
    #[arg(long, value_name = "N", default_value = "2")]
    seeds: usize,
    /// Operations on an edge, joined by commas, or a set: snasnet, spikenas-3o, spikenas-2o, spikenas-bench; where it is repeated,
    /// architectures come from each in turn
    #[arg(long, value_name = "NAMES", default_value = "spikenas-3o", value_parser = parse_operations)]
    #[arg(help_heading = "Search space")]
    ops: Vec<Operations>,
    /// Folder of the table; repeated after an interruption, it continues
    #[arg(short = 'o', long, value_name = "DIR")]
    out: PathBuf,
    #[command(flatten)]
    tasks: TaskArguments,
    /// Images of a mini-batch [default: 64]
    #[arg(long, value_name = "N", help_heading = "Training")]
    batch: Option<usize>,
    #[command(flatten)]
    budget: BudgetArguments,
    #[command(flatten)]
    train: TrainArguments,
    #[command(flatten)]
    data: DataArguments,
    #[command(flatten)]
    network: NetworkArguments,
    #[command(flatten)]
    common: CommonArguments,
}

pub fn run(arguments: Arguments) -> Result<()> {
    arguments.common.machine.start_threads()?;
    let engine = engine(&arguments.train.device)?;
    let dataset = arguments.data.open()?;
    let network = arguments.network.config(&arguments.data, Some(&dataset))?;
    let preset = arguments.network.preset(&arguments.data);
    let named = arguments.network.preset.as_deref();
    let usual = TrainConfig::for_data(named, &arguments.data.source(), dataset.train.len(), dataset.train.frames);
    let mut train =
        TrainConfig { seed: arguments.common.seed(), batch: arguments.batch.unwrap_or(usual.batch), ..usual };
    arguments.train.apply(&mut train, &network)?;
    let table = Tabulation {
        version: FORMAT_VERSION,
        architectures: arguments.architectures,
        spaces: arguments.ops.into_iter().map(|Operations(operations, _)| operations).collect(),
        budget: arguments.budget.only()?,
        scope: arguments.budget.options().scope(preset),
        bits: arguments.budget.options().precision(None)?,
        seeds: arguments.seeds,
        data: arguments.data.config(&dataset),
        network,
        train,
    };
    tabulate::check(&table, &dataset, engine.as_ref(), &arguments.out)?;
    let progress = &mut Terminal::new();
    let is_json = arguments.common.machine.json;
    let is_answered = arguments.tasks.answer(
        is_json,
        || tabulate::tasks(&table, &dataset, &arguments.out),
        |number| tabulate::run_task(&table, &dataset, engine.as_ref(), &arguments.out, number, progress),
        |Training { architecture, seed }| format!("seed {seed}  {architecture}"),
    )?;
    if is_answered {
        return Ok(());
    }
    progress.note(&format!(
        "{} architectures with {} seeds each in {}",
        table.architectures,
        table.seeds,
        arguments.out.display()
    ));
    let rows = tabulate::run(&table, &dataset, engine.as_ref(), &arguments.out, progress)?;
    print(is_json, &rows, || words(&rows, &arguments.out.join("table.csv")))
}

/// The accuracies in words.
fn words(rows: &[TableRow], file: &std::path::Path) -> String {
    let mut means: Vec<f64> = rows.iter().filter_map(|row| Some(row.accuracy()?.mean)).collect();
    means.sort_by(f64::total_cmp);
    let at = |part: f64| means.get(((means.len().saturating_sub(1)) as f64 * part).round() as usize).copied();
    let [least, median, most] = [0.0, 0.5, 1.0].map(|part| at(part).unwrap_or(0.0));
    let sizes = rows.iter().map(|row| row.drawn.parameters.backbone);
    let (small, large) = (sizes.clone().min().unwrap_or(0), sizes.max().unwrap_or(0));
    format!(
        "architectures {}, backbones of {} to {} parameters\ntest accuracy {least:.2} to {most:.2} %, median {median:.2} %\ntable         {}",
        rows.len(),
        grouped(small),
        grouped(large),
        file.display()
    )
}
