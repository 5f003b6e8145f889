//! `spikenas`: finds, trains and tests spiking neural networks that fit a memory budget.

mod arguments;
mod chip;
mod correlate;
mod data;
mod evaluate;
mod examples;
mod export;
mod front;
mod list;
mod manual;
mod memory;
mod merge;
mod named;
mod output;
mod predict;
mod printable;
mod progress;
mod quantise;
mod replay;
mod report;
mod run;
mod score;
mod search;
mod seeds;
mod signals;
mod study;
mod suggestion;
mod tabulate;
mod train;

use std::process::ExitCode;

use clap::{CommandFactory, FromArgMatches, Parser, Subcommand};

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
    #[command(after_help = examples::RUN)]
    Run(run::Arguments),
    /// Search for an architecture
    #[command(after_help = examples::SEARCH)]
    Search(search::Arguments),
    /// Make the result of a search that several processes shared
    #[command(after_help = examples::MERGE)]
    Merge(merge::Arguments),
    /// Score architectures without training them
    #[command(after_help = examples::SCORE)]
    Score(score::Arguments),
    /// Profiles of chips, and whether a network fits one
    #[command(after_help = examples::CHIP)]
    Chip(chip::Arguments),
    /// Itemise the memory of an architecture, or of a run
    #[command(after_help = examples::MEMORY)]
    Memory(memory::Arguments),
    /// Train a run's winner, or an architecture of your own
    #[command(after_help = examples::TRAIN)]
    Train(train::Arguments),
    /// Test a run's best weights, or a .safetensors file
    #[command(after_help = examples::EVALUATE)]
    Evaluate(evaluate::Arguments),
    /// What a model says of images
    Predict(predict::Arguments),
    /// The integer network of a trained one
    #[command(after_help = examples::QUANTISE)]
    Quantise(quantise::Arguments),
    /// Write a trained network for a device or a simulator
    #[command(after_help = examples::EXPORT)]
    Export(export::Arguments),
    /// The paper's scenarios against SNASNet
    #[command(after_help = examples::REPRODUCE)]
    Reproduce(study::ReproduceArguments),
    /// What each operation, or more iterations, contribute
    #[command(after_help = examples::ABLATE)]
    Ablate(study::AblateArguments),
    /// How well scores rank a table of trained architectures
    #[command(after_help = examples::CORRELATE)]
    Correlate(correlate::Arguments),
    /// How well each method of a search finds the best of such a table
    #[command(after_help = examples::REPLAY)]
    Replay(replay::Arguments),
    /// Train architectures drawn at random into a table, to judge scores by
    #[command(after_help = examples::TABULATE)]
    Tabulate(tabulate::Arguments),
    /// A page of one or more runs
    #[command(after_help = examples::REPORT)]
    Report(report::Arguments),
    /// List runs: dataset, budget, accuracy, how far they are
    #[command(after_help = examples::LIST)]
    List(list::Arguments),
    /// List, check and fetch datasets, and make recordings of images
    #[command(after_help = examples::DATA)]
    Data(data::Arguments),
    /// Print the completions of a shell
    #[command(after_help = examples::COMPLETIONS)]
    Completions(manual::CompletionsArguments),
    /// Print the manual page
    #[command(after_help = examples::MAN)]
    Man(manual::ManArguments),
}

impl Command {
    fn run(self) -> spikenas::Result<()> {
        match self {
            Command::Run(arguments) => run::run(arguments),
            Command::Search(arguments) => search::run(arguments),
            Command::Merge(arguments) => merge::run(arguments),
            Command::Score(arguments) => score::run(arguments),
            Command::Chip(arguments) => chip::run(arguments),
            Command::Memory(arguments) => memory::run(arguments),
            Command::Train(arguments) => train::run(arguments),
            Command::Evaluate(arguments) => evaluate::run(arguments),
            Command::Predict(arguments) => predict::run(arguments),
            Command::Quantise(arguments) => quantise::run(arguments),
            Command::Export(arguments) => export::run(arguments),
            Command::Reproduce(arguments) => study::reproduce(arguments),
            Command::Ablate(arguments) => study::ablate(arguments),
            Command::Correlate(arguments) => correlate::run(arguments),
            Command::Replay(arguments) => replay::run(arguments),
            Command::Tabulate(arguments) => tabulate::run(arguments),
            Command::Report(arguments) => report::run(arguments),
            Command::List(arguments) => list::run(arguments),
            Command::Data(arguments) => data::run(arguments),
            Command::Completions(arguments) => manual::completions(&arguments, command()),
            Command::Man(arguments) => manual::man(&arguments, command()),
        }
    }
}

/// The program as clap knows it.
fn command() -> clap::Command {
    with_negative_numbers(Arguments::command())
}

/// Takes `-1` for a value, so that the message is about the value and not about an option `-1`.
fn with_negative_numbers(command: clap::Command) -> clap::Command {
    let allow = |argument: clap::Arg| match argument.get_action().takes_values() {
        true => argument.allow_negative_numbers(true),
        false => argument,
    };
    command.mut_args(allow).mut_subcommands(with_negative_numbers)
}

fn main() -> ExitCode {
    // Before there is another thread, which would be in its way.
    if let Err(error) = spikenas::engine::prepare_memory() {
        return output::failure(&error);
    }
    signals::listen();
    let parsed = command().try_get_matches().and_then(|matches| Arguments::from_arg_matches(&matches));
    let arguments = match parsed {
        Ok(arguments) => arguments,
        Err(error) => return output::usage_error(&error),
    };
    match arguments.command.run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            let status = output::failure(&error);
            if matches!(error, spikenas::Error::Interrupted(_)) { signals::exit_code() } else { status }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn options_are_consistent() {
        command().debug_assert();
    }
}
