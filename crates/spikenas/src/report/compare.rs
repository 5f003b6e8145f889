//! Several runs side by side.

use super::axis::Axis;
use super::chart::{Dot, Line, Plot};
use super::document::{Report, Section};
use super::figure::{Figure, Table, Value};
use super::front::{Front, FrontPoint};
use super::records::{Records, RunRecords};
use super::seeds;
use super::words::{duration, energy, grouped, percent, plain, shortened};
use crate::cost::{Ledger, Operations};
use crate::data::DataConfig;
use crate::train::{EpochRecord, Reached};
use crate::workflow::run::best_epoch;
use crate::{Error, Result, counted};

/// The report of several run folders; those of studies and of several seeds are compared run by run.
pub(super) fn report(records: &[Records]) -> Result<Report> {
    let runs: Vec<&RunRecords> = records.iter().flat_map(Records::runs).collect();
    if runs.is_empty() {
        return Err(Error::invalid("give at least one run folder"));
    }
    let mut sections = vec![table(&runs)];
    sections.extend(seeds::section(&runs));
    sections.extend(accuracies(&runs)?);
    let trained: Vec<_> = runs.iter().copied().filter(|r| has_curve(r)).collect();
    sections.extend(learning_curves(&trained)?);
    let best = runs
        .iter()
        .filter_map(|r| Some((shortened(&r.name(), 60), r.accuracy()?)))
        .max_by(|a, b| a.1.percent.total_cmp(&b.1.percent));
    let summary = best.map_or("None of these runs is trained yet.".into(), |(name, accuracy)| {
        let source = if accuracy.is_of_training { ", by its training's own test" } else { "" };
        format!(
            "{} side by side; the most accurate is {name} with {}{source}.",
            counted(runs.len(), "run"),
            percent(accuracy.percent)
        )
    });
    let faults = records.iter().flat_map(|r| r.faults()).cloned().collect();
    let (title, mut concerns) = (format!("{} compared", counted(runs.len(), "run")), concerns(runs.iter().copied()));
    concerns.splice(..0, different_images(&runs));
    Ok(Report { title, summary, facts: vec![], sections, concerns, faults })
}

/// That accuracies are of different images, where they are, and which runs have which.
fn different_images(runs: &[&RunRecords]) -> Option<String> {
    let mut groups: Vec<(&DataConfig, Vec<String>)> = Vec::new();
    for run in runs {
        let Some(config) = &run.config else { continue };
        let name = shortened(&run.name(), 60);
        match groups.iter_mut().find(|(data, _)| data.is_same(&config.data)) {
            Some((_, names)) => names.push(name),
            None => groups.push((&config.data, vec![name])),
        }
    }
    let labels: Vec<String> = groups.iter().map(|(data, _)| shortened(&data.source.label(), 60)).collect();
    let each = groups.iter().zip(&labels).map(|((data, names), label)| {
        let is_ambiguous = labels.iter().filter(|other| *other == label).count() > 1;
        let print = data.fingerprint.as_ref().filter(|_| is_ambiguous);
        let which = print.map_or(String::new(), |print| format!(" with the fingerprint {print}"));
        format!("{label}{which} ({})", names.join(", "))
    });
    let each: Vec<String> = each.collect();
    let words = "These runs are on different images, so that their accuracies cannot be compared:";
    (groups.len() > 1).then(|| format!("{words} {}.", each.join("; ")))
}

/// Whether there is a line to draw over the epochs.
pub(super) fn has_curve(run: &RunRecords) -> bool {
    run.epochs.iter().filter_map(EpochRecord::reached).count() > 1
}

/// What a reader should know of each run, with its name.
pub(super) fn concerns<'a>(runs: impl IntoIterator<Item = &'a RunRecords>) -> Vec<String> {
    let of = |run: &'a RunRecords| {
        let name = shortened(&run.name(), 60);
        run.concerns().into_iter().map(move |concern| format!("{name}: {concern}"))
    };
    runs.into_iter().flat_map(of).collect()
}

