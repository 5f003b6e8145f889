use std::path::PathBuf;

use clap::Args;
use spikenas::data::{Dataset, Source};
use spikenas::engine::{Evaluation, engine};
use spikenas::quantise::Drift;
use spikenas::report::layer;
use spikenas::workflow::run::{self, EvaluationRecord, LoadedModel};
use spikenas::{Progress, Result};

use crate::arguments::{DataArguments, MachineArguments};
use crate::named::{NamedIntegers, NamedModel, images_of};
use crate::output::{grouped, print};
use crate::progress::Terminal;

/// Test a run's best weights, or a .safetensors file.
#[derive(Args)]
pub struct Arguments {
    /// A run folder, or a .safetensors file that says which network it belongs to
    #[arg(value_name = "RUN|FILE")]
    what: PathBuf,
    /// Other images than those of the training: sample, cifar10, cifar100 or a folder; also where those lie now, if they were moved
    #[arg(short = 'd', long, value_name = "NAME|PATH")]
    data: Option<Source>,
    /// Folder that holds cifar-10-batches-bin and cifar-100-binary [default: the run's, or data]
    #[arg(long, value_name = "DIR")]
    data_dir: Option<PathBuf>,
    /// Test the integer network: a run's beside its float network, or one in a file
    #[arg(long)]
    integer: bool,
    #[command(flatten)]
    machine: MachineArguments,
}

pub fn run(arguments: Arguments) -> Result<()> {
    arguments.machine.start_threads()?;
    let data = DataArguments {
        data: arguments.data.clone(),
        data_dir: arguments.data_dir.clone(),
        framing: Default::default(),
    };
    if arguments.integer { integer(&arguments, &data) } else { float(&arguments, &data) }
}

fn float(arguments: &Arguments, data: &DataArguments) -> Result<()> {
    let named = NamedModel::find(&arguments.what)?;
    let (model, run) = (named.load()?, named.run);
    let config = run.as_ref().map(|(_, config)| config);
    let dataset = images_of(&arguments.what, config, data, |folder| model.trained_on(folder))?;
    let progress = &mut Terminal::new();
    if run.is_none() && data.data.is_none() {
        announce(&model, &dataset, progress);
    }
    let record = model.test(&dataset, engine("cpu")?.as_ref(), progress)?;
    print(arguments.machine.json, &record, || words(&record))?;
    // What was computed is told before it turns out that it cannot be kept.
    if let Some((folder, config)) = &run {
        let path = run::keep_test(folder, config, &model, &record)?;
        if path != folder.evaluation_path() {
            progress.note(&format!("these are not the images of the run: kept in {}", path.display()));
        }
    }
    Ok(())
}

/// Tests an integer network, and, where it is a run's, beside the run's float network.
fn integer(arguments: &Arguments, data: &DataArguments) -> Result<()> {
    let named = NamedIntegers::find(&arguments.what)?;
    let (integers, run) = (named.load()?, named.run);
    let config = run.as_ref().map(|(_, config)| config);
    let dataset = images_of(&arguments.what, config, data, |folder| integers.trained_on(folder))?;
    let float = run.as_ref().map(|(folder, config)| folder.load_model(config)).transpose()?;
    let progress = &mut Terminal::new();
    let record = integers.test(float.as_ref(), &dataset, engine("cpu")?.as_ref(), progress)?;
    print(arguments.machine.json, &record, || words(&record))?;
    match &run {
        Some((folder, _)) if data.data.is_none() => folder.keep_integer_evaluation(&record),
        _ => Ok(()),
    }
}

/// Says which images a model is tested on where nobody named any.
fn announce(model: &LoadedModel, dataset: &Dataset, progress: &mut dyn Progress) {
    let is_same = model.is_trained_on(&dataset.id()) == Some(true);
    let changed = if is_same { "" } else { ", which has other images now than the model was trained on" };
    progress.note(&format!("tested on the images of its training: {}{changed}", dataset.name));
}

/// The result in words.
pub fn words(record: &EvaluationRecord) -> String {
    let Evaluation { accuracy, top5_accuracy, correct, total, firing_rate, layers, .. } = &record.result;
    let mut text =
        format!("accuracy      {accuracy:.2} % ({correct} of {total} test images), top 5 {top5_accuracy:.2} %\n");
    if record.selection.choice.is_some() {
        text += &format!("epoch chosen  {}\n", record.selection);
    }
    if let Some(Drift { agreement, float_accuracy, .. }) = &record.drift {
        text +=
            &format!("float network {float_accuracy:.2} %; both take {agreement:.2} % of the images for the same\n");
    }
    text += &format!("firing rate   {firing_rate:.4}\n");
    let drift = record.drift.as_ref().map_or(&[][..], |drift| &drift.layers);
    for (place, one) in layers.iter().enumerate() {
        let (name, neurons) = (layer(&one.name), grouped(one.neurons as u64));
        let float = drift.get(place).map_or(String::new(), |drift| format!("  float {:.4}", drift.float));
        text += &format!("  {name:<30} {neurons:>9} neurons  {:.4}{float}\n", one.firing_rate);
    }
    text
}
