//! The several answers of one search: networks under each limit, or that no other beats, with their trainings.

use super::document::Section;
use super::figure::{Figure, Table, Value};
use super::front::{Front, FrontPoint};
use super::records::RunRecords;
use super::words::{count, energy, grouped, percent};
use crate::cost::Scope;
use crate::search::SearchRecord;
use crate::workflow::front::{FrontRecord, FrontResult};
use crate::{Result, counted};

/// The section of a search with several answers, trained or not.
pub(super) fn section(run: &RunRecords) -> Result<Option<Section>> {
    let mut section = Section::titled("The front");
    match (&run.front, &run.search) {
        (Some(front), _) if !front.results.is_empty() => trained(&mut section, front)?,
        (_, Some(search)) if !(search.answers.is_empty() && search.front.is_empty()) => found(&mut section, search)?,
        _ => return Ok(None),
    }
    Ok(Some(section))
}

/// Networks that are trained: accuracy against memory and operations.
fn trained(section: &mut Section, front: &FrontRecord) -> Result<()> {
    let done = front.results.len();
    let of = if done < front.networks { format!(" of {}", front.networks) } else { String::new() };
    section.words.push(format!(
        "One search answered all limits; each different network is trained from the start: {}{of}. The front joins those that none \
         beats with fewer parameters, or fewer operations.",
        counted(done, "network")
    ));
    section.tables.push(trainings(front));
    let scope = front.scope;
    let parameters = |result: &FrontResult| Some(result.parameters.in_scope(scope) as f64);
    let x = format!("parameters ({scope})");
    section.figures.push(figure("front-memory", "Accuracy against memory", &x, front, parameters)?);
    if front.results.iter().all(|result| result.operations.is_some()) {
        let x = "synaptic operations of an inference";
        let title = "Accuracy against operations";
        section.figures.push(figure("front-operations", title, x, front, |result| result.operations)?);
    }
    Ok(())
}

fn figure(
    name: &str,
    title: &str,
    x: &str,
    front: &FrontRecord,
    of: impl Fn(&FrontResult) -> Option<f64>,
) -> Result<Figure> {
    let points = front.results.iter().filter_map(|result| {
        let (x, y, label) = (of(result)?, result.accuracy, limits(result));
        let words = format!("{}: {}, {}", result.architecture, count(x), percent(y));
        Some(FrontPoint { x, y, words, label })
    });
    let points: Vec<FrontPoint> = points.collect();
    let Front { members, svg } = Front::draw("network", x, "test accuracy, %", &points)?;
    let mut table = Table::new(title, &["answer to", &format!("#{x}"), "#accuracy, %", "Pareto front"]);
    for (index, FrontPoint { x, y, label, .. }) in points.iter().enumerate() {
        let is_on_front = members.contains(&index);
        table.push(vec![
            Value::text(label),
            Value::number(*x, count(*x)),
            Value::number(*y, format!("{y:.2}")),
            Value::text(if is_on_front { "yes" } else { "" }),
        ]);
    }
    let alternative = format!(
        "Points: {x} against test accuracy of {}. A line joins the {} on the Pareto front.",
        counted(points.len(), "network"),
        members.len()
    );
    Ok(Figure { name: name.into(), title: title.into(), alternative, svg, table })
}

/// The limits that a network is the answer to, the smallest first.
fn limits(result: &FrontResult) -> String {
    result.limits.iter().rev().map(ToString::to_string).collect::<Vec<_>>().join(" and ")
}

