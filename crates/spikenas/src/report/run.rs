//! The report of one run.

use super::command::commands;
use super::document::{Report, Section};
use super::figure::{Table, Value};
use super::records::RunRecords;
use super::schedules::{Followed, schedules};
use super::words::{duration, energy, grouped, percent, plain, shortened};
use super::{activity, answers, cell, classes, device, memory, search, training};
use crate::cost::Ledger;
use crate::record::FORMAT_VERSION;
use crate::search::Method;
use crate::space::{Architecture, Cell};
use crate::workflow::run::{EvaluationRecord, RunConfig, best_epoch};
use crate::{Result, counted};

/// The report of a run folder, as far as it has records.
pub(super) fn report(run: &RunRecords) -> Result<Report> {
    let mut sections = Vec::new();
    let planned = run.graph.as_ref().map(|graph| graph.architecture.clone());
    sections.extend(planned.or_else(|| run.architecture()).as_ref().map(cells));
    if !run.candidates.is_empty() {
        sections.push(search::section(run)?);
    }
    sections.extend(answers::section(run)?);
    if let Some(graph) = &run.graph {
        sections.push(memory::section(graph)?);
    }
    if !run.epochs.is_empty() {
        sections.push(training::section(&run.epochs)?);
    }
    if let Some(test) = run.current_test() {
        sections.extend(classes::samples(test));
        sections.extend(classes::section(test));
        sections.extend(classes::mistakes(test));
        sections.push(activity::firing_rates(test)?);
        sections.extend(activity::over_time(test));
    }
    if let Some(operations) = run.operations() {
        sections.push(activity::operations(&operations)?);
    }
    if let Some(quantised) = &run.quantised {
        sections.push(device::section(run, &quantised.device)?);
    }
    sections.extend((!run.other_tests.is_empty()).then(|| other_tests(&run.other_tests)));
    sections.extend(run.config.as_ref().map(|config| again(config, run)));
    let (facts, faults) = (facts(run), run.faults.clone());
    Ok(Report { title: plain(&run.name()), summary: summary(run), facts, sections, concerns: run.concerns(), faults })
}

/// The question and the result.
fn summary(run: &RunRecords) -> String {
    let mut words = String::new();
    if let Some(config) = &run.config {
        let simulated = if config.data.simulated { " (simulated recordings)" } else { "" };
        let data = plain(&config.data.source.label()) + simulated;
        let (cells, operations) = (config.network.cells, config.search.operations.len());
        let budget = config.search.budget_parameters();
        let under = budget
            .map_or(String::new(), |b| format!(" with at most {} parameters ({})", grouped(b), config.search.scope));
        let (cells, operations) = (counted(cells, "cell"), counted(operations, "operation"));
        words += &match &config.architecture {
            Some(_) => format!("Asked: train a given network of {cells} on {data}. "),
            None => format!("Asked: a network of {cells} for {data} from {operations} per edge{under}. "),
        };
    }
    if let Some(search) = &run.search {
        let how = match search.method {
            Method::Spikenas => "Algorithm 1",
            Method::Random => "a random search",
            Method::Exhaustive => "an exhaustive search",
            Method::Evolution => "an ageing evolution",
            Method::Local => "a local search",
            Method::Supernet => "an evolution of networks that inherit the weights of a supernet",
        };
        words += &format!(
            "Found: of {} {} {} different ones fit and were scored by {how} in {}; the best has {} parameters in its backbone. ",
            grouped(search.candidates as u64),
            if search.method.draws() { "draws" } else { "candidates" },
            grouped(search.computed() as u64),
            duration(search.seconds),
            grouped(search.parameters.backbone),
        );
    }
    if let Some(front) = run.front.as_ref().filter(|front| !front.results.is_empty()) {
        let accuracies = || front.results.iter().map(|result| result.accuracy);
        let (least, most) = (accuracies().fold(f64::INFINITY, f64::min), accuracies().fold(0.0, f64::max));
        let done = counted(front.results.len(), "network");
        return words
            + &format!("Of its front, {done} trained: test accuracy {} to {}.", percent(least), percent(most));
    }
    words += &match (run.current_test(), best_epoch(&run.epochs)) {
        (Some(test), _) => {
            format!(
                "Trained, it has a test accuracy of {} ({} images).",
                percent(test.accuracy),
                grouped(test.total as u64)
            )
        }
        (None, Some(best)) => format!(
            "After {} of training its model, that of epoch {}, {}.",
            counted(run.epochs.len(), "epoch"),
            best.epoch,
            best.reached().map_or("is not tested yet".into(), |reached| {
                format!("has a {} accuracy of {}", reached.images, percent(reached.accuracy))
            })
        ),
        (None, None) => match &run.end {
            Some(end) => format!("It was trained for {}, whose records are missing.", counted(end.epochs, "epoch")),
            None => "It is not trained yet.".into(),
        },
    };
    words
}

