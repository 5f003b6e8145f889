//! `spikenas`: finds, trains and tests spiking neural networks that fit a memory budget.

mod arguments;
mod correlate;
mod data;
mod evaluate;
mod memory;
mod output;
mod printable;
mod progress;
mod report;
mod run;
mod score;
mod search;
mod signals;
mod study;
mod suggestion;
mod train;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

/// Finds, trains and tests spiking neural networks that fit a memory budget.
///
/// Results go to stdout, everything else to stderr. Exit status: 0 done, 1 failed, 2 wrong usage; 130,
/// 143 or 129 stopped by Ctrl-C, SIGTERM or SIGHUP, with what was done kept.
#[derive(Parser)]
#[command(name = "spikenas", version, max_term_width = 100)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Search, train and test: one run folder
    Run(run::Arguments),
    /// Search for an architecture
    Search(search::Arguments),
    /// Score architectures without training them
    Score(score::Arguments),
    /// Itemise the memory of an architecture
    Memory(memory::Arguments),
    /// Train a run's winner, or an architecture of your own
    Train(train::Arguments),
    /// Test a run's best weights, or a .safetensors file
    Evaluate(evaluate::Arguments),
    /// The paper's scenarios against SNASNet
    Reproduce(study::ReproduceArguments),
    /// What each operation, or more iterations, contribute
    Ablate(study::AblateArguments),
    /// How well scores rank a table of trained architectures
    Correlate(correlate::Arguments),
    /// A page of one or more runs
    Report(report::Arguments),
    /// List, check and fetch datasets
    Data(data::Arguments),
}

impl Command {
    fn run(self) -> spikenas::Result<()> {
        match self {
            Command::Run(arguments) => run::run(arguments),
            Command::Search(arguments) => search::run(arguments),
            Command::Score(arguments) => score::run(arguments),
            Command::Memory(arguments) => memory::run(arguments),
            Command::Train(arguments) => train::run(arguments),
            Command::Evaluate(arguments) => evaluate::run(arguments),
            Command::Reproduce(arguments) => study::reproduce(arguments),
            Command::Ablate(arguments) => study::ablate(arguments),
            Command::Correlate(arguments) => correlate::run(arguments),
            Command::Report(arguments) => report::run(arguments),
            Command::Data(arguments) => data::run(arguments),
        }
    }
}

fn main() -> ExitCode {
    signals::listen();
    spikenas::engine::cpu::keep_freed_memory();
    let arguments = match Arguments::try_parse() {
        Ok(arguments) => arguments,
        Err(error) => return output::usage_error(&error),
    };
    match arguments.command.run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => output::failure(&error),
    }
}
