//! The supernet of a search: how its loss fell, and what candidates reached with its weights.

use super::axis::Axis;
use super::chart::{Dot, Line, Plot};
use super::document::Section;
use super::figure::{Figure, Table, Value};
use super::records::RunRecords;
use super::words::{duration, grouped};
use crate::Result;
use crate::score::Judged;
use crate::search::{JournalEntry, SupernetConfig};
use crate::supernet::SupernetRecord;
use crate::train::EpochRecord;

/// More candidates than these are not drawn.
const MOST: usize = 2000;

/// Adds what a search's section has of its supernet, where there is one.
pub(super) fn add(section: &mut Section, run: &RunRecords) -> Result<()> {
    let Some(settings) = run.config.as_ref().and_then(|config| config.search.supernet.as_ref()) else { return Ok(()) };
    section.words.push(about(settings, run.supernet.as_ref()));
    if !run.supernet_epochs.is_empty() {
        section.figures.push(losses(&run.supernet_epochs)?);
    }
    let judged: Vec<(&JournalEntry, Judged)> =
        run.candidates.iter().filter_map(|candidate| Some((candidate, candidate.judged?))).take(MOST).collect();
    if !judged.is_empty() {
        section.figures.push(accuracies(&judged, run)?);
    }
    Ok(())
}

fn about(settings: &SupernetConfig, record: Option<&SupernetRecord>) -> String {
    let SupernetConfig { epochs, images, lambda } = settings;
    let cost = record.map_or(String::new(), |record| {
        format!(
            " It has {} parameters and was trained for {} steps in {}; random paths through it fire {} spikes per image on average.",
            grouped(record.parameters),
            grouped(record.steps),
            duration(record.train_seconds),
            grouped(record.mean_spikes.round() as u64)
        )
    });
    format!(
        "The score is the fitness of AutoSNN (Na et al., ICML 2022): accuracy times (spikes / mean spikes) to the power of {lambda}, on {} \
         validation images, of candidates that inherit the weights of a supernet. That holds every operation of every edge, and was trained \
         for {epochs} epochs with another random path each step.{cost} Inherited weights are a guide: the winner is trained from the start.",
        grouped(record.map_or(*images, |record| record.images) as u64)
    )
}

fn losses(epochs: &[EpochRecord]) -> Result<Figure> {
    let mut table = Table::new("Supernet by epoch", &["#epoch", "#loss", "#accuracy, %", "#images/s", "#seconds"]);
    let number = |value: f64, digits: usize| Value::number(value, format!("{value:.digits$}"));
    let mut dots = Vec::new();
    for e in epochs {
        let words = format!("epoch {}: loss {:.4}", e.epoch, e.train_loss);
        dots.push(Dot { x: e.epoch as f64, y: e.train_loss, series: 0, radius: 3.0, words, label: String::new() });
        table.push(vec![
            number(e.epoch as f64, 0),
            number(e.train_loss, 4),
            number(e.train_accuracy, 2),
            number(e.images_per_second, 0),
            number(e.seconds, 1),
        ]);
    }
    let plot = Plot {
        x: Axis::whole("epoch", dots.iter().map(|dot| dot.x)),
        y: Axis::over("loss (mean cross entropy)", dots.iter().map(|dot| dot.y)),
        series: vec!["training, another path each step".into()],
        lines: vec![Line { points: dots.iter().map(|dot| (dot.x, dot.y)).collect(), series: 0 }],
        dots,
        limit: None,
    };
    let of = |epoch: Option<&EpochRecord>| epoch.map_or(0.0, |epoch| epoch.train_loss);
    Ok(Figure {
        name: "supernet".into(),
        title: "Training of the supernet".into(),
        alternative: format!(
            "Line: mean cross entropy of the training images in each of {} epochs of the supernet, from {:.4} to {:.4}.",
            epochs.len(),
            of(epochs.first()),
            of(epochs.last())
        ),
        svg: plot.draw()?,
        table,
    })
}

fn accuracies(judged: &[(&JournalEntry, Judged)], run: &RunRecords) -> Result<Figure> {
    let winner = run.search.as_ref().map(|search| search.architecture.to_string());
    let columns = ["architecture", "#spikes per image", "#inherited accuracy, %", "#fitness"];
    let mut table = Table::new("Spikes and inherited accuracy", &columns);
    let mut dots = Vec::new();
    for (candidate, Judged { accuracy, spikes }) in judged {
        let architecture = candidate.architecture.to_string();
        let fired = grouped(spikes.round() as u64);
        let series = usize::from(winner.as_ref() == Some(&architecture));
        let words = format!("{architecture}: {accuracy:.2} %, {fired} spikes per image");
        let radius = if series == 0 { 2.5 } else { 4.5 };
        dots.push(Dot { x: *spikes, y: *accuracy, series, radius, words, label: String::new() });
        table.push(vec![
            Value::text(architecture),
            Value::number(*spikes, fired),
            Value::number(*accuracy, format!("{accuracy:.2}")),
            Value::number(candidate.score.0, format!("{:.4}", candidate.score.0)),
        ]);
    }
    // The winner last, so that it lies on top.
    dots.sort_by_key(|dot| dot.series);
    let plot = Plot {
        x: Axis::over("spikes per image", dots.iter().map(|dot| dot.x)),
        y: Axis::over("inherited accuracy, %", dots.iter().map(|dot| dot.y)),
        series: ["candidate", "winner"].map(String::from).to_vec(),
        lines: Vec::new(),
        dots,
        limit: None,
    };
    let alternative = format!(
        "Points: {} candidates, spikes per image against accuracy on validation images, with inherited weights.",
        judged.len()
    );
    let (name, title) = ("inherited".into(), "Spikes and inherited accuracy of every candidate".into());
    Ok(Figure { name, title, alternative, svg: plot.draw()?, table })
}
