use std::path::PathBuf;

use clap::{Args, ValueEnum};
use serde::Serialize;
use spikenas::cost::{DeviceLedger, Schedule};
use spikenas::data::Images;
use spikenas::engine::engine;
use spikenas::export::c::{CExport, Name};
use spikenas::export::nir::NirExport;
use spikenas::record::files;
use spikenas::workflow::run::{LoadedIntegers, LoadedModel};
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

#[derive(Serialize)]
struct Exported {
    path: PathBuf,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    files: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    device: Option<DeviceLedger>,
}

pub fn run(arguments: Arguments) -> Result<()> {
    arguments.machine.start_threads()?;
    if files::is_there(&arguments.out)? {
        return Err(Error::file(&arguments.out, "is there already: give another --out"));
    }
    let (name, schedule) = (&arguments.name, arguments.schedule);
    if arguments.to != Form::C && (name.is_some() || schedule.is_some()) {
        return Err(Error::invalid("--name and --schedule are for --to c"));
    }
    let exported = match arguments.to {
        Form::C => to_c(&arguments)?,
        Form::Nir if arguments.integer => integer_to_nir(&arguments)?,
        Form::Nir => float_to_nir(&arguments)?,
        Form::Safetensors => to_safetensors(&arguments)?,
    };
    print(arguments.machine.json, &exported, || words(&exported))
}

/// An integer network with the test images whose scores are written.
fn integers(arguments: &Arguments) -> Result<(LoadedIntegers, Images)> {
    let named = NamedIntegers::find(&arguments.what)?;
    let integers = named.load()?;
    let config = named.run.as_ref().map(|(_, config)| config);
    let dataset = images_of(&arguments.what, config, &arguments.data, |folder| integers.trained_on(folder))?;
    spikenas::engine::check_images(&integers.model.network.graph, &dataset.test)?;
    Ok((integers, dataset.test.first(arguments.golden.max(1))))
}

fn to_c(arguments: &Arguments) -> Result<Exported> {
    let Arguments { name, schedule, out, .. } = arguments;
    let (integers, images) = integers(arguments)?;
    let name = name.clone().unwrap_or_default();
    let export = CExport::new(&integers.model.network, &name, integers.classes(), *schedule, &images.pixels)?;
    let names = [format!("{name}.h"), format!("{name}.c"), format!("{name}_test.c")];
    let texts = [&export.header, &export.source, &export.test];
    let contents: Vec<(&str, &str)> =
        names.iter().zip(texts).map(|(name, text)| (name.as_str(), text.as_str())).collect();
    files::write_folder(out, &contents)?;
    Ok(Exported { path: out.clone(), files: names.to_vec(), device: Some(export.ledger) })
}

fn integer_to_nir(arguments: &Arguments) -> Result<Exported> {
    let (integers, images) = integers(arguments)?;
    let export = NirExport::integer(&integers.model.network, integers.classes(), &images.pixels);
    export.map_err(|e| Error::file(&integers.path, e.to_string()))?.write(&arguments.out)?;
    Ok(Exported { path: arguments.out.clone(), files: Vec::new(), device: None })
}

fn float_to_nir(arguments: &Arguments) -> Result<Exported> {
    let named = NamedModel::find(&arguments.what)?;
    let model = named.load()?;
    let config = named.run.as_ref().map(|(_, config)| config);
    let dataset = images_of(&arguments.what, config, &arguments.data, |folder| model.trained_on(folder))?;
    let origin = model.model.origin.as_ref();
    let classes = origin.map_or(&dataset.classes, |origin| &origin.classes);
    let normalisation = origin.map_or(&dataset.normalisation, |origin| &origin.normalisation);
    let (images, cpu) = (dataset.test.clone().first(arguments.golden.max(1)), engine("cpu")?);
    let network = (&model.graph, &model.model.weights);
    NirExport::float(network, normalisation, classes, &images, cpu.as_ref())?.write(&arguments.out)?;
    Ok(Exported { path: arguments.out.clone(), files: Vec::new(), device: None })
}

fn to_safetensors(arguments: &Arguments) -> Result<Exported> {
    let out = &arguments.out;
    if arguments.integer {
        NamedIntegers::find(&arguments.what)?.load()?.model.save(out)?;
    } else {
        let LoadedModel { model, graph, .. } = NamedModel::find(&arguments.what)?.load()?;
        model.weights.save(out, &graph, model.origin.as_ref())?;
    }
    Ok(Exported { path: out.clone(), files: Vec::new(), device: None })
}

fn words(exported: &Exported) -> String {
    let Exported { path, files, device } = exported;
    let files = if files.is_empty() { String::new() } else { format!(": {}", files.join(", ")) };
    let device = device.as_ref().map_or(String::new(), device_words);
    format!("exported      {}{files}\n{device}", path.display())
}
