use std::io::{ErrorKind, Write};
use std::process::ExitCode;

use clap::error::{ContextKind, ContextValue};
use serde::Serialize;
pub use spikenas::report::duration;
use spikenas::report::quoted;
use spikenas::{Error, Result};

use crate::printable::{lines, one_line};
use crate::suggestion::suggestion;

/// Prints a result: JSON where it was asked for, words otherwise.
pub fn print(json: bool, record: &impl Serialize, words: impl FnOnce() -> String) -> Result<()> {
    let text = if json {
        serde_json::to_string(record)
            .map_err(|e| Error::invalid(format!("the result cannot be written as JSON: {e}")))?
    } else {
        lines(&words())
    };
    print_bytes(format!("{}\n", text.trim_end()).as_bytes())
}

/// Prints what is no text for people.
pub fn print_bytes(bytes: &[u8]) -> Result<()> {
    let mut stdout = std::io::stdout().lock();
    match stdout.write_all(bytes).and_then(|()| stdout.flush()) {
        // A reader such as `head` has closed the pipe.
        Err(e) if e.kind() == ErrorKind::BrokenPipe => Ok(()),
        other => other.map_err(Error::io("stdout")),
    }
}

/// Advice in the library's messages, and the options of the program that it means; `RUN` is the path that the message is about.
const OPTIONS: &[(&str, &str)] = &[
    ("nothing is trained yet: train it", "nothing is trained yet: run `spikenas train RUN`"),
    ("resume its training with epochs", "go on with spikenas train RUN --resume --epochs"),
    ("list the runs there are", "`spikenas list` shows the runs"),
    ("is an integer network: say that it is one", "is an integer network: add --integer"),
    ("quantise it for a simulator", "quantise it --for simulator"),
    ("quantise the network for a simulator", "quantise the network --for simulator"),
    ("has no integer network: quantise it first", "has no integer network: run `spikenas quantise RUN`"),
    ("say where they lie now", "give --data with the folder where they lie now"),
    ("say which images to test it on", "give --data with images to test it on"),
    ("lower the repeats", "lower --repeats"),
    ("hold some out with a validation of 0.1", "hold some out with --validation 0.1"),
    ("set validation to 0", "set --validation 0"),
    ("raise the widths", "raise --widths"),
    ("raise the batch", "raise --batch"),
    ("choose another score", "choose another --score"),
    ("lower the contrast", "lower --contrast"),
    ("allow other operations", "allow other --ops"),
    ("go on with the training or choose", "add --resume to go on or choose"),
    ("get it by fetching nmnist into", "get it with spikenas data fetch nmnist --data-dir"),
    ("get it by fetching cifar10-dvs-tebn into", "get it with spikenas data fetch cifar10-dvs --data-dir"),
    ("get it by fetching cifar10-dvs into", "get it with spikenas data fetch cifar10-dvs --data-dir"),
    ("get it by fetching shd into", "get it with spikenas data fetch shd --data-dir"),
    ("get it by fetching cifar100 into", "get it with spikenas data fetch cifar100 --data-dir"),
    ("get it by fetching cifar10 into", "get it with spikenas data fetch cifar10 --data-dir"),
    ("raise the scale, or ask for fewer frames", "raise --downscale, or lower --frames"),
    ("raise the scale", "raise --downscale"),
    ("scale 0 is out of range", "downscale 0 is out of range"),
    ("at a timestep of its own, give frames", "at a timestep of its own, give --frames"),
    ("raise the budget", "raise --budget"),
    ("lower the widths", "lower --widths"),
    ("lower the hidden layer", "lower --hidden"),
    ("raise the last pooling", "raise --last-pool"),
    ("or the iterations", "or --iterations"),
    ("at any widths", "at any --widths"),
    ("allow fewer operations or cells", "use fewer --ops or --cells"),
    ("raise the memory", "raise --memory"),
    (
        "lower the batch or the widths, or accumulate over more parts",
        "lower --batch or --widths, or --accumulate over more parts",
    ),
    ("lower the batch", "lower --batch"),
    ("train again in another folder", "train again with another --out"),
    ("give images of its classes", "give --data with its classes"),
    ("lower the learning rate", "lower --learning-rate"),
    ("choose another folder", "choose another --out"),
    ("choose another place", "give another --out"),
    ("give another folder", "give another --data-dir"),
    ("or another address", "or another address with --from"),
    ("give another address", "give another address with --from"),
    ("resume the training to go on", "repeat the command (train: with --resume) to go on"),
    ("fetch it again", "repeat the command"),
    ("test again", "repeat the command"),
    ("repeat it with the same journal", "repeat the command"),
    ("in the same folder to go on", "with the same --out to go on"),
    ("without a folder", "without --out"),
    ("name no other", "leave --score out"),
];

