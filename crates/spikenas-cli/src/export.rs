use std::path::{Path, PathBuf};

use clap::{Args, ValueEnum};
use serde::Serialize;
use spikenas::cost::{DeviceLedger, Schedule};
use spikenas::data::Dataset;
use spikenas::export::c::{CExport, Name};
use spikenas::record::files;
use spikenas::workflow::run::LoadedIntegers;
use spikenas::{Error, Result};

use crate::arguments::{DataArguments, MachineArguments};
use crate::memory::device_words;
use crate::named::{NamedIntegers, images_of};
use crate::output::print;

/// Write a trained network for a device.
#[derive(Args)]
pub struct Arguments {
    /// A run folder with an integer network, or the .safetensors file of one
    #[arg(value_name = "RUN|FILE")]
    what: PathBuf,
    /// The form: c, C99 without any library
    #[arg(long, value_name = "FORM")]
    to: Form,
    /// Folder to write to, which must not be there
    #[arg(short = 'o', long, value_name = "DIR")]
    out: PathBuf,
    /// Name that begins every identifier and file
    #[arg(long, default_value = "spikenas")]
    name: Name,
    /// Order of the computation: layers, each over all timesteps, or steps [default: the one that needs less RAM]
    #[arg(long, value_name = "HOW")]
    schedule: Option<Schedule>,
    /// Test images whose scores the test program knows
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
}

#[derive(Serialize)]
struct Exported {
    folder: PathBuf,
    files: Vec<String>,
    device: DeviceLedger,
}

pub fn run(arguments: Arguments) -> Result<()> {
    arguments.machine.start_threads()?;
    if files::is_there(&arguments.out)? {
        return Err(Error::file(&arguments.out, "is there already: give another --out"));
    }
    let named = NamedIntegers::find(&arguments.what)?;
    let integers = named.load()?;
    let config = named.run.as_ref().map(|(_, config)| config);
    let dataset = images_of(&arguments.what, config, &arguments.data, |folder| integers.trained_on(folder))?;
    let exported = match arguments.to {
        Form::C => to_c(&arguments, &integers, &dataset)?,
    };
    print(arguments.machine.json, &exported, || words(&exported))
}

fn to_c(arguments: &Arguments, integers: &LoadedIntegers, dataset: &Dataset) -> Result<Exported> {
    let Arguments { name, schedule, golden, out, .. } = arguments;
    spikenas::engine::check_images(&integers.model.network.graph, &dataset.test)?;
    let images = dataset.test.clone().first((*golden).max(1));
    let export = CExport::new(&integers.model.network, name, integers.classes(), *schedule, &images.pixels)?;
    let names = [format!("{name}.h"), format!("{name}.c"), format!("{name}_test.c")];
    write(out, &names, [&export.header, &export.source, &export.test])?;
    Ok(Exported { folder: out.clone(), files: names.to_vec(), device: export.ledger })
}

/// Writes files into a new folder.
fn write<const N: usize>(folder: &Path, names: &[String; N], texts: [&String; N]) -> Result<()> {
    files::create_folder(folder)?;
    for (name, text) in names.iter().zip(texts) {
        files::write_text(&folder.join(name), text)?;
    }
    Ok(())
}

fn words(exported: &Exported) -> String {
    let Exported { folder, files, device } = exported;
    format!("exported      {} in {}\n{}", files.join(", "), folder.display(), device_words(device))
}
