use std::path::{Path, PathBuf};

use clap::Args;
use serde::Serialize;
use spikenas::report::{Records, Report, RunRecords, RunSummary, SeedsRecords, csv, page, text};
use spikenas::workflow::correlate::Correlation;
use spikenas::workflow::seeds::SeedsRecord;
use spikenas::workflow::study::StudyRecord;
use spikenas::{Error, Result};

use crate::output::{print, say};

/// A page of one or more runs, from their records alone.
#[derive(Args)]
pub struct Arguments {
    /// Folders of runs or studies; several are compared
    #[arg(value_name = "RUN", required = true)]
    runs: Vec<PathBuf>,
    /// Where the page goes [default: report.html in the folder, or here where several are compared]; with --csv, the
    /// table [default: stdout]
    #[arg(short = 'o', long, value_name = "FILE")]
    out: Option<PathBuf>,
    /// Write the figures as SVG files into this folder, too
    #[arg(long, value_name = "DIR")]
    svg: Option<PathBuf>,
    /// Print the essentials here, and write no page
    #[arg(long, conflicts_with_all = ["out", "svg", "json"])]
    text: bool,
    /// Write the scored candidates as a table of comma-separated values, a row each, and no page
    #[arg(long, conflicts_with_all = ["text", "svg", "json"])]
    csv: bool,
    /// Print the result as one JSON document
    #[arg(long)]
    json: bool,
}

#[derive(Serialize)]
struct Written {
    page: PathBuf,
    figures: Vec<PathBuf>,
    runs: Vec<Summary>,
}

#[derive(Serialize)]
#[serde(untagged)]
#[allow(clippy::large_enum_variant, reason = "a handful at a time")]
enum Summary {
    Run(RunSummary),
    Study { study: Option<StudyRecord>, faults: Vec<String> },
    Seeds { seeds: Option<SeedsRecord>, runs: Vec<RunSummary>, faults: Vec<String> },
    Correlation(Correlation),
}

pub fn run(arguments: Arguments) -> Result<()> {
    let records = arguments.runs.iter().map(|path| Records::read(path)).collect::<Result<Vec<_>>>()?;
    for fault in records.iter().flat_map(|r| r.faults()) {
        say(&format!("warning: {fault}"));
    }
    if arguments.csv {
        let table = csv(&records)?;
        return match &arguments.out {
            Some(path) => spikenas::record::files::write_text(path, &table),
            None => print(false, &(), || table),
        };
    }
    let report = Report::new(&records)?;
    if arguments.text {
        let architecture = match records.as_slice() {
            [Records::Run(run)] => run.architecture(),
            _ => None,
        };
        return print(false, &(), || text(&report, architecture.as_ref()));
    }
    let path = match (&arguments.out, arguments.runs.as_slice()) {
        (Some(path), _) => path.clone(),
        (None, [folder]) => folder.join("report.html"),
        (None, _) => "report.html".into(),
    };
    spikenas::record::files::write_text(&path, &page(&report))?;
    let figures = arguments.svg.as_deref().map_or(Ok(Vec::new()), |folder| write_figures(&report, folder))?;
    let runs = records.iter().map(|r| match r {
        Records::Run(run) => Summary::Run(run.summary()),
        Records::Correlation(correlation, _) => Summary::Correlation(correlation.clone()),
        Records::Seeds(SeedsRecords { seeds, runs, faults, .. }) => Summary::Seeds {
            seeds: seeds.clone(),
            runs: runs.iter().map(RunRecords::summary).collect(),
            faults: faults.clone(),
        },
        Records::Study(study) => Summary::Study { study: study.study.clone(), faults: study.faults.clone() },
    });
    let written = Written { page: path, figures, runs: runs.collect() };
    print(arguments.json, &written, || {
        let figures = written.figures.iter().map(|f| format!("\nfigure        {}", f.display()));
        format!("page          {}{}", written.page.display(), figures.collect::<String>())
    })
}

fn write_figures(report: &Report, folder: &Path) -> Result<Vec<PathBuf>> {
    spikenas::record::files::create_folder(folder)?;
    let mut paths = Vec::new();
    for figure in report.figures() {
        let path = folder.join(format!("{}.svg", figure.name));
        spikenas::record::files::write_text(&path, &figure.svg)?;
        paths.push(path);
    }
    if paths.is_empty() {
        return Err(Error::invalid("these records have nothing to draw"));
    }
    Ok(paths)
}

/// Writes the page of a folder's records beside them.
pub fn write_page(folder: &Path) -> Result<PathBuf> {
    let report = Report::new(&[Records::read(folder)?])?;
    let path = folder.join("report.html");
    spikenas::record::files::write_text(&path, &page(&report))?;
    Ok(path)
}
