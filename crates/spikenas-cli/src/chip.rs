use std::path::PathBuf;

use clap::{Args, Subcommand};
use serde::Serialize;
use spikenas::Result;
use spikenas::cost::{
    ChipCheck, ChipEnergy, ChipLimit, Figure, Microcontroller, Need, Profile, ProfileKind, WeightBits,
};
use spikenas::report::{RunRecords, plain};

use crate::memory::recorded;
use crate::output::{grouped, print};

/// Profiles of chips, and whether a network fits one.
#[derive(Args)]
pub struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// List the chips that are known
    List(Format),
    /// What is published of a chip, with sources
    Show(Show),
    /// Whether a network fits a chip, and if not, why
    Check(Check),
}

#[derive(Args)]
struct Format {
    /// Print the result as one JSON document
    #[arg(long)]
    json: bool,
}

#[derive(Args)]
struct Show {
    /// Its name, or a profile of your own in a .toml file
    #[arg(value_name = "NAME|FILE")]
    chip: String,
    #[command(flatten)]
    format: Format,
}

#[derive(Args)]
struct Check {
    /// A run folder, or a .safetensors file that says which network it belongs to
    #[arg(value_name = "RUN|FILE")]
    what: PathBuf,
    /// The chip's name, or a profile of your own in a .toml file
    #[arg(long, value_name = "NAME|FILE")]
    chip: String,
    /// Bits of a weight: 8, 4 or 2 [default: those of the run's device, or 8]
    #[arg(long, value_name = "N")]
    bits: Option<WeightBits>,
    #[command(flatten)]
    format: Format,
}

#[derive(Serialize)]
struct Known {
    chips: Vec<Named>,
}

#[derive(Serialize)]
struct Named {
    chip: &'static str,
    #[serde(flatten)]
    profile: Profile,
}

pub fn run(arguments: Arguments) -> Result<()> {
    match arguments.command {
        Command::List(Format { json }) => {
            let named = Profile::names().map(|chip| Ok(Named { chip, profile: Profile::find(chip)? }));
            let known = Known { chips: named.collect::<Result<_>>()? };
            print(json, &known, || known.chips.iter().map(row).collect())
        }
        Command::Show(Show { chip, format }) => {
            let profile = Profile::find(&chip)?;
            print(format.json, &profile, || profile_words(&profile))
        }
        Command::Check(arguments) => check(&arguments),
    }
}

fn check(arguments: &Check) -> Result<()> {
    let profile = Profile::find(&arguments.chip)?;
    let (graph, _) = recorded(&arguments.what)?;
    let records = arguments.what.is_dir().then(|| RunRecords::read(&arguments.what));
    let of_run = records.as_ref().and_then(|records| Some(records.quantised.as_ref()?.device.bits));
    let operations = records.as_ref().and_then(RunRecords::operations);
    let additions = operations.map(|all| all.layers.iter().map(|layer| layer.additions).sum());
    let bits = arguments.bits.or(of_run).unwrap_or_default();
    let check = ChipCheck::new(&profile, &graph, bits, additions)?;
    print(arguments.format.json, &check, || check_words(&check))
}

fn row(named: &Named) -> String {
    let kind = match named.profile.kind {
        ProfileKind::Microcontroller(_) => "microcontroller",
        ProfileKind::Neuromorphic(_) => "neuromorphic",
    };
    format!("{:<14} {:<16} {}, {}\n", named.chip, kind, named.profile.name, named.profile.about)
}

fn profile_words(profile: &Profile) -> String {
    let mut text = format!("{}: {}\n", plain(&profile.name), plain(&profile.about));
    let mut add = |name: &str, value: Option<String>, of: Option<(&String, &Option<String>)>| {
        let value = value.unwrap_or_else(|| "unknown".into());
        let source = of.map_or(String::new(), |(source, caveat)| format!("   ({})", source_words(source, caveat)));
        text += &format!("{name:<26} {value}{source}\n");
    };
    fn of<T>(figure: &Figure<T>, words: impl Fn(&T) -> String) -> (Option<String>, Option<(&String, &Option<String>)>) {
        match figure {
            Figure::Known { value, source, caveat } => (Some(words(value)), Some((source, caveat))),
            Figure::Unknown => (None, None),
        }
    }
    let number = |n: &u64| grouped(*n);
    let figures = match &profile.kind {
        ProfileKind::Microcontroller(Microcontroller { flash, ram }) => {
            vec![("flash, bytes", of(flash, number)), ("RAM, bytes", of(ram, number))]
        }
        ProfileKind::Neuromorphic(chip) => {
            vec![
                ("cores", of(&chip.cores, number)),
                ("neurons of a core", of(&chip.neurons_per_core, number)),
                ("bytes of its synapses", of(&chip.synapse_bytes_per_core, number)),
                ("shares kernels", of(&chip.shares_kernels, bool::to_string)),
                ("inputs of a neuron", of(&chip.fan_in, number)),
                ("side of a kernel", of(&chip.kernel_side, number)),
                ("bits of a weight", of(&chip.weight_bits, |[least, most]| format!("{least} to {most}"))),
                ("bits of a membrane", of(&chip.state_bits, u32::to_string)),
                ("leak", of(&chip.leak, String::clone)),
                ("reset", of(&chip.reset, String::clone)),
                ("pJ of a synaptic operation", of(&chip.synapse_pj, f64::to_string)),
                ("% of energy for memory", of(&chip.memory_percent, |[least, most]| format!("{least} to {most}"))),
            ]
        }
    };
    figures.into_iter().for_each(|(name, (value, of))| add(name, value, of));
    text
}

/// Where a figure is published, behind what is to be known besides.
fn source_words(source: &str, caveat: &Option<String>) -> String {
    let caveat = caveat.as_ref().map_or(String::new(), |caveat| format!("{}; ", plain(caveat)));
    format!("{caveat}{}", plain(source))
}

fn check_words(check: &ChipCheck) -> String {
    let verdict = if check.fits { "fits every limit that is known" } else { "does not fit" };
    let mut text = format!("{}: {verdict}\n", plain(&check.chip));
    let need = |need: &Need| match need {
        Need::Number(number) => grouped(*number),
        Need::Kind(kind) => plain(kind),
    };
    text += &format!("{:<44} {:>14} {:>14}\n", "", "needs", "has");
    for ChipLimit { what, needs, has, fits, caveat, .. } in &check.limits {
        let mark = if *fits { "" } else { "  too much" };
        let caveat = caveat.as_ref().map_or(String::new(), |caveat| format!("  ({})", plain(caveat)));
        text += &format!("{what:<44} {:>14} {:>14}{mark}{caveat}\n", need(needs), need(has));
    }
    if !check.unknown.is_empty() {
        text += &format!("unknown: {}\n", check.unknown.join(", "));
    }
    if let Some(ChipEnergy { nanojoules, operations, source, caveat, memory_percent }) = &check.energy {
        text += &format!(
            "energy per inference: {nanojoules:.0} nJ of synaptic operations ({} of them; {}); neurons, memory and input are unknown\n",
            grouped(operations.round() as u64),
            source_words(source, caveat)
        );
        text += &match memory_percent {
            Figure::Known { value: [least, most], source, caveat } => {
                format!("memory takes {least} to {most} % of the chip's energy ({})\n", source_words(source, caveat))
            }
            Figure::Unknown => "memory's share of the chip's energy is unknown\n".into(),
        };
    }
    text
}
