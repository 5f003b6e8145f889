use clap::Args;
use serde::Serialize;
use spikenas::cost::{Bits, Ledger, LedgerEntry, ParameterCount, Unreachable};
use spikenas::data::Source;
use spikenas::graph::{Graph, Shape};
use spikenas::report::layer;
use spikenas::space::Architecture;
use spikenas::{Error, Result};

use crate::arguments::{CIFAR, DataArguments, DigitArguments, NetworkArguments, parse_bits, parse_shape, parse_widths};
use crate::output::{grouped, print};

/// Itemise the memory of an architecture.
#[derive(Args)]
pub struct Arguments {
    /// The architecture as a connection matrix, such as "0313 0031 0003 0000", or one matrix per cell joined by `/`
    #[arg(short = 'a', long, value_name = "MATRIX")]
    arch: String,
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
    #[command(flatten)]
    digits: DigitArguments,
    /// Bits per parameter
    #[arg(long, value_name = "N", default_value = "32", value_parser = parse_bits)]
    bits: Bits,
    /// Print the result as one JSON document
    #[arg(long)]
    json: bool,
}

#[derive(Serialize)]
struct Memory {
    architecture: Architecture,
    parameters: ParameterCount,
    bits_per_parameter: Bits,
    memory_bits: u64,
    memory_bytes: u64,
    /// Parameters on no path from input to output.
    unreachable: u64,
    /// The same network without them, where there are any.
    #[serde(skip_serializing_if = "Option::is_none")]
    without_unreachable: Option<Architecture>,
    layers: Vec<LedgerEntry>,
}

pub fn run(arguments: Arguments) -> Result<()> {
    let architecture = arguments.digits.architecture(&arguments.arch)?;
    let Arguments { preset, widths, cells, .. } = arguments;
    let data = DataArguments { data: Some(arguments.data), data_dir: None };
    // Only a folder has to be read to know the shape and the classes of its images.
    let dataset = match (data.source(), arguments.image) {
        (Source::Folder(_), Some(_)) => {
            return Err(Error::invalid("the images of the folder have a shape: leave --image or --data out"));
        }
        (Source::Folder(_), None) => Some(data.open()?),
        (Source::Sample | Source::Cifar10 | Source::Cifar100, _) => None,
    };
    let network = NetworkArguments { preset, widths, cells, timesteps: None }.config(&data, dataset.as_ref())?;
    let input = arguments.image.unwrap_or(dataset.map_or(CIFAR, |d| d.train.shape));
    let graph = Graph::new(&architecture, &network, input)?;
    let ledger = Ledger::new(&graph);
    let parameters = ledger.count();
    let unreachable = Unreachable::of(&graph);
    let memory = Memory {
        architecture: graph.architecture,
        parameters,
        bits_per_parameter: arguments.bits,
        memory_bits: arguments.bits.memory_bits(parameters.network),
        memory_bytes: arguments.bits.memory_bytes(parameters.network),
        unreachable: unreachable.as_ref().map_or(0, |u| u.parameters),
        without_unreachable: unreachable.map(|u| u.without),
        layers: ledger.layers,
    };
    print(arguments.json, &memory, || words(&memory))
}

fn words(memory: &Memory) -> String {
    let bytes =
        |parameters: u64| format!("{:.1} KiB", memory.bits_per_parameter.memory_bytes(parameters) as f64 / 1024.0);
    let row = |name: &str, cells: [String; 5]| {
        let [weights, norm, bias, total, bytes] = cells;
        format!("{name:<26} {weights:>12} {norm:>11} {bias:>7} {total:>12} {bytes:>14}\n")
    };
    let heads = ["weights", "batch norm", "bias", "total", "memory"].map(String::from);
    let mut text = row("layer", heads);
    for l in &memory.layers {
        let cells = [grouped(l.weights), grouped(l.batch_norm), grouped(l.bias), grouped(l.total()), bytes(l.total())];
        text += &row(&format!("{}{}", layer(&l.name), if l.unreachable { " *" } else { "" }), cells);
    }
    let p = &memory.parameters;
    for (name, total) in [("backbone", p.backbone), ("classifier", p.classifier), ("network", p.network)] {
        text += &row(name, ["".into(), "".into(), "".into(), grouped(total), bytes(total)]);
    }
    if let Some(without) = &memory.without_unreachable {
        let (total, bytes) = (grouped(memory.unreachable), bytes(memory.unreachable));
        text += &row("* on no path", ["".into(), "".into(), "".into(), total, bytes]);
        text += &format!("The same network without what is on no path from input to output: {without}\n");
    }
    text
}