fn facts(run: &RunRecords) -> Vec<(String, String)> {
    let mut facts = Vec::new();
    let mut fact = |name: &str, value: String| facts.push((name.to_string(), value));
    if let Some(accuracy) = best_epoch(&run.epochs).and_then(|best| best.validation_accuracy) {
        fact("validation accuracy", percent(accuracy));
    }
    if let Some(accuracy) = run.accuracy() {
        fact("test accuracy", percent(accuracy.percent));
    }
    if let Some(chosen) = run.selection() {
        fact("epoch chosen", chosen.to_string());
    }
    if let Some(graph) = &run.graph {
        let parameters = Ledger::new(graph).count();
        fact("backbone", format!("{} parameters", grouped(parameters.backbone)));
        fact("classifier", format!("{} parameters", grouped(parameters.classifier)));
    }
    if let Some(search) = &run.search {
        fact("budget", search.budget.map_or("none".into(), |b| format!("{} ({})", grouped(b), search.scope)));
        fact("search", format!("{}, {} scored", duration(search.seconds), grouped(search.computed() as u64)));
        fact("score", format!("{:.4}", search.score.0));
    }
    if !run.epochs.is_empty() {
        let seconds = run.epochs.iter().map(|e| e.seconds).sum();
        fact("training", format!("{}, {}", counted(run.epochs.len(), "epoch"), duration(seconds)));
    }
    if let Some(test) = run.current_test() {
        fact("firing rate", format!("{:.4}", test.firing_rate));
    }
    if let Some(operations) = run.operations() {
        fact("energy per inference", format!("{} (estimated)", energy(operations.energy_pj())));
    }
    facts
}

/// The cells as graphs.
fn cells(architecture: &Architecture) -> Section {
    let mut section = Section::titled("Architecture");
    section.words.push(
        "Nodes hold sums of feature maps; node 0 is a cell's input, node 3 its output. Edges without a connection are not drawn."
            .into(),
    );
    if architecture.cells().iter().any(Cell::has_feedback) {
        section.words.push("Dashed edges lead back to earlier nodes, which they reach a timestep later.".into());
    }
    section.code.push(architecture.to_string());
    let cells = architecture.cells();
    if cells.len() > 1 && cells.iter().all(|cell| cell == &cells[0]) {
        section.cells.push((format!("All {} cells: {}", cells.len(), cell::words(&cells[0])), cell::draw(&cells[0])));
        return section;
    }
    for (index, drawn) in cells.iter().enumerate() {
        section.cells.push((format!("Cell {}: {}", index + 1, cell::words(drawn)), cell::draw(drawn)));
    }
    section
}

/// Tests of the model on images that are not the run's.
fn other_tests(tests: &[EvaluationRecord]) -> Section {
    let mut table = Table::new("Tests on other images", &["images", "#accuracy, %", "#right", "#of", "#epoch"]);
    for test in tests {
        let whole = |n: usize| Value::number(n as f64, grouped(n as u64));
        let epoch = test.model.as_ref().and_then(|model| model.epoch);
        table.push(vec![
            Value::text(test.data.as_ref().map_or("–".into(), |data| shortened(&data.name, 60))),
            Value::number(test.result.accuracy, format!("{:.2}", test.result.accuracy)),
            whole(test.result.correct),
            whole(test.result.total),
            Value::maybe(epoch.map(|epoch| epoch as f64), |epoch| format!("{epoch:.0}")),
        ]);
    }
    let mut section = Section::titled("Tests on other images");
    section.words.push("These are no figures of the run; the epoch is that of the weights that were tested.".into());
    section.tables.push(table);
    section
}

/// What several commands have to do with each other.
fn changed_schedule(config: &RunConfig, run: &RunRecords) -> Option<String> {
    let followed = schedules(&config.train, config.data.train_images, &run.epochs);
    if followed.len() < 2 {
        return None;
    }
    let one = |(index, Followed { last, epochs }): (usize, &Followed)| {
        let was_stopped = last < epochs && index + 1 < followed.len();
        let early = if was_stopped { ", and was interrupted there" } else { "" };
        format!("up to epoch {last} it followed that of {}{early}", counted(*epochs, "epoch"))
    };
    let each: Vec<String> = followed.iter().enumerate().map(one).collect();
    Some(format!(
        "The training was resumed with another number of epochs, and so with another schedule: {}.",
        each.join("; ")
    ))
}

/// The command and settings that repeat the run.
fn again(config: &RunConfig, run: &RunRecords) -> Section {
    let mut section = Section::titled("Run it again");
    let program = run.search.as_ref().and_then(|s| s.program.clone());
    let searched = program.map_or(String::new(), |p| format!(" The search was made by version {p}."));
    section.words.push(format!(
        "Seed {}. Records of format version {FORMAT_VERSION}, report by spikenas {}.{searched} With the same seed, the search \
         gives the same result for any number of threads.",
        config.search.seed,
        env!("CARGO_PKG_VERSION")
    ));
    section.words.extend(changed_schedule(config, run));
    section.code.extend(commands(config, &run.epochs));
    section.code.extend(toml::to_string_pretty(config).ok());
    section
}
