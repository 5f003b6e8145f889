use clap::Args;
use serde::Serialize;
use spikenas::Result;
use spikenas::cost::{Bits, Ledger, LedgerEntry, ParameterCount};
use spikenas::data::Source;
use spikenas::graph::Graph;
use spikenas::space::Architecture;

use crate::arguments::{CIFAR, DataArguments, NetworkArguments, SpaceArguments, parse_bits};
use crate::output::{grouped, print};

/// Itemise the memory of an architecture.
#[derive(Args)]
pub struct Arguments {
    /// The architecture as a connection matrix, such as "0313 0031 0003 0000", or one matrix per cell joined by `/`
    #[arg(short = 'a', long, value_name = "MATRIX")]
    arch: String,
    #[command(flatten)]
    data: DataArguments,
    #[command(flatten)]
    network: NetworkArguments,
    #[command(flatten)]
    space: SpaceArguments,
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
    layers: Vec<LedgerEntry>,
}

pub fn run(arguments: Arguments) -> Result<()> {
    let architecture = arguments.space.architecture(&arguments.arch)?;
    // Only a folder has to be read to know the shape and the classes of its images.
    let dataset = match arguments.data.data {
        Source::Folder(_) => Some(arguments.data.open()?),
        Source::Sample | Source::Cifar10 | Source::Cifar100 => None,
    };
    let network = arguments.network.config(&arguments.data, dataset.as_ref())?;
    let input = dataset.map_or(CIFAR, |d| d.train.shape);
    let graph = Graph::new(&architecture, &network, input)?;
    let ledger = Ledger::new(&graph);
    let parameters = ledger.count();
    let memory = Memory {
        architecture: graph.architecture,
        parameters,
        bits_per_parameter: arguments.bits,
        memory_bits: arguments.bits.memory_bits(parameters.network),
        memory_bytes: arguments.bits.memory_bytes(parameters.network),
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
        text += &row(&l.name, cells);
    }
    let p = &memory.parameters;
    for (name, total) in [("backbone", p.backbone), ("classifier", p.classifier), ("network", p.network)] {
        text += &row(name, ["".into(), "".into(), "".into(), grouped(total), bytes(total)]);
    }
    text
}
