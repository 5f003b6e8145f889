use std::path::{Path, PathBuf};

use clap::Args;
use spikenas::engine::engine;
use spikenas::report::quoted;
use spikenas::search::{Confirmation, Patience, SearchRecord};
use spikenas::workflow::PartRecord;
use spikenas::workflow::run::{self, Engines, RunConfig, RunFolder};
use spikenas::{Error, Progress, Result, counted};

use crate::arguments::{LearningArguments, SearchArguments, ShardArguments};
use crate::output::{duration, grouped, note, print};
use crate::progress::Terminal;

/// Search for an architecture.
#[derive(Args)]
pub struct Arguments {
    /// Keep the search in this run folder; repeated after an interruption, it continues
    #[arg(short = 'o', long, value_name = "DIR")]
    out: Option<PathBuf>,
    #[command(flatten)]
    shard: ShardArguments,
    /// With --shard: end where the next candidates depend on scores of other shards that are not there yet, instead of waiting
    /// for them
    #[arg(long, requires = "shard", help_heading = "Several machines")]
    no_wait: bool,
    #[command(flatten)]
    search: SearchArguments,
    /// How the supernet learns.
    #[command(flatten)]
    learning: LearningArguments,
}

pub fn run(arguments: Arguments) -> Result<()> {
    let search = &arguments.search;
    search.common.machine.start_threads()?;
    let dataset = search.data.open()?;
    let mut config = search.config(&dataset)?;
    learn(&arguments.learning, &mut config)?;
    let engine = engine("cpu")?;
    run::check_search(&config, &dataset, &engine)?;
    arguments.shard.shard.map_or(Ok(()), |_| run::check_part(&config))?;
    arguments.out.as_deref().map_or(Ok(()), |path| RunFolder::check_supernet(path, &config))?;
    let progress = &mut Terminal::new();
    if let (Some(shard), Some(path)) = (arguments.shard.shard, &arguments.out) {
        let patience = if arguments.no_wait { Patience::Ends } else { Patience::Waits };
        let folder = RunFolder::open_shared(path, &config, progress)?;
        let part = run::search_part(&config, &dataset, &engine, &folder, (shard, patience), progress)?;
        return print(search.common.machine.json, &part, || part_words(&part, path));
    }
    let folder = arguments.out.as_deref().map(|path| RunFolder::open(path, &config, progress)).transpose()?;
    let engines = Engines { cpu: &engine, device: engine.as_ref() };
    let record = run::find(&config, &dataset, engines, folder.as_ref(), progress)?;
    // A result that cannot be kept is still a result.
    record.concern().iter().for_each(|concern| note(concern));
    let is_kept = folder.is_some();
    let kept = folder.map_or(Ok(()), |folder| folder.keep_search(&record, &config));
    print(search.common.machine.json, &record, || words(&record))?;
    if !is_kept {
        progress.note("nothing of this search is kept: --out DIR keeps it, to be trained");
    }
    kept
}

/// Changes how the supernet of a search learns; a search that trains nothing has no use for that.
fn learn(learning: &LearningArguments, config: &mut RunConfig) -> Result<()> {
    let before = config.train.clone();
    learning.apply(&mut config.train);
    if config.search.supernet.is_none() && config.train != before {
        let method = config.search.method;
        return Err(Error::invalid(format!(
            "a search by the method {method} trains nothing: leave options of a training to train, run, or the method supernet"
        )));
    }
    learning.check(&config.train, &config.network)
}

/// What a shard has done, and what is next.
pub fn part_words(part: &PartRecord, path: &Path) -> String {
    let PartRecord { shard, of, scored, lacking, seconds } = *part;
    let next = match lacking {
        0 => format!("done; when all are: spikenas merge {}", quoted(&path.display().to_string())),
        _ => format!(
            "{} of other shards are missing, without which it cannot go on: repeat it",
            counted(lacking, "score")
        ),
    };
    format!(
        "shard         {shard} of {of}: {} in {}\nnext          {next}",
        counted(scored, "score"),
        duration(seconds)
    )
}

