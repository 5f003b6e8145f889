//! The memory of a network, layer by layer.

use super::axis::Axis;
use super::chart::{Bar, Bars};
use super::document::Section;
use super::figure::{Figure, Table, Value};
use super::words::{grouped, layer};
use crate::Result;
use crate::cost::{Ledger, Unreachable};
use crate::graph::Graph;

/// The section of a network's parameters.
pub(super) fn section(graph: &Graph) -> Result<Section> {
    let ledger = Ledger::new(graph);
    let columns = ["layer", "#weights", "#batch norm", "#biases", "#total", "#KiB at 32 bits"];
    let mut table = Table::new("Parameters", &columns);
    let mut bars = Vec::new();
    let number = |n: u64| Value::number(n as f64, grouped(n));
    for entry in &ledger.layers {
        let name = layer(&entry.name);
        let kib = entry.total() as f64 * 4.0 / 1024.0;
        let parts = vec![(entry.weights as f64, 0), (entry.batch_norm as f64, 1), (entry.bias as f64, 2)];
        let words = format!("{name}: {} parameters", grouped(entry.total()));
        bars.push(Bar { name: name.clone(), parts: parts.into_iter().filter(|p| p.0 > 0.0).collect(), words });
        table.push(vec![
            Value::text(name),
            number(entry.weights),
            number(entry.batch_norm),
            number(entry.bias),
            number(entry.total()),
            Value::number(kib, format!("{kib:.1}")),
        ]);
    }
    let total = ledger.count();
    table.notes.push(format!(
        "Backbone {}, classifier {}, network {} parameters.",
        grouped(total.backbone),
        grouped(total.classifier),
        grouped(total.network)
    ));
    table.notes.extend(Unreachable::of(graph).map(|unreachable| unreachable.words()));
    let largest = ledger.layers.iter().max_by_key(|l| l.total());
    let alternative = format!(
        "Bars: parameters of each of {} layers. The largest is {}.",
        ledger.layers.len(),
        largest.map_or(String::new(), |l| format!("{} with {}", layer(&l.name), grouped(l.total())))
    );
    let x = Axis::from_zero("parameters", ledger.layers.iter().map(|l| l.total() as f64));
    let series = ["weights", "batch norm", "biases"].map(String::from).to_vec();
    let svg = Bars { x, bars, series, limit: None }.draw()?;
    let mut section = Section::titled("Memory");
    let title = "Parameters by layer".into();
    section.figures.push(Figure { name: "memory".into(), title, alternative, svg, table });
    Ok(section)
}
