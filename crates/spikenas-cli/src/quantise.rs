use std::path::PathBuf;

use clap::Args;
use serde::Serialize;
use spikenas::cost::{LeakKind, Target, WeightBits};
use spikenas::engine::engine;
use spikenas::quantise::LayerRange;
use spikenas::record::files::is_there;
use spikenas::report::layer;
use spikenas::workflow::run::{self, QuantiseRecord};
use spikenas::{Error, Result};

use crate::arguments::{DataArguments, MachineArguments};
use crate::memory::device_words;
use crate::named::{NamedModel, images_of};
use crate::output::{grouped, print};
use crate::progress::Terminal;

/// The integer network of a trained one.
#[derive(Args)]
pub struct Arguments {
    /// A run folder, or a .safetensors file that says which network it belongs to
    #[arg(value_name = "RUN|FILE")]
    what: PathBuf,
    /// Bits of a weight: 8, 4 or 2
    #[arg(long, value_name = "N", default_value = "8")]
    bits: WeightBits,
    /// How membranes leak: exact, in 32 bits and without rounding, or shift, in 16 bits and rounded down [default: exact where tau
    /// and the timesteps allow it]
    #[arg(long, value_name = "HOW")]
    leak: Option<LeakKind>,
    /// What it is for: device, or simulator, which also gives the same spikes in float32 (--to nir), with coarser weights [default:
    /// device]
    #[arg(long = "for", value_name = "WHAT")]
    target: Option<Target>,
    /// Where to write it [default: integer.safetensors in RUN]
    #[arg(short = 'o', long, value_name = "FILE")]
    out: Option<PathBuf>,
    /// Replace an integer network that is there
    #[arg(long)]
    replace: bool,
    /// Train the run's network on for N epochs first, with weights rounded in every forward pass, in RUN/tuned-BITSbit; goes on after
    /// an interruption [default: 0]
    #[arg(short = 'e', long, value_name = "N")]
    epochs: Option<usize>,
    #[command(flatten)]
    data: DataArguments,
    #[command(flatten)]
    machine: MachineArguments,
}

#[derive(Serialize)]
struct Quantised {
    model: PathBuf,
    #[serde(flatten)]
    record: QuantiseRecord,
}

pub fn run(arguments: Arguments) -> Result<()> {
    arguments.machine.start_threads()?;
    let named = NamedModel::find(&arguments.what)?;
    let path = match (&arguments.out, &named.run) {
        (Some(path), _) => path.clone(),
        (None, Some((folder, _))) => folder.integer_path(),
        (None, None) => return Err(Error::invalid("a model file has no folder to write to: give --out")),
    };
    if !arguments.replace && is_there(&path)? {
        return Err(Error::file(path, "is there already: give another --out, or --replace"));
    }
    let model = named.load()?;
    let config = named.run.as_ref().map(|(_, config)| config);
    let dataset = images_of(&arguments.what, config, &arguments.data, |folder| model.trained_on(folder))?;
    let model = match (arguments.epochs, &named.run) {
        (Some(epochs), Some((folder, config))) => {
            let (cpu, progress) = (engine("cpu")?, &mut Terminal::new());
            run::tune((folder, config), (arguments.bits, epochs), &dataset, cpu.as_ref(), progress)?
        }
        (Some(epochs), None) => {
            return Err(Error::invalid(format!("epochs {epochs}: a model file has no folder to train in, give a run")));
        }
        (None, _) => model,
    };
    let (integers, record) =
        run::quantise(&model, &dataset, arguments.bits, arguments.leak, arguments.target.unwrap_or_default())?;
    match (&arguments.out, &named.run) {
        (None, Some((folder, _))) => folder.keep_integers(&integers, &record)?,
        _ => integers.save(&path)?,
    }
    let quantised = Quantised { model: path, record };
    print(arguments.machine.json, &quantised, || words(&quantised))
}

fn words(quantised: &Quantised) -> String {
    let Quantised { model, record } = quantised;
    let mut text = format!("integers      {}, weights of {} bits\n", model.display(), record.device.bits);
    text += &format!(
        "{:<30} {:>12} {:>12} {:>14}\n",
        format!("currents on {} images", record.calibration_images),
        "largest",
        "possible",
        "membranes take"
    );
    for LayerRange { name, seen, possible, room } in &record.ranges {
        let [seen, possible, room] = [seen, possible, room].map(|&number| grouped(number.unsigned_abs()));
        text += &format!("{:<30} {seen:>12} {possible:>12} {room:>14}\n", layer(name));
    }
    text + &device_words(&record.device)
}
