use std::path::PathBuf;

use clap::Args;
use spikenas::data::{DataConfig, Source};
use spikenas::engine::{Evaluation, engine};
use spikenas::report::layer;
use spikenas::workflow::run::{self, RunFolder};
use spikenas::{Progress, Result};

use crate::arguments::{DataArguments, MachineArguments, open_images};
use crate::output::{grouped, print};
use crate::progress::Terminal;

/// Test a run's best weights, or a .safetensors file.
#[derive(Args)]
pub struct Arguments {
    /// A run folder, or a .safetensors file that says which network it belongs to
    #[arg(value_name = "RUN|FILE")]
    what: PathBuf,
    /// Other images than those of the run: sample, cifar10, cifar100 or a folder [default: the run's, or sample]
    #[arg(short = 'd', long, value_name = "NAME|PATH")]
    data: Option<Source>,
    /// Folder that holds cifar-10-batches-bin and cifar-100-binary [default: the run's, or data]
    #[arg(long, value_name = "DIR")]
    data_dir: Option<PathBuf>,
    #[command(flatten)]
    machine: MachineArguments,
}

pub fn run(arguments: Arguments) -> Result<()> {
    arguments.machine.start_threads()?;
    let what = &arguments.what;
    let (run, path, mut data) = if what.is_dir() {
        let (folder, config) = RunFolder::existing(what)?;
        let (path, data) = (folder.model_path(), config.data.clone());
        (Some((folder, config)), path, data)
    } else {
        (None, what.clone(), DataConfig { source: Source::Sample, folder: "data".into(), fingerprint: None })
    };
    data.source = arguments.data.unwrap_or(data.source);
    DataArguments { data: Some(data.source.clone()), data_dir: arguments.data_dir.clone() }.check()?;
    data.folder = arguments.data_dir.unwrap_or(data.folder);
    if let Some((folder, _)) = &run {
        folder.check_model()?;
    }
    let model = run::load_model(&path)?;
    let dataset = open_images(&data.source, &data.folder)?;
    let progress = &mut Terminal::new();
    let record = model.test(&dataset, engine("cpu")?.as_ref(), progress)?;
    print(arguments.machine.json, &record, || words(&record.result))?;
    // What was computed is told before it turns out that it cannot be kept.
    if let Some((folder, config)) = &run {
        let path = run::keep_test(folder, config, &model, &record)?;
        if path != folder.evaluation_path() {
            progress.note(&format!("these are not the images of the run: kept in {}", path.display()));
        }
    }
    Ok(())
}

/// The result in words.
pub fn words(evaluation: &Evaluation) -> String {
    let Evaluation { accuracy, top5_accuracy, correct, total, firing_rate, .. } = evaluation;
    let mut text = format!(
        "accuracy      {accuracy:.2} % ({correct} of {total} test images), top 5 {top5_accuracy:.2} %\nfiring rate   {firing_rate:.4}\n"
    );
    for one in &evaluation.layers {
        let (name, neurons) = (layer(&one.name), grouped(one.neurons as u64));
        text += &format!("  {name:<30} {neurons:>9} neurons  {:.4}\n", one.firing_rate);
    }
    text
}