fn trainings(front: &FrontRecord) -> Table {
    let is_for_device = front.results.iter().any(|result| result.device.is_some());
    let mut columns = vec![
        "answer to",
        "architecture",
        "network",
        "#parameters",
        "#operations",
        "#energy",
        "#validation, %",
        "#accuracy, %",
        "folder",
    ];
    if is_for_device {
        columns.splice(4..4, ["#flash", "#RAM"]);
        columns.insert(columns.len() - 1, "#in whole numbers, %");
    }
    let mut table = Table::new("Networks to choose from", &columns);
    for result in &front.results {
        let parameters = result.parameters.in_scope(front.scope);
        let digits = |percent: f64| format!("{percent:.2}");
        let mut row = vec![
            Value::text(limits(result)),
            Value::text(result.architecture.to_string()),
            Value::text(result.sizes.map_or("–".into(), |sizes| sizes.to_string())),
            Value::number(parameters as f64, grouped(parameters)),
            Value::maybe(result.operations, count),
            Value::maybe(result.energy_pj, energy),
            Value::maybe(result.validation_accuracy, digits),
            Value::number(result.accuracy, digits(result.accuracy)),
            Value::text(result.folder.display().to_string()),
        ];
        if is_for_device {
            let memory = |bytes: Option<u64>| Value::maybe(bytes.map(|bytes| bytes as f64), |b| grouped(b as u64));
            let device = result.device.as_ref();
            let of_device = [device.map(|device| device.flash.bytes), device.map(|device| device.ram.bytes)];
            row.splice(4..4, of_device.map(memory));
            row.insert(row.len() - 1, Value::maybe(result.integer_accuracy, digits));
        }
        table.push(row);
    }
    if let Some(result) = front.results.first() {
        table.notes.push(format!("The epoch of each was chosen {}.", result.selection));
    }
    table
}

/// Networks that are found: score against memory.
fn found(section: &mut Section, search: &SearchRecord) -> Result<()> {
    section.words.push("One search, one journal: the answer to each limit is the best of all candidates that fit it, scored for it or for a larger one.".into());
    let scope = search.scope;
    if !search.answers.is_empty() {
        section.tables.push(answers(search, scope));
    }
    if search.front.is_empty() {
        return Ok(());
    }
    let mut table =
        Table::new("Candidates that no other beats", &["architecture", "#score", "#parameters", "#operations"]);
    let mut points = Vec::new();
    for point in &search.front {
        let (x, y, label) = (point.parameters.in_scope(scope), point.score.0, String::new());
        let words = format!("{}: {} parameters, score {y:.4}", point.architecture, grouped(x));
        points.push(FrontPoint { x: x as f64, y, words, label });
        table.push(vec![
            Value::text(point.architecture.to_string()),
            Value::number(y, format!("{y:.4}")),
            Value::number(x as f64, grouped(x)),
            Value::number(point.operations, count(point.operations)),
        ]);
    }
    table.notes.push("Operations of an inference if every neuron fired at every timestep.".into());
    let x = format!("parameters ({scope})");
    let Front { svg, .. } = Front::draw("better in another objective", &x, "score", &points)?;
    let alternative =
        format!("Points: {x} against score of {} that no other beats.", counted(points.len(), "candidate"));
    let (name, title) = ("front-score".into(), "Candidates that no other beats".into());
    section.figures.push(Figure { name, title, alternative, svg, table });
    Ok(())
}

fn answers(search: &SearchRecord, scope: Scope) -> Table {
    let columns = ["#budget", "architecture", "network", "#score", "#parameters", "#flash", "#RAM"];
    let mut table = Table::new("Answers", &columns);
    for answer in std::iter::once(search).chain(&search.answers) {
        let whole = |n: Option<u64>| Value::maybe(n.map(|n| n as f64), |n| grouped(n as u64));
        let device = answer.device.as_ref();
        table.push(vec![
            whole(answer.budget),
            Value::text(answer.architecture.to_string()),
            Value::text(answer.sizes.map_or("–".into(), |sizes| sizes.to_string())),
            Value::number(answer.score.0, format!("{:.4}", answer.score.0)),
            whole(Some(answer.parameters.in_scope(scope))),
            whole(device.map(|device| device.flash.bytes)),
            whole(device.map(|device| device.ram.bytes)),
        ]);
    }
    table
}