/// The result in words.
pub fn words(record: &SearchRecord) -> String {
    let budget = record.budget.map_or("no budget".into(), |b| {
        let unused = b.saturating_sub(record.parameters.in_scope(record.scope));
        let part = 100.0 * unused as f64 / b as f64;
        format!("budget {} ({}), {} unused ({part:.1} %)", grouped(b), record.scope, grouped(unused))
    });
    let sizes = record.sizes.map_or(String::new(), |sizes| format!("\nnetwork       {sizes}"));
    let device = record.device.as_ref().map_or(String::new(), |device| {
        let [flash, ram] = [&device.flash, &device.ram].map(|memory| grouped(memory.bytes));
        format!("\ndevice        {flash} bytes of flash, {ram} bytes of RAM, weights of {} bits", device.bits)
    });
    let unreachable = record
        .unreachable
        .as_ref()
        .map_or(String::new(), |unreachable| format!("\nidle          {}", unreachable.words()));
    let others = answers(record);
    let judged = record.judged.map_or(String::new(), |judged| {
        let (accuracy, spikes) = (judged.accuracy, grouped(judged.spikes.round() as u64));
        format!("\ninherited     accuracy {accuracy:.2} % on validation images, {spikes} spikes per image")
    });
    let sure = record.confirmation.as_ref().map_or(String::new(), |c| format!("\n{}", confirmation_words(c)));
    format!(
        "architecture  {}\nscore         {:.4}{judged}{sizes}\nparameters    {} backbone + {} classifier, {budget}{device}{unreachable}\nsearch        {} in {}{sure}{others}",
        record.architecture,
        record.score.0,
        grouped(record.parameters.backbone),
        grouped(record.parameters.classifier),
        counts(record),
        duration(record.seconds),
    )
}

/// The answers to the smaller limits, and the candidates that no other beats.
fn answers(record: &SearchRecord) -> String {
    let mut text = String::new();
    for answer in &record.answers {
        let memory = answer.device.as_ref().map_or(String::new(), |device| {
            format!(", {} bytes of flash, {} of RAM", grouped(device.flash.bytes), grouped(device.ram.bytes))
        });
        let budget = answer.budget.map_or(String::new(), |budget| format!(" of {}", grouped(budget)));
        let parameters = grouped(answer.parameters.in_scope(answer.scope));
        let sizes = answer.sizes.map_or(String::new(), |sizes| format!(", {sizes}"));
        text += &format!(
            "\nand           {}  score {:.4}, {parameters}{budget} parameters{memory}{sizes}",
            answer.architecture, answer.score.0
        );
    }
    for point in &record.front {
        text += &format!(
            "\nfront         {}  score {:.4}, {} parameters, {:.1} M operations",
            point.architecture,
            point.score.0,
            grouped(point.parameters.in_scope(record.scope)),
            point.operations / 1e6
        );
    }
    text
}

/// Candidates, those that fit, those that were scored: each different network once.
fn counts(record: &SearchRecord) -> String {
    let (candidates, computed) = (record.candidates, record.computed());
    match record.method {
        method if method.draws() => {
            format!("{}, {} different, {computed} fit and scored", counted(candidates, "draw"), record.different)
        }
        _ => {
            let scored = if computed == 1 { "1 different one".into() } else { format!("{computed} different ones") };
            format!("{}, {} fit, {scored} scored", counted(candidates, "candidate"), record.feasible)
        }
    }
}

/// Confidence in the winner.
fn confirmation_words(confirmation: &Confirmation) -> String {
    let tied = confirmation.leaders.iter().filter(|leader| leader.is_tied).count();
    let rounds = confirmation.rounds();
    let margin =
        confirmation.margin.map_or("no other is significantly worse".into(), |m| format!("{m:.4} above the next"));
    let mut words = match (tied, rounds) {
        (1, 0) => "sure          no other has as high a score".into(),
        (_, 0) => format!("sure          the smallest of {tied} with equal scores"),
        (1, _) => format!("sure          best of {rounds} new rounds, {margin}"),
        _ => {
            let tied = format!("the smallest of {tied} not significantly different in {rounds} new rounds");
            format!("sure          {tied}, {margin}")
        }
    };
    if confirmation.degenerate_count > 0 {
        words += &format!("\ndegenerate    {}", counted(confirmation.degenerate_count, "candidate"));
    }
    words
}
