use std::path::{Path, PathBuf};

use clap::Args;
use spikenas::cost::{Bits, Budget, DeviceLedger, DeviceMemory, Leak, LeakKind, Memory, Schedule};
use spikenas::data::Source;
use spikenas::graph::{Graph, Shape};
use spikenas::record::files::is_folder;
use spikenas::report::{RunRecords, layer};
use spikenas::workflow::run::RunFolder;
use spikenas::{Error, Result};

use crate::arguments::{
    DataArguments, DigitArguments, FramingArguments, NetworkArguments, WidthList, parse_bits, parse_shape, parse_widths,
};
use crate::named::NamedModel;
use crate::output::{grouped, note, print};

/// Itemise the memory of an architecture, of a run's winner, or of a model.
#[derive(Args)]
pub struct Arguments {
    /// A run folder, whose winner it is, or a .safetensors file that says which network it belongs to
    #[arg(value_name = "RUN|FILE", conflicts_with_all = OWN)]
    what: Option<PathBuf>,
    /// The architecture as a connection matrix, such as "0313 0031 0003 0000", or one matrix per cell joined by `/`
    #[arg(short = 'a', long, value_name = "MATRIX", required_unless_present = "what")]
    arch: Option<String>,
    /// Whose images: sample, cifar10, cifar100, or a folder, which is read for their shape and classes
    #[arg(long, value_name = "NAME|PATH", default_value = "sample")]
    data: Source,
    /// Shape of an image: channels, rows and columns [default: that of --data]
    #[arg(long, value_name = "CxHxW", value_parser = parse_shape)]
    image: Option<Shape>,
    /// Network settings: sample, cifar10, cifar100 or snasnet-cifar10 [default: as --data]
    #[arg(long, value_name = "NAME")]
    preset: Option<String>,
    /// Channels before and after the first reduction, such as 128,256
    #[arg(long, value_name = "N,N", value_parser = parse_widths)]
    widths: Option<[usize; 2]>,
    /// Cells of the network: 1, 2 or 3
    #[arg(long, value_name = "N")]
    cells: Option<usize>,
    /// Neurons of the classifier's hidden layer
    #[arg(long, value_name = "N")]
    hidden: Option<usize>,
    /// Side of the average pooling before the classifier
    #[arg(long, value_name = "N")]
    last_pool: Option<usize>,
    /// Timesteps for which an image is shown
    #[arg(long, value_name = "N")]
    timesteps: Option<usize>,
    #[command(flatten)]
    framing: FramingArguments,
    #[command(flatten)]
    digits: DigitArguments,
    /// How the integer network's membranes leak: exact, in 32 bits, or shift, in 16 [default: exact where it is possible]
    #[arg(long, value_name = "HOW")]
    leak: Option<LeakKind>,
    /// The order in which a device computes: layers, each over all timesteps, or steps [default: the one that needs less RAM]
    #[arg(long, value_name = "HOW")]
    schedule: Option<Schedule>,
    /// Bits per parameter [default: 32; those of a run whose budget is in bytes]
    #[arg(long, value_name = "N", value_parser = parse_bits)]
    bits: Option<Bits>,
    /// Print the result as one JSON document
    #[arg(long)]
    json: bool,
}

/// Options for an architecture of the user's own; a run and a model have theirs.
const OWN: [&str; 14] = [
    "arch",
    "data",
    "image",
    "preset",
    "widths",
    "cells",
    "timesteps",
    "hidden",
    "last_pool",
    "ops",
    "frames",
    "split_by",
    "downscale",
    "merge_polarities",
];

pub fn run(arguments: Arguments) -> Result<()> {
    let (graph, of_run) = match (&arguments.what, &arguments.arch) {
        (Some(path), _) => recorded(path)?,
        (None, arch) => (own(arch.as_deref().unwrap_or_default(), &arguments)?, None),
    };
    let bits = arguments.bits.or(of_run).unwrap_or_default();
    let memory = Memory::new(&graph, bits, arguments.leak, arguments.schedule)?;
    memory.parameters.concern(None).iter().for_each(|concern| note(concern));
    print(arguments.json, &memory, || words(&memory))
}

/// The network of a run's winner, or of a model, and the precision of a run whose budget is in bytes.
pub fn recorded(path: &Path) -> Result<(Graph, Option<Bits>)> {
    if !is_folder(path)? {
        return Ok((NamedModel::find(path)?.load()?.graph, None));
    }
    let (_, searched) = RunFolder::existing(path)?;
    let is_in_bytes = matches!(searched.search.budget, Some(Budget::Bytes(_)));
    let bits = is_in_bytes.then_some(searched.search.bits);
    let RunRecords { graph, faults, search, config, .. } = RunRecords::read(path);
    let is_found = search.is_some() || config.is_some_and(|config| config.architecture.is_some());
    let graph = graph.ok_or_else(|| match faults.into_iter().next() {
        Some(fault) => Error::invalid(fault),
        None if is_found => Error::file(path, "does not say which shape its images have: give --arch with --image"),
        None => Error::file(path, "its search is not finished: repeat it with the same --out"),
    })?;
    Ok((graph, bits))
}

