use std::path::PathBuf;

use clap::Args;
use serde::Serialize;
use spikenas::Result;
use spikenas::engine::engine;
use spikenas::report::{layer, plain};
use spikenas::workflow::run::{self, Prediction};

use crate::arguments::MachineArguments;
use crate::named::NamedModel;
use crate::output::{grouped, print};
use crate::progress::Terminal;

/// What a model says of images: class, share of the votes, spikes.
#[derive(Args)]
#[command(
    after_help = "Examples:\n  spikenas predict runs/flowers rose.png\n  spikenas predict model.safetensors photos/ --json"
)]
pub struct Arguments {
    /// A run folder, or a .safetensors file of this program
    #[arg(value_name = "RUN|FILE")]
    model: PathBuf,
    /// PNG or JPEG files of the size that the network takes, or folders of them
    #[arg(value_name = "IMAGE", required = true)]
    images: Vec<PathBuf>,
    #[command(flatten)]
    machine: MachineArguments,
}

#[derive(Serialize)]
struct Predictions {
    model: PathBuf,
    predictions: Vec<Prediction>,
}

pub fn run(arguments: Arguments) -> Result<()> {
    arguments.machine.start_threads()?;
    let model = NamedModel::find(&arguments.model)?.load()?;
    let files = run::image_files(&arguments.images)?;
    let predictions = model.predict(&files, engine("cpu")?.as_ref(), &mut Terminal::new())?;
    let result = Predictions { model: model.path, predictions };
    print(arguments.machine.json, &result, || {
        result.predictions.iter().map(words).collect::<Vec<String>>().join("\n\n")
    })
}

/// A prediction in words.
fn words(prediction: &Prediction) -> String {
    let percent = |share: f64| format!("{:.2} %", 100.0 * share);
    let mut lines = vec![
        plain(&prediction.image.display().to_string()),
        format!("class         {} with {} of the votes", plain(&prediction.class), percent(prediction.share)),
    ];
    let others = prediction.votes.iter().skip(1).map(|vote| format!("{} {}", plain(&vote.class), percent(vote.share)));
    let others: Vec<String> = others.collect();
    if !others.is_empty() {
        lines.push(format!("others        {}", others.join(", ")));
    }
    lines.push(format!("spikes        {}", grouped(prediction.spikes)));
    lines.extend(
        prediction.layers.iter().map(|one| {
            format!("  {:<30} {:>9} spikes   {:.4}", layer(&one.name), grouped(one.spikes), one.firing_rate)
        }),
    );
    lines.join("\n")
}
