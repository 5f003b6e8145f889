mod events;

use std::path::{Path, PathBuf};

use clap::{Args, Subcommand};
use serde::Serialize;
use spikenas::data::{
    Contents, Fetched, Known, RecordingsContents, Source, SplitContents, check_framed, count_samples, fetch, known,
};
use spikenas::{Result, counted};

use crate::arguments::DataArguments;
use crate::output::{self, grouped, print};
use crate::progress::Terminal;

/// List, check and fetch datasets, and make recordings of images.
#[derive(Args)]
pub struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// List the datasets and whether they are there
    List {
        /// Folder that holds cifar-10-batches-bin, fashion-mnist, nmnist and the others
        #[arg(long, value_name = "DIR", default_value = "data")]
        data_dir: PathBuf,
        /// Print the result as one JSON document
        #[arg(long)]
        json: bool,
    },
    /// Read a dataset and tell its size, its classes, and what is odd about it
    Check {
        #[command(flatten)]
        data: DataArguments,
        /// Print the result as one JSON document
        #[arg(long)]
        json: bool,
    },
    /// Download CIFAR-10, CIFAR-100 or a dataset of recordings, and check it
    Fetch {
        /// cifar10, cifar100, nmnist, cifar10-dvs or shd
        #[arg(value_name = "NAME")]
        name: Source,
        /// Folder to put it into
        #[arg(long, value_name = "DIR", default_value = "data")]
        data_dir: PathBuf,
        /// Another address of the same archive, or its path on this machine; of several archives the folder that they lie in
        #[arg(long, value_name = "URL|FILE")]
        from: Option<String>,
        /// Print the result as one JSON document
        #[arg(long)]
        json: bool,
    },
    /// Make recordings of images, as a simulated camera of events records them that is moved in front of each
    ///
    /// DIR/{train,test}/CLASS/NUMBER.bin, or .npz where the sensor is too large for N-MNIST's format, and DIR/simulated.toml, which says
    /// how they were made.
    Events(events::Arguments),
}

pub fn run(arguments: Arguments) -> Result<()> {
    match arguments.command {
        Command::List { data_dir, json } => list(&data_dir, json),
        Command::Check { data, json } => {
            data.check()?;
            let framing = data.framing.framing(&data.source(), None);
            let report = check_framed(&data.source(), &data.folder(), framing, &mut Terminal::new())?;
            print(json, &report, || report_words(&report))
        }
        Command::Fetch { name, data_dir, from, json } => bring(&name, &data_dir, from.as_deref(), json),
        Command::Events(arguments) => events::run(arguments),
    }
}

#[derive(Serialize)]
struct Listed {
    #[serde(flatten)]
    known: Known,
    /// Training and test images, if the dataset can be read.
    found: Option<(usize, usize)>,
    /// Why it cannot be read.
    problem: Option<String>,
}

fn list(data_dir: &Path, json: bool) -> Result<()> {
    let datasets: Vec<Listed> = known()
        .into_iter()
        .map(|known| match count_samples(&known.name, data_dir) {
            Ok([train, test]) => Listed { known, found: Some((train, test)), problem: None },
            Err(e) => Listed { known, found: None, problem: Some(output::line(&e)) },
        })
        .collect();
    let line = |d: &Listed| {
        let (name, images) = (d.known.name.to_string(), d.known.images);
        let state = match (&d.found, &d.problem) {
            (Some((train, test)), _) => format!("{train} + {test} {} here", samples(d.known.provenance.is_some())),
            (None, problem) => format!("not here ({})", problem.as_deref().unwrap_or_default()),
        };
        let licence = d.known.provenance.as_ref().map_or(String::new(), |from| format!("; licence: {}", from.licence));
        format!("{name:<16} {images:<50} {state}{licence}")
    };
    print(json, &datasets, || datasets.iter().map(line).collect::<Vec<_>>().join("\n"))
}

/// What the samples of a dataset are.
fn samples(are_recordings: bool) -> &'static str {
    if are_recordings { "recordings" } else { "images" }
}

/// The most classes, and groups of files, that are listed.
const LISTED: usize = 20;

