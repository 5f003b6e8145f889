//! The epochs of a training.

use super::axis::Axis;
use super::chart::{Dot, Line, Plot};
use super::document::Section;
use super::figure::{Figure, Table, Value};
use super::words::percent;
use crate::Result;
use crate::train::EpochRecord;
use crate::workflow::run::best_epoch;

/// The section of a training with at least one epoch.
pub(super) fn section(epochs: &[EpochRecord]) -> Result<Section> {
    let mut section = Section::titled("Training");
    section.words.extend(best_epoch(epochs).zip(epochs.last()).map(|(kept, last)| chosen(kept, last)));
    section.figures.push(accuracies(epochs)?);
    section.figures.push(losses(epochs)?);
    Ok(section)
}

/// Which epoch is the model, and by what it was chosen.
fn chosen(kept: &EpochRecord, last: &EpochRecord) -> String {
    let Some(reached) = last.reached() else {
        return format!(
            "The model is that of the last epoch, {}: no epoch was chosen, and the test images were used once, after the training.",
            last.epoch
        );
    };
    let how = match reached.images {
        "test" => "chosen on the test images, as the field does: its test accuracy is flattered",
        _ => "the best on training images that were held out; the test images were used once, after the training",
    };
    let (kept, last, reached) = (kept.epoch, last.epoch, percent(reached.accuracy));
    format!("The model that is kept is that of epoch {kept}, {how}. The last epoch, {last}, reached {reached}.")
}

/// What the images are called on which the epochs were tested.
fn tested_on(epochs: &[EpochRecord]) -> Option<&'static str> {
    Some(epochs.first()?.reached()?.images)
}

fn accuracies(epochs: &[EpochRecord]) -> Result<Figure> {
    let tested = tested_on(epochs);
    let mut table =
        Table::new("Accuracy by epoch", &["#epoch", &heading(tested, " %"), "#training %", "#learning rate"]);
    for e in epochs {
        table.push(vec![
            number(e.epoch as f64, 0),
            Value::maybe(e.reached().map(|r| r.accuracy), |v| format!("{v:.2}")),
            number(e.train_accuracy, 2),
            Value::number(e.learning_rate, short(e.learning_rate)),
        ]);
    }
    let (lines, reached): (_, fn(&EpochRecord) -> Option<f64>) = match tested {
        Some(images) => (format!("training and {images}"), |e| Some(e.reached()?.accuracy)),
        None => ("training".into(), |e| Some(e.train_accuracy)),
    };
    let of = |epoch: Option<&EpochRecord>| percent(epoch.and_then(reached).unwrap_or(0.0));
    let alternative = format!(
        "Lines: accuracy on {lines} images after each of {} epochs. The {} accuracy goes from {} to {}; {} in the epoch that is kept.",
        epochs.len(),
        tested.unwrap_or("training"),
        of(epochs.first()),
        of(epochs.last()),
        of(best_epoch(epochs))
    );
    let svg = curves(epochs, "accuracy, %", percent, |e| [e.reached().map(|r| r.accuracy), Some(e.train_accuracy)])?;
    Ok(Figure { name: "learning-curve".into(), title: "Learning curve".into(), alternative, svg, table })
}

fn losses(epochs: &[EpochRecord]) -> Result<Figure> {
    let tested = tested_on(epochs);
    let columns = ["#epoch", &heading(tested, ""), "#training", "#images/s", "#seconds"];
    let mut table = Table::new("Loss by epoch", &columns);
    for e in epochs {
        table.push(vec![
            number(e.epoch as f64, 0),
            Value::maybe(e.reached().map(|r| r.loss), |v| format!("{v:.4}")),
            number(e.train_loss, 4),
            number(e.images_per_second, 0),
            number(e.seconds, 1),
        ]);
    }
    let lowest = epochs.iter().filter_map(EpochRecord::reached).map(|r| r.loss).reduce(f64::min);
    let (images, lowest) = match (tested, lowest) {
        (Some(images), Some(lowest)) => {
            (format!("{images} and training"), format!("; {lowest:.4} on {images} images at best"))
        }
        _ => ("training".into(), String::new()),
    };
    let alternative =
        format!("Lines: mean cross entropy of {images} images in each of {} epochs{lowest}.", epochs.len());
    let of = |e: &EpochRecord| [e.reached().map(|r| r.loss), Some(e.train_loss)];
    let svg = curves(epochs, "loss (mean cross entropy)", |v| format!("{v:.4}"), of)?;
    Ok(Figure { name: "loss".into(), title: "Loss".into(), alternative, svg, table })
}

/// The head of the column of the images on which the epochs were tested.
fn heading(tested: Option<&str>, unit: &str) -> String {
    format!("#{}{unit}", tested.unwrap_or("test"))
}

fn number(value: f64, digits: usize) -> Value {
    Value::number(value, format!("{value:.digits$}"))
}

/// A learning rate, which may be small: four digits that count.
fn short(rate: f64) -> String {
    if rate == 0.0 || rate >= 1e-3 { format!("{rate:.4}") } else { format!("{rate:.2e}") }
}

/// Two lines over the epochs: of the images on which they were tested, if they were, and of training images.
fn curves(
    epochs: &[EpochRecord],
    label: &str,
    show: fn(f64) -> String,
    of: fn(&EpochRecord) -> [Option<f64>; 2],
) -> Result<String> {
    let names = [tested_on(epochs).unwrap_or("test"), "training"];
    let mut dots = Vec::new();
    for e in epochs {
        for (series, y) in of(e).into_iter().enumerate().filter_map(|(series, y)| Some((series, y?))) {
            let words = format!("epoch {}, {}: {}", e.epoch, names[series], show(y));
            dots.push(Dot { x: e.epoch as f64, y, series, radius: 3.0, words, label: String::new() });
        }
    }
    let line = |series: usize| {
        let points = epochs.iter().filter_map(|e| Some((e.epoch as f64, of(e)[series]?))).collect();
        Line { points, series }
    };
    let plot = Plot {
        x: Axis::whole("epoch", epochs.iter().map(|e| e.epoch as f64)),
        y: Axis::over(label, dots.iter().map(|d| d.y)),
        series: [names[0], "training, as augmented"].map(String::from).to_vec(),
        lines: vec![line(1), line(0)],
        dots,
        limit: None,
    };
    plot.draw()
}
