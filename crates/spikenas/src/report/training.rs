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
    if let (Some(best), Some(last)) = (best_epoch(epochs), epochs.last()) {
        section.words.push(format!(
            "The model that is kept is that of epoch {}, the best on the test images, as is usual in this field; the last epoch, \
             {}, reached {}.",
            best.epoch,
            last.epoch,
            percent(last.test_accuracy)
        ));
    }
    section.figures.push(accuracies(epochs)?);
    section.figures.push(losses(epochs)?);
    Ok(section)
}

fn accuracies(epochs: &[EpochRecord]) -> Result<Figure> {
    let mut table = Table::new("Accuracy by epoch", &["#epoch", "#test %", "#training %", "#learning rate"]);
    for e in epochs {
        table.push(vec![
            number(e.epoch as f64, 0),
            number(e.test_accuracy, 2),
            number(e.train_accuracy, 2),
            Value::number(e.learning_rate, short(e.learning_rate)),
        ]);
    }
    let reached = |e: Option<&EpochRecord>| percent(e.map_or(0.0, |e| e.test_accuracy));
    let alternative = format!(
        "Lines: accuracy on training and test images after each of {} epochs. The test accuracy goes from {} to {}; {} at best.",
        epochs.len(),
        reached(epochs.first()),
        reached(epochs.last()),
        reached(best_epoch(epochs))
    );
    let svg = curves(epochs, "accuracy, %", percent, |e| [e.test_accuracy, e.train_accuracy])?;
    Ok(Figure { name: "learning-curve".into(), title: "Learning curve".into(), alternative, svg, table })
}

fn losses(epochs: &[EpochRecord]) -> Result<Figure> {
    let mut table = Table::new("Loss by epoch", &["#epoch", "#test", "#training", "#images/s", "#seconds"]);
    for e in epochs {
        table.push(vec![
            number(e.epoch as f64, 0),
            number(e.test_loss, 4),
            number(e.train_loss, 4),
            number(e.images_per_second, 0),
            number(e.seconds, 1),
        ]);
    }
    let lowest = epochs.iter().map(|e| e.test_loss).fold(f64::INFINITY, f64::min);
    let alternative = format!(
        "Lines: mean cross entropy of training and test images in each of {} epochs; {lowest:.4} on test images at best.",
        epochs.len()
    );
    let svg = curves(epochs, "loss (mean cross entropy)", |v| format!("{v:.4}"), |e| [e.test_loss, e.train_loss])?;
    Ok(Figure { name: "loss".into(), title: "Loss".into(), alternative, svg, table })
}

fn number(value: f64, digits: usize) -> Value {
    Value::number(value, format!("{value:.digits$}"))
}

/// A learning rate, which may be small: four digits that count.
fn short(rate: f64) -> String {
    if rate == 0.0 || rate >= 1e-3 { format!("{rate:.4}") } else { format!("{rate:.2e}") }
}

/// Two lines over the epochs: of test and of training images.
fn curves(
    epochs: &[EpochRecord],
    label: &str,
    show: fn(f64) -> String,
    of: fn(&EpochRecord) -> [f64; 2],
) -> Result<String> {
    let mut dots = Vec::new();
    for e in epochs {
        for ((series, what), y) in [(0, "test"), (1, "training")].into_iter().zip(of(e)) {
            let words = format!("epoch {}, {what}: {}", e.epoch, show(y));
            dots.push(Dot { x: e.epoch as f64, y, series, radius: 3.0, words, label: String::new() });
        }
    }
    let line = |series: usize| {
        let points = epochs.iter().map(|e| (e.epoch as f64, of(e)[series])).collect();
        Line { points, series }
    };
    let plot = Plot {
        x: Axis::whole("epoch", epochs.iter().map(|e| e.epoch as f64)),
        y: Axis::over(label, dots.iter().map(|d| d.y)),
        series: ["test", "training, as augmented"].map(String::from).to_vec(),
        lines: vec![line(1), line(0)],
        dots,
        limit: None,
    };
    plot.draw()
}