fn report_words(report: &Contents) -> String {
    let Contents { source, classes, shape, grey, duplicates, passed_over, .. } = report;
    let state = match (source, report.complete) {
        (Source::Folder(_), _) => "",
        (_, true) => ", complete",
        (_, false) => ", a partial copy",
    };
    let channels = match (shape.channels, *grey == report.train.images + report.test.images) {
        _ if report.recordings.is_some() => counted(shape.channels, "channel"),
        (1, _) => "grey".into(),
        (channels, true) => format!("grey in {channels} channels"),
        (channels, false) => format!("{channels} channels"),
    };
    let kind = samples(report.recordings.is_some());
    let mut lines = vec![
        format!(
            "{source}: {}{state}, {}x{} pixels, {channels}",
            counted(classes.len(), "class"),
            shape.width,
            shape.height
        ),
        split_words("train", &report.train, kind),
        split_words("test", &report.test, kind),
    ];
    lines.extend(report.recordings.as_ref().map(recordings_words));
    let counts = report.train.per_class.iter().zip(&report.test.per_class);
    let class = |(index, (name, (train, test)))| format!("class  {index}: {name}, {train} + {test} {kind}");
    lines.extend(listed(classes.iter().zip(counts).enumerate().map(class)));
    for (count, what) in [
        (report.transparent, "images with transparency, laid on white"),
        (report.turned, "images turned upright, as their EXIF orientation says"),
        (
            duplicates.count,
            if kind == "images" {
                "test images that are training images, too"
            } else {
                "test recordings that are training recordings, too"
            },
        ),
    ] {
        if count > 0 {
            lines.push(format!("note   {count} {what}"));
        }
    }
    lines.extend(duplicates.first.iter().map(|pair| format!("same   {} and {}", pair.test, pair.train)));
    if !passed_over.is_empty() {
        let count: usize = passed_over.iter().map(|group| group.count).sum();
        lines.push(format!("note   {count} files and folders are passed over"));
        lines.extend(listed(passed_over.iter().map(|group| format!("passed {group}"))));
    }
    lines.extend(report.notes.iter().map(|note| format!("note   {note}")));
    lines.join("\n")
}

/// What is known of recordings alone.
fn recordings_words(recordings: &RecordingsContents) -> String {
    let RecordingsContents { sensor, events, shortest_us, longest_us, framing, simulated } = recordings;
    let seconds = |us: &u64| *us as f64 / 1e6;
    let by = if *simulated { "simulated, " } else { "" };
    format!(
        "events {by}{} of {}x{} pixels, from {:.3} s to {:.3} s a recording; as {framing}",
        grouped(*events),
        sensor.width,
        sensor.height,
        seconds(shortest_us),
        seconds(longest_us)
    )
}

fn split_words(name: &str, split: &SplitContents, kind: &str) -> String {
    let expected = split.expected.map_or(String::new(), |n| format!(" of {n}"));
    let (least, most) = (split.per_class.iter().min().unwrap_or(&0), split.per_class.iter().max().unwrap_or(&0));
    format!("{name:<6} {}{expected} {kind}, {least} to {most} per class", split.images)
}

/// The first lines, and how many there are besides.
fn listed(lines: impl ExactSizeIterator<Item = String>) -> Vec<String> {
    let more = lines.len().saturating_sub(LISTED);
    let more = (more > 0).then(|| format!("       and {more} more, which --json lists"));
    lines.take(LISTED).chain(more).collect()
}

#[derive(Serialize)]
struct Brought {
    folder: PathBuf,
    downloaded: bool,
}

fn bring(name: &Source, data_dir: &Path, from: Option<&str>, json: bool) -> Result<()> {
    let fetched = fetch(name, data_dir, from, &mut Terminal::new())?;
    let (folder, downloaded) = match fetched {
        Fetched::AlreadyThere(folder) => (folder, false),
        Fetched::Downloaded(folder) => (folder, true),
    };
    let brought = Brought { folder, downloaded };
    print(json, &brought, || {
        let word = if brought.downloaded { "fetched" } else { "was already there" };
        format!("{name} {word}: {}", brought.folder.display())
    })
}
