//! `run` and `train` with several seeds.

use std::path::PathBuf;
use std::sync::Arc;

use spikenas::data::Dataset;
use spikenas::engine::Engine;
use spikenas::workflow::run::RunConfig;
use spikenas::workflow::seeds::{self, SeedsRecord};
use spikenas::{Progress, Result, Spread};

use crate::output::{duration, print};
use crate::progress::Terminal;
use crate::report;

/// Where and how a run with several seeds is made.
pub struct Several<'a> {
    pub config: &'a RunConfig,
    pub seeds: usize,
    pub dataset: &'a Dataset,
    pub cpu: &'a Arc<dyn Engine>,
    pub device: &'a dyn Engine,
    /// The folder that was named.
    pub out: Option<PathBuf>,
    /// Where it is kept where none was named, but for what tells several seeds from one.
    pub default: PathBuf,
    pub is_json: bool,
}

impl Several<'_> {
    /// Runs with one seed after the other; repeated after an interruption, it continues.
    pub fn run(self) -> Result<()> {
        let Self { config, seeds, dataset, cpu, device, is_json, .. } = self;
        let folder = match self.out {
            Some(path) => path,
            None => seeds::free_or_same(&PathBuf::from(format!("{}-and-on", self.default.display())), config)?,
        };
        let progress = &mut Terminal::new();
        seeds::check(config, seeds, dataset, cpu, device, &folder)?;
        progress.note(&format!("{} in {}", spikenas::counted(seeds, "run"), folder.display()));
        // Without a page the runs go on, and their results are printed.
        let mut page = Ok(());
        let mut write = |_: &SeedsRecord, progress: &mut dyn Progress| {
            page = report::write_page(&folder).map(|page| progress.note(&format!("page {}", page.display())));
            Ok(())
        };
        let record = seeds::run(config, seeds, dataset, cpu, device, &folder, progress, &mut write)?;
        print(is_json, &record, || words(&record))?;
        page
    }
}

/// The results in words.
fn words(record: &SeedsRecord) -> String {
    let mut text = format!(
        "{:<20} {:>10} {:>12} {:>10} {:>10} {:>12}  architecture\n",
        "seed", "accuracy", "validation", "integer", "backbone", "training"
    );
    for result in &record.results {
        let percent = |accuracy: Option<f64>| accuracy.map_or("-".into(), |accuracy| format!("{accuracy:.2} %"));
        text += &format!(
            "{:<20} {:>10} {:>12} {:>10} {:>10} {:>12}  {}\n",
            result.seed,
            percent(Some(result.accuracy)),
            percent(result.validation_accuracy),
            percent(result.integer_accuracy),
            crate::output::grouped(result.parameters.backbone),
            duration(result.train_seconds),
            result.architecture,
        );
    }
    let mean = |name: &str, spread: Option<Spread>| {
        spread.map_or(String::new(), |spread| format!("{name:<13} {} %\n", spread.words(2)))
    };
    text += &mean("accuracy", record.accuracy);
    text += &mean("validation", record.validation_accuracy);
    text += &mean("integer", record.integer_accuracy);
    let selection = record.results.first().map(|result| result.selection.to_string());
    selection.map_or(text.clone(), |selection| text + &format!("epoch chosen  {selection}\n"))
}
