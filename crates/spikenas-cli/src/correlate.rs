use std::path::{Path, PathBuf};

use clap::{Args, ValueEnum};
use spikenas::engine::engine;
use spikenas::graph::NetworkConfig;
use spikenas::record::{files, write_record};
use spikenas::report::{correlation_table, table_lines};
use spikenas::score::ScoreKind;
use spikenas::workflow::correlate::{CorrelateConfig, Half, Table, correlate, inherit_table, score_part, score_table};
use spikenas::workflow::run::RunFolder;
use spikenas::{Error, Progress, Result};

use crate::arguments::{CommonArguments, DataArguments, ShardArguments};
use crate::output::print;
use crate::progress::Terminal;
use crate::report;
use crate::search::part_words;

/// Channels where none are given.
const WIDTHS: [usize; 2] = [16, 32];

/// How well scores rank a table of trained architectures.
#[derive(Args)]
pub struct Arguments {
    /// A table of trained architectures: a column `architecture`, or op01, op02, op12, op03, op13, op23 with SpikeNAS-Bench's
    /// digits, and a truth
    #[arg(long, value_name = "CSV")]
    table: PathBuf,
    /// The column that holds the truth, an accuracy in percent or as a part of 1
    #[arg(long, value_name = "NAME", default_value = "test_acc")]
    columns: String,
    /// Scores, joined by commas [default: all]
    #[arg(long, value_name = "NAMES", value_delimiter = ',')]
    score: Vec<ScoreKind>,
    /// Seeds of weights and images, from --seed on
    #[arg(long, value_name = "N", default_value = "3")]
    seeds: u64,
    /// One random half of the table, always the same: choice, to choose a score on, or verdict, to judge the choice
    #[arg(long, value_name = "NAME")]
    half: Option<HalfName>,
    /// Number of architectures, drawn by --seed [default: all]
    #[arg(long, value_name = "N")]
    sample: Option<usize>,
    /// Images of a mini-batch
    #[arg(long, value_name = "N", default_value = "32")]
    batch: usize,
    /// Mini-batches, each with weights of its own, whose scores are averaged
    #[arg(long, value_name = "N", default_value = "1")]
    repeats: usize,
    /// Channels before and after the reduction [default: 16,32; with --supernet those of its run]
    #[arg(long, value_name = "N,N", value_parser = crate::arguments::parse_widths)]
    widths: Option<[usize; 2]>,
    /// Rank by the accuracy and the fitness with inherited weights, too: the run folder of a search by the method supernet whose
    /// checkpoint was kept, on the same images; its network is that of all scores
    #[arg(long, value_name = "RUN", conflicts_with = "widths")]
    supernet: Option<PathBuf>,
    /// Keep scores and figures in this folder; repeated after an interruption, it continues
    #[arg(short = 'o', long, value_name = "DIR")]
    out: Option<PathBuf>,
    #[command(flatten)]
    shard: ShardArguments,
    #[command(flatten)]
    data: DataArguments,
    #[command(flatten)]
    common: CommonArguments,
}

#[derive(Clone, Copy, ValueEnum)]
enum HalfName {
    Choice,
    Verdict,
}

/// The journal of a correlation in a folder.
pub fn journal_in(folder: &Path) -> PathBuf {
    folder.join("scores.jsonl")
}

pub fn run(arguments: Arguments) -> Result<()> {
    arguments.common.machine.start_threads()?;
    let seed = arguments.common.seed();
    let mut table = Table::read(&arguments.table, &arguments.columns)?;
    if let Some(half) = arguments.half {
        table = table.half(match half {
            HalfName::Choice => Half::Choice,
            HalfName::Verdict => Half::Verdict,
        });
    }
    if let Some(count) = arguments.sample {
        if count < 2 {
            return Err(Error::invalid(format!("sample {count}: give at least 2, or there is nothing to rank")));
        }
        table = table.sample(count, seed);
    }
    let dataset = arguments.data.open()?;
    let preset = NetworkConfig::preset("sample")?;
    let lender = arguments.supernet.as_deref().map(RunFolder::existing).transpose()?;
    let network = match &lender {
        Some((_, run)) => run.network.clone(),
        None => dataset.outline().timed(NetworkConfig {
            widths: arguments.widths.unwrap_or(WIDTHS),
            classes: dataset.classes.len(),
            cells: table.cells().unwrap_or(preset.cells),
            ..preset
        }),
    };
    let config = CorrelateConfig {
        scores: if arguments.score.is_empty() { ScoreKind::ALL.to_vec() } else { arguments.score },
        seeds: CorrelateConfig::seeds(seed, arguments.seeds)?,
        network,
        batch: arguments.batch,
        repeats: arguments.repeats,
    };
    config.check()?;
    let journal = match &arguments.out {
        Some(folder) => {
            files::create_folder(folder)?;
            Some(journal_in(folder))
        }
        None => None,
    };
    let (engine, mut progress) = (engine("cpu")?, Terminal::new());
    if table.had_fractions {
        progress.note("no truth is above 1: they are taken as parts of 1, and shown in percent");
    }
    if let (Some(shard), Some(journal), Some(folder)) = (arguments.shard.shard, &journal, &arguments.out) {
        let part = score_part(&table, &config, (&dataset, &engine), journal, shard, &mut progress)?;
        return print(arguments.common.machine.json, &part, || part_words(&part, folder));
    }
    let scores = score_table(&table, &config, &dataset, &engine, journal.as_deref(), &mut progress)?;
    let inherited = lender.as_ref().map(|(run, settings)| {
        let journal = arguments.out.as_deref().map(|folder| folder.join("inherited.jsonl"));
        inherit_table(&table, (run, settings), &dataset, engine.as_ref(), journal.as_deref(), &mut progress)
    });
    let inherited = inherited.transpose()?;
    // Nothing looks for signals any more: from here on, one ends the program at once.
    drop(progress);
    let correlation = correlate(&table, &config, &scores)?;
    let correlation = match &inherited {
        Some(inherited) => correlation.with_inherited(&table, inherited)?,
        None => correlation,
    };
    // A result that cannot be kept is still a result.
    let kept = arguments.out.as_deref().map_or(Ok(()), |folder| {
        write_record(&folder.join("correlate.json"), &correlation)?;
        report::write_page(folder).map(drop)
    });
    print(arguments.common.machine.json, &correlation, || table_lines(&correlation_table(&correlation)).join("\n"))?;
    kept
}
