//! The trainings of a search's several answers.

use std::path::PathBuf;

use serde::Serialize;
use spikenas::data::Dataset;
use spikenas::search::SearchRecord;
use spikenas::workflow::front::{self, FrontRecord, FrontResult};
use spikenas::workflow::run::{Engines, RunConfig, RunFolder};
use spikenas::{Progress, Result};

use crate::output::{grouped, print};
use crate::progress::Terminal;
use crate::{report, search};

/// A finished search with several answers, to be trained.
pub struct Answers<'a> {
    pub config: &'a RunConfig,
    pub search: &'a SearchRecord,
    pub dataset: &'a Dataset,
    pub engines: Engines<'a>,
    pub folder: &'a RunFolder,
    pub is_json: bool,
}

#[derive(Serialize)]
struct Finished<'a> {
    folder: PathBuf,
    search: &'a SearchRecord,
    front: FrontRecord,
}

impl Answers<'_> {
    /// Trains and tests each, and prints the search and its results; repeated after an interruption, it continues.
    pub fn train(self, progress: &mut Terminal) -> Result<()> {
        let Self { config, search, dataset, engines, folder, is_json } = self;
        // Without a page the trainings go on, and their results are printed.
        let mut page = Ok(());
        let mut write = |_: &FrontRecord, progress: &mut dyn Progress| {
            page = report::write_page(folder.path()).map(|page| progress.note(&format!("page {}", page.display())));
            Ok(())
        };
        let front = front::run(config, search, dataset, engines, folder, progress, &mut write)?;
        let finished = Finished { folder: folder.path().to_path_buf(), search, front };
        print(is_json, &finished, || format!("{}\n{}", search::words(search), words(&finished.front)))?;
        page
    }
}

/// The results in words.
fn words(record: &FrontRecord) -> String {
    let mut text = format!(
        "\n{:<10} {:>10} {:>12} {:>12} {:>12} {:>10}  architecture and limits\n",
        "folder", "accuracy", "validation", "parameters", "operations", "energy"
    );
    for result in &record.results {
        let percent = |accuracy: Option<f64>| accuracy.map_or("-".into(), |accuracy| format!("{accuracy:.2} %"));
        let FrontResult { folder, limits, architecture, parameters, operations, energy_pj, .. } = result;
        let limits: Vec<String> = limits.iter().rev().map(ToString::to_string).collect();
        text += &format!(
            "{:<10} {:>10} {:>12} {:>12} {:>12} {:>10}  {architecture}{}{}\n",
            folder.display().to_string(),
            percent(Some(result.accuracy)),
            percent(result.validation_accuracy),
            grouped(parameters.in_scope(record.scope)),
            operations.map_or("-".into(), |operations| format!("{:.2} M", operations / 1e6)),
            energy_pj.map_or("-".into(), |energy| format!("{:.2} µJ", energy / 1e6)),
            if limits.is_empty() { "" } else { "  for " },
            limits.join(" and "),
        );
    }
    text
}