fn table(runs: &[&RunRecords]) -> Section {
    let held_out = |run: &RunRecords| best_epoch(&run.epochs)?.validation_accuracy;
    let is_held_out = runs.iter().any(|run| held_out(run).is_some());
    let mut columns = vec![
        "run",
        "images",
        "#accuracy, %",
        "#backbone",
        "#network",
        "#budget",
        "#search",
        "#scored",
        "#training",
        "#energy",
        "architecture",
    ];
    if is_held_out {
        columns.insert(3, "#validation, %");
    }
    let mut table = Table::new("Runs", &columns);
    for run in runs {
        let parameters = run.graph.as_ref().map(|graph| Ledger::new(graph).count());
        let whole = |n: Option<u64>| Value::maybe(n.map(|n| n as f64), |n| grouped(n as u64));
        let training: f64 = run.epochs.iter().map(|e| e.seconds).sum();
        let mut row = vec![
            Value::text(plain(&run.name())),
            Value::text(run.config.as_ref().map_or("–".into(), |c| plain(&c.data.source.label()))),
            accuracy(run),
            whole(parameters.map(|p| p.backbone)),
            whole(parameters.map(|p| p.network)),
            whole(run.search.as_ref().and_then(|s| s.budget)),
            Value::maybe(run.search.as_ref().map(|s| s.seconds), duration),
            whole(run.search.as_ref().map(|s| s.computed() as u64)),
            Value::maybe((training > 0.0).then_some(training), duration),
            Value::maybe(run.operations().as_ref().map(Operations::energy_pj), energy),
            Value::text(run.architecture().map_or("–".into(), |a| a.to_string())),
        ];
        if is_held_out {
            row.insert(3, Value::maybe(held_out(run), |percent| format!("{percent:.2}")));
        }
        table.push(row);
    }
    table.notes.extend(marks(runs));
    let mut section = Section::titled("Runs");
    section.tables.push(table);
    section
}

/// A test accuracy, marked where it is that of a training's own test, and where the test images chose the epoch.
fn accuracy(run: &RunRecords) -> Value {
    let own = if is_own_test(run) { " *" } else { "" };
    let flattered = if is_flattered(run) { " †" } else { "" };
    Value::maybe(run.accuracy().map(|accuracy| accuracy.percent), |percent| format!("{percent:.2}{own}{flattered}"))
}

fn is_own_test(run: &RunRecords) -> bool {
    run.accuracy().is_some_and(|accuracy| accuracy.is_of_training)
}

fn is_flattered(run: &RunRecords) -> bool {
    run.accuracy().is_some() && run.selection().is_some_and(|selection| selection.is_flattered())
}

/// What the marks mean, where there are any.
fn marks(runs: &[&RunRecords]) -> impl Iterator<Item = String> {
    let own = "* by the training's own test after its best epoch; `spikenas evaluate` tests the model by itself.";
    let flattered =
        "† of an epoch chosen on the test images, as the field does: flattered beside those without the mark.";
    let has = |is_marked: fn(&RunRecords) -> bool| runs.iter().any(|run| is_marked(run));
    let said = [has(is_own_test).then_some(own), has(is_flattered).then_some(flattered)];
    said.into_iter().flatten().map(String::from)
}

