use std::path::PathBuf;

use clap::Args;
use spikenas::Result;
use spikenas::record::write_record;
use spikenas::report::{replay_table, table_lines};
use spikenas::search::Method;
use spikenas::workflow::correlate::{CorrelateConfig, Table};
use spikenas::workflow::replay::{ReplayConfig, ReplayRecord, replay};

use crate::arguments::CommonArguments;
use crate::output::{grouped, print};
use crate::progress::Terminal;

/// How well each method of a search finds the best, replayed on a table of trained architectures.
#[derive(Args)]
pub struct Arguments {
    /// A table that has all architectures of a space, or most of them: as `correlate` reads it
    #[arg(long, value_name = "CSV")]
    table: PathBuf,
    /// The column that holds the truth, which is told of what was found
    #[arg(long, value_name = "NAME", default_value = "test_acc")]
    columns: String,
    /// The column that the searches see in place of a score [default: that of the truth]
    #[arg(long, value_name = "NAME")]
    seen: Option<String>,
    /// Methods, joined by commas [default: all but supernet, which a table has no images for]
    #[arg(long, value_name = "NAMES", value_delimiter = ',')]
    method: Vec<Method>,
    /// Different candidates that a search evaluates
    #[arg(long, value_name = "N", default_value = "1000")]
    evaluations: usize,
    /// Seeds of what the methods draw, from --seed on
    #[arg(long, value_name = "N", default_value = "50")]
    seeds: u64,
    /// Keep the record in this file
    #[arg(short = 'o', long, value_name = "FILE")]
    out: Option<PathBuf>,
    #[command(flatten)]
    common: CommonArguments,
}

pub fn run(arguments: Arguments) -> Result<()> {
    let config = ReplayConfig {
        methods: if arguments.method.is_empty() { ReplayConfig::methods() } else { arguments.method },
        evaluations: arguments.evaluations,
        seeds: CorrelateConfig::seeds(arguments.common.seed(), arguments.seeds)?,
    };
    config.check()?;
    let read = |column: &str| Table::read(&arguments.table, column);
    let table = read(&arguments.columns)?;
    let seen = arguments.seen.as_deref().map(read).transpose()?;
    let mut progress = Terminal::new();
    let record = replay(&config, &table, seen.as_ref().unwrap_or(&table), &mut progress)?;
    drop(progress);
    arguments.out.as_deref().map_or(Ok(()), |path| write_record(path, &record))?;
    print(arguments.common.machine.json, &record, || words(&record))
}

fn words(record: &ReplayRecord) -> String {
    let ReplayRecord { architectures, best, findable, .. } = record;
    let text = format!(
        "{} architectures; the best has {best:.2} %, the one that is best by what the searches see {findable:.2} %\n\n",
        grouped(*architectures as u64)
    );
    text + &table_lines(&replay_table(record)).join("\n")
}