/// The network of an architecture of the user's own.
fn own(arch: &str, arguments: &Arguments) -> Result<Graph> {
    let architecture = arguments.digits.architecture(arch)?;
    let data = DataArguments { data: Some(arguments.data.clone()), data_dir: None, framing: arguments.framing.clone() };
    // Only a folder, and recordings, have to be read to know the shape and the classes of its images.
    let dataset = match (&arguments.data, arguments.image) {
        (Source::Folder(_), Some(_)) => {
            return Err(Error::invalid("the images of the folder have a shape: leave --image or --data out"));
        }
        (Source::Folder(_), None) => Some(data.open()?),
        // Images in memory are nobody's here: opening them says so.
        (Source::Memory, _) => Some(data.open()?),
        (source, _) if source.has_recordings() => Some(data.open()?),
        _ => None,
    };
    let &Arguments { widths, cells, timesteps, hidden, last_pool, .. } = arguments;
    let preset = arguments.preset.clone();
    let widths = widths.map(|widths| WidthList(vec![widths]));
    let [cells, timesteps] = [cells, timesteps].map(|one| one.into_iter().collect());
    let (threshold, tau) = (Vec::new(), Vec::new());
    let network = NetworkArguments { preset, widths, cells, timesteps, threshold, tau, hidden, last_pool };
    let network = network.config(&data, dataset.as_ref())?;
    let shape = arguments.image.or(arguments.data.shape()).or(dataset.map(|dataset| dataset.train.shape));
    let shape = shape.ok_or_else(|| Error::invalid("the images have no shape: give --image"))?;
    Graph::new(&architecture, &network, shape)
}

fn words(memory: &Memory) -> String {
    let bytes =
        |parameters: u64| format!("{:.1} KiB", memory.bits_per_parameter.memory_bytes(parameters) as f64 / 1024.0);
    let row = |name: &str, cells: [String; 6]| {
        let [output, weights, norm, bias, total, bytes] = cells;
        format!("{name:<26} {output:>12} {weights:>12} {norm:>11} {bias:>7} {total:>12} {bytes:>14}\n")
    };
    let heads = ["output", "weights", "batch norm", "bias", "total", "memory"].map(String::from);
    let mut text =
        format!("{} on images of {}\n", memory.architecture, shape_words(memory.input)) + &row("layer", heads);
    for l in &memory.layers {
        let [weights, norm, bias, total] = [l.weights, l.batch_norm, l.bias, l.total()].map(grouped);
        let cells = [shape_words(l.output), weights, norm, bias, total, bytes(l.total())];
        text += &row(&format!("{}{}", layer(&l.name), if l.unreachable { " *" } else { "" }), cells);
    }
    let none = String::new;
    let sum = |total| [none(), none(), none(), none(), grouped(total), bytes(total)];
    let p = &memory.parameters;
    for (name, total) in [("backbone", p.backbone), ("classifier", p.classifier), ("network", p.network)] {
        text += &row(name, sum(total));
    }
    if let Some(without) = &memory.without_unreachable {
        text += &row("* on no path", sum(memory.unreachable));
        text += &format!("The same network without what is on no path from input to output: {without}\n");
    }
    text + &memory.device.as_ref().map_or(String::new(), device_words)
}

/// The memory of an integer network in words.
pub fn device_words(device: &DeviceLedger) -> String {
    let DeviceLedger { bits, leak, schedule, flash, ram } = device;
    let leak = match leak {
        Leak::Exact { .. } => "exact",
        Leak::Shift { .. } => "shift",
    };
    let mut text = format!("device        weights of {bits} bits, leak {leak}, schedule {schedule}\n");
    for (name, DeviceMemory { bytes, items }) in [("flash", flash), ("RAM", ram)] {
        text += &format!(
            "{name:<13} {:>9} bytes{}\n",
            grouped(*bytes),
            if name == "flash" { ", without the code" } else { ", without the stack" }
        );
        for item in items {
            text += &format!("              {:>9} {}\n", grouped(item.bytes), item.name);
        }
    }
    text
}

/// Channels, rows and columns: `16x32x32`.
fn shape_words(Shape { channels, height, width }: Shape) -> String {
    format!("{channels}x{height}x{width}")
}
