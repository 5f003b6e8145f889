use std::path::PathBuf;

use clap::{Args, ValueEnum};
use spikenas::cost::Schedule;
use spikenas::data::Dataset;
use spikenas::engine::engine;
use spikenas::export::c::Name;
use spikenas::workflow::run::{Exported, LoadedIntegers, check_export};
use spikenas::{Error, Result};

use crate::arguments::{DataArguments, MachineArguments};
use crate::memory::device_words;
use crate::named::{NamedIntegers, NamedModel, images_of};
use crate::output::print;

/// Write a trained network for a device or a simulator.
#[derive(Args)]
pub struct Arguments {
    /// A run folder, or a .safetensors file of a float or an integer network
    #[arg(value_name = "RUN|FILE")]
    what: PathBuf,
    /// The form: c, C99 without any library, of an integer network; nir, the exchange format of simulators; safetensors, the model by
    /// itself, with all that applying it needs
    #[arg(long, value_name = "FORM")]
    to: Form,
    /// Where to write it: a folder with c, a file with nir and safetensors; it must not be there
    #[arg(short = 'o', long, value_name = "PATH")]
    out: PathBuf,
    /// The integer network, with nir, for which it must be quantised --for simulator, and safetensors; the float one otherwise
    #[arg(long)]
    integer: bool,
    /// Name that begins every identifier and file of c [default: spikenas]
    #[arg(long)]
    name: Option<Name>,
    /// Order of the computation of c: layers, each over all timesteps, or steps [default: the one that needs less RAM]
    #[arg(long, value_name = "HOW")]
    schedule: Option<Schedule>,
    /// Test images whose scores and spikes are written, too
    #[arg(long, value_name = "N", default_value_t = 20)]
    golden: usize,
    #[command(flatten)]
    data: DataArguments,
    #[command(flatten)]
    machine: MachineArguments,
}

/// The forms of an export.
#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Form {
    C,
    Nir,
    Safetensors,
}

pub fn run(arguments: Arguments) -> Result<()> {
    arguments.machine.start_threads()?;
    check_export(&arguments.out)?;
    let (name, schedule) = (&arguments.name, arguments.schedule);
    if arguments.to != Form::C && (name.is_some() || schedule.is_some()) {
        return Err(Error::invalid("--name and --schedule are for --to c"));
    }
    let exported = match arguments.to {
        Form::C => to_c(&arguments)?,
        Form::Nir if arguments.integer => {
            let (integers, dataset) = integers(&arguments)?;
            integers.to_nir(&arguments.out, &dataset, arguments.golden)?
        }
        Form::Nir => float_to_nir(&arguments)?,
        Form::Safetensors => to_safetensors(&arguments)?,
    };
    print(arguments.machine.json, &exported, || words(&exported))
}

/// An integer network, and the images whose scores are written.
fn integers(arguments: &Arguments) -> Result<(LoadedIntegers, Dataset)> {
    let named = NamedIntegers::find(&arguments.what)?;
    let integers = named.load()?;
    let config = named.run.as_ref().map(|(_, config)| config);
    let dataset = images_of(&arguments.what, config, &arguments.data, |folder| integers.trained_on(folder))?;
    Ok((integers, dataset))
}

fn to_c(arguments: &Arguments) -> Result<Exported> {
    let Arguments { name, schedule, out, golden, .. } = arguments;
    let (integers, dataset) = integers(arguments)?;
    integers.to_c(out, &name.clone().unwrap_or_default(), *schedule, &dataset, *golden)
}

fn float_to_nir(arguments: &Arguments) -> Result<Exported> {
    let named = NamedModel::find(&arguments.what)?;
    let model = named.load()?;
    let config = named.run.as_ref().map(|(_, config)| config);
    let dataset = images_of(&arguments.what, config, &arguments.data, |folder| model.trained_on(folder))?;
    model.to_nir(&arguments.out, &dataset, arguments.golden, engine("cpu")?.as_ref())
}

fn to_safetensors(arguments: &Arguments) -> Result<Exported> {
    let Arguments { what, out, integer, .. } = arguments;
    match integer {
        true => NamedIntegers::find(what)?.load()?.to_safetensors(out),
        false => NamedModel::find(what)?.load()?.to_safetensors(out),
    }
}

fn words(exported: &Exported) -> String {
    let Exported { path, files, device } = exported;
    let files = if files.is_empty() { String::new() } else { format!(": {}", files.join(", ")) };
    let device = device.as_ref().map_or(String::new(), device_words);
    format!("exported      {}{files}\n{device}", path.display())
}