/// An error in one line, with the program's options where the library speaks of settings.
pub fn line(error: &Error) -> String {
    let text = error.to_string() + &suggestion(error).unwrap_or_default();
    let run = match error {
        Error::File { path, .. } => quoted(&path.display().to_string()),
        _ => "RUN".into(),
    };
    with_options(&text, &run)
}

/// A text of the library with the options of the program where it speaks of settings.
fn with_options(text: &str, run: &str) -> String {
    let put = |text: String, (words, option): &(&str, &str)| text.replace(words, &option.replace("RUN", run));
    one_line(&OPTIONS.iter().fold(text.to_string(), put))
}

/// Says on stderr what the user should hear.
pub fn note(concern: &str) {
    say(&format!("note: {}", with_options(concern, "RUN")));
}

/// Prints an error in one line; returns the exit status, where no signal has one of its own.
pub fn failure(error: &Error) -> ExitCode {
    say(&format!("error: {}", line(error)));
    ExitCode::from(if error.is_usage() { 2 } else { 1 })
}

/// What the standard library says of a text that is no number, and what helps.
const NUMBERS: [(&str, &str); 4] = [
    ("invalid digit found in string", "give a whole number"),
    ("cannot parse integer from empty string", "give a whole number"),
    ("number too large to fit in target type", "give a smaller whole number"),
    ("invalid float literal", "give a number, such as 0.1"),
];

/// Options that take a whole number from 0 on; all others begin at 1.
const FROM_ZERO: [&str; 5] = ["seed", "confirm", "crop-padding", "finalists", "refractory-us"];

/// What helps where a text is no number, with the limits of the option that the line is about.
fn with_limits(line: String) -> String {
    let is_about = |option: &str| line.contains(&format!("'--{option} <"));
    let least = if FROM_ZERO.into_iter().any(is_about) {
        "give a whole number, 0 or more"
    } else {
        "give a whole number, 1 or more"
    };
    let most = if is_about("seed") { "give a whole number below 2^64" } else { "give a smaller whole number" };
    let line = NUMBERS.iter().fold(line.clone(), |line, (said, helps)| line.replace(said, helps));
    line.replace("give a whole number", least).replace("give a smaller whole number", most)
}

/// Prints clap's output: help and version whole, an error in one line.
pub fn usage_error(error: &clap::Error) -> ExitCode {
    if !error.use_stderr() {
        return match error.print() {
            Err(e) if e.kind() != ErrorKind::BrokenPipe => failure(&Error::io("stdout")(e)),
            _ => ExitCode::SUCCESS,
        };
    }
    if error.kind() == clap::error::ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand {
        let _ = error.print();
        return ExitCode::from(2);
    }
    let text = error.render().to_string();
    let message = text.split("\n\n").next().unwrap_or_default();
    let line = message.split_whitespace().collect::<Vec<_>>().join(" ");
    let line = with_limits(line);
    let meant = suggested(error).map_or(String::new(), |name| format!("did you mean {name}? "));
    say(&format!("{line} ({meant}see --help)"));
    ExitCode::from(2)
}

/// The command, option or value that clap takes for the one that was meant.
fn suggested(error: &clap::Error) -> Option<String> {
    let kinds = [ContextKind::SuggestedSubcommand, ContextKind::SuggestedArg, ContextKind::SuggestedValue];
    kinds.into_iter().find_map(|kind| match error.get(kind)? {
        ContextValue::String(name) => Some(name.clone()),
        // The nearest comes last.
        ContextValue::Strings(names) => names.last().cloned(),
        _ => None,
    })
}

/// Writes a line to stderr, whether or not anybody reads it.
pub fn say(line: &str) {
    let _ = writeln!(std::io::stderr(), "{}", one_line(line));
}

/// A number with thousands separated: `1_234_567`.
pub fn grouped(number: u64) -> String {
    spikenas::report::grouped(number).replace('\u{202f}', "_")
}