fn accuracies(runs: &[&RunRecords]) -> Result<Option<Section>> {
    let columns = ["run", "#backbone", "#KiB at 32 bits", "#accuracy, %", "Pareto front"];
    let mut table = Table::new("Accuracy and memory", &columns);
    let tested: Vec<(&RunRecords, f64, f64)> = runs
        .iter()
        .filter_map(|run| {
            let parameters = Ledger::new(run.graph.as_ref()?).count().backbone;
            Some((*run, parameters as f64, run.accuracy()?.percent))
        })
        .collect();
    if tested.is_empty() {
        return Ok(None);
    }
    let points = tested.iter().map(|&(run, x, y)| {
        let label = plain(&run.name());
        let words = format!("{label}: {} parameters, {}", grouped(x as u64), percent(y));
        FrontPoint { x, y, words, label }
    });
    let Front { members, svg } =
        Front::draw("run", "parameters (backbone)", "test accuracy, %", &points.collect::<Vec<_>>())?;
    for (index, &(run, x, _)) in tested.iter().enumerate() {
        let (name, is_on_front) = (plain(&run.name()), members.contains(&index));
        table.push(vec![
            Value::text(name),
            Value::number(x, grouped(x as u64)),
            Value::number(x * 4.0 / 1024.0, format!("{:.1}", x * 4.0 / 1024.0)),
            accuracy(run),
            Value::text(if is_on_front { "yes" } else { "" }),
        ]);
    }
    table.notes.extend(marks(runs));
    let alternative = format!(
        "Points: backbone parameters against test accuracy of {} runs. A line joins the {} on the Pareto front: none has fewer \
         parameters and an accuracy as high.",
        tested.len(),
        members.len()
    );
    let mut section = Section::titled("Accuracy against memory");
    let title = "Accuracy against memory".into();
    section.figures.push(Figure { name: "accuracy-memory".into(), title, alternative, svg, table });
    Ok(Some(section))
}

/// Accuracy on the images that choose the epoch, after each epoch, a line per run, no more lines per figure than there are colours.
pub(super) fn learning_curves(runs: &[&RunRecords]) -> Result<Option<Section>> {
    if runs.is_empty() {
        return Ok(None);
    }
    let mut section = Section::titled("Learning curves");
    let figures = runs.len().div_ceil(6);
    for (index, part) in runs.chunks(runs.len().div_ceil(figures)).enumerate() {
        section.figures.push(curves(&format!("learning-curves-{}", index + 1), part)?);
    }
    Ok(Some(section))
}

fn curves(name: &str, runs: &[&RunRecords]) -> Result<Figure> {
    let mut table = Table::new("Accuracy, %", &["run", "#epoch", "images", "#accuracy, %"]);
    let (mut dots, mut lines) = (Vec::new(), Vec::new());
    for (series, run) in runs.iter().enumerate() {
        let name = plain(&run.name());
        let reached = |e: &EpochRecord| Some((e.epoch as f64, e.reached()?));
        let points = run.epochs.iter().filter_map(reached).map(|(x, reached)| (x, reached.accuracy)).collect();
        lines.push(Line { points, series });
        for (x, Reached { images, accuracy, .. }) in run.epochs.iter().filter_map(reached) {
            let words = format!("{name}, epoch {x}, {images}: {}", percent(accuracy));
            dots.push(Dot { x, y: accuracy, series, radius: 3.0, words, label: String::new() });
            table.push(vec![
                Value::text(&name),
                Value::number(x, x.to_string()),
                Value::text(images),
                Value::number(accuracy, format!("{accuracy:.2}")),
            ]);
        }
    }
    let reached = || runs.iter().flat_map(|run| &run.epochs).filter_map(EpochRecord::reached);
    let has = |images: &str| reached().any(|reached| reached.images == images);
    let tested = match (has("validation"), has("test")) {
        (true, false) => "validation",
        (false, _) => "test",
        (true, true) => "validation or test",
    };
    let plot = Plot {
        x: Axis::whole("epoch", dots.iter().map(|d| d.x)),
        y: Axis::over(&format!("{tested} accuracy, %"), dots.iter().map(|d| d.y)),
        series: runs.iter().map(|r| r.name()).collect(),
        lines,
        dots,
        limit: None,
    };
    Ok(Figure {
        name: name.into(),
        title: format!("Accuracy after each epoch, on {tested} images"),
        alternative: format!("Lines: {tested} accuracy after each epoch of {} runs.", runs.len()),
        svg: plot.draw()?,
        table,
    })
}
