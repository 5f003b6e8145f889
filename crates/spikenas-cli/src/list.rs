use std::path::{Path, PathBuf};

use clap::Args;
use spikenas::Result;
use spikenas::report::{Listed, State, list};

use crate::output::{grouped, print};
use crate::printable::one_line;

/// Where runs are kept by default.
const RUNS: &str = "runs";

/// List runs and studies: dataset, budget, parameters, accuracy, how far they are.
#[derive(Args)]
pub struct Arguments {
    /// Folders of runs, or run folders [default: runs]
    #[arg(value_name = "DIR")]
    folders: Vec<PathBuf>,
    /// Print the result as one JSON document
    #[arg(long)]
    json: bool,
}

pub fn run(arguments: Arguments) -> Result<()> {
    let is_default = arguments.folders.is_empty();
    let folders = if is_default { vec![RUNS.into()] } else { arguments.folders };
    let listed = if is_default && !Path::new(RUNS).exists() { Vec::new() } else { list(&folders)? };
    print(arguments.json, &listed, || words(&folders, &listed))
}

fn words(folders: &[PathBuf], listed: &[Listed]) -> String {
    if listed.is_empty() {
        let names: Vec<String> = folders.iter().map(|folder| folder.display().to_string()).collect();
        return format!("no runs in {}", names.join(", "));
    }
    let heads = ["run", "data", "network", "budget", "parameters", "accuracy", "state", "written"].map(String::from);
    let rows: Vec<[String; 8]> = std::iter::once(heads).chain(listed.iter().map(row)).collect();
    let width = |column: usize| rows.iter().map(|row| row[column].chars().count()).max().unwrap_or(0);
    let widths: Vec<usize> = (0..8).map(width).collect();
    let mut text = String::new();
    for (index, row) in rows.iter().enumerate() {
        for (column, (value, width)) in row.iter().zip(&widths).enumerate() {
            let is_number = (3..6).contains(&column);
            let gap = if column == 0 { "" } else { "  " };
            text += gap;
            text += &if is_number { format!("{value:>width$}") } else { format!("{value:<width$}") };
        }
        text.truncate(text.trim_end().len());
        text.push('\n');
        let Some(of_row) = index.checked_sub(1).map(|index| &listed[index]) else { continue };
        text.extend(of_row.faults.iter().map(|fault| format!("  damaged: {}\n", one_line(fault))));
        text.extend(of_row.continued_by.iter().map(|command| format!("  continue: {}\n", one_line(command))));
    }
    if listed.iter().any(|listed| listed.is_flattered && listed.accuracy.is_some()) {
        text += "† of an epoch chosen on the test images, as the field does: flattered\n";
    }
    text
}

fn row(listed: &Listed) -> [String; 8] {
    let dash = || "-".to_string();
    let network = listed.cells.map(|cells| match listed.operations {
        Some(operations) => format!("{cells}c{operations}o"),
        None => format!("{cells}c"),
    });
    let done = listed.total.map_or(listed.done.to_string(), |total| format!("{} of {total}", listed.done));
    let state = match listed.state {
        State::Searching => "searching".into(),
        State::Searched => "searched".into(),
        State::Training => format!("training, epoch {done}"),
        State::Interrupted if listed.done > 0 => format!("interrupted, epoch {done}"),
        State::Interrupted => "interrupted".into(),
        State::Running => format!("running, {done} runs"),
        State::Partial => format!("{done} runs"),
        State::Finished => "finished".into(),
    };
    let parameters = match (listed.parameters, listed.scope) {
        (Some(parameters), Some(scope)) => grouped(parameters.in_scope(scope)),
        _ => dash(),
    };
    let by_validation = || listed.validation_accuracy.map(|accuracy| format!("{accuracy:.2} % (validation)"));
    let deviation = listed.deviation.map_or(String::new(), |deviation| format!(" ± {deviation:.2}"));
    let flattered = if listed.is_flattered { " †" } else { "" };
    let accuracy =
        listed.accuracy.map(|accuracy| format!("{accuracy:.2}{deviation} %{flattered}")).or_else(by_validation);
    // The date and the minute.
    let written = listed.written.as_ref().map(|written| written.replace('T', " ").chars().take(16).collect());
    let data = listed
        .data
        .as_ref()
        .map(|data| Path::new(data).file_name().map_or(data.clone(), |n| n.to_string_lossy().into()));
    [
        listed.folder.display().to_string(),
        data.unwrap_or_else(dash),
        network.unwrap_or_else(dash),
        listed.budget.map_or_else(dash, grouped),
        parameters,
        accuracy.unwrap_or_else(dash),
        state,
        written.unwrap_or_else(dash),
    ]
    .map(|text| one_line(&text))
}
