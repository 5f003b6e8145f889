//! A run on a device: its memory against the limits, and its integer network beside the float one.

use super::axis::Axis;
use super::chart::{Bar, Bars, Rule};
use super::document::Section;
use super::figure::{Figure, Table, Value};
use super::records::RunRecords;
use super::words::{grouped, layer, percent};
use crate::Result;
use crate::cost::{ChipCheck, DeviceLedger, DeviceLimits, DeviceMemory, Leak, Profile};
use crate::graph::Graph;
use crate::quantise::Drift;
use crate::workflow::run::EvaluationRecord;

/// The section of a run whose integer network was made.
pub(super) fn section(run: &RunRecords, device: &DeviceLedger) -> Result<Section> {
    let limits = run.config.as_ref().and_then(|config| config.search.device.clone()).unwrap_or_default();
    let mut section = Section::titled("On a device");
    section.words.push(words(device, &limits));
    let DeviceLimits { flash, ram, .. } = limits;
    section.figures.push(figure("flash", "Flash, without the code", &device.flash, flash)?);
    section.figures.push(figure("ram", "RAM, without the stack", &device.ram, ram)?);
    if let Some(test) = &run.integer_test {
        section.words.push(tested(test));
        section.tables.extend(test.drift.as_ref().map(drift));
    }
    if let Some(graph) = &run.graph {
        section.tables.push(chips(graph, device)?);
    }
    Ok(section)
}

/// The chips whose limits the network keeps to, as far as they are known, and why it does not fit the others.
fn chips(graph: &Graph, device: &DeviceLedger) -> Result<Table> {
    let mut table = Table::new("Chips, by their limits that are known", &["chip", "fits", "what is too much"]);
    for name in Profile::names() {
        let check = ChipCheck::new(&Profile::find(name)?, graph, device.bits, None)?;
        let too_much = check.limits.iter().filter(|limit| !limit.fits).map(|limit| limit.what.as_str());
        let too_much = too_much.collect::<Vec<_>>().join(", ");
        let fits = if check.fits { "yes" } else { "no" };
        table.push(vec![Value::text(check.chip), Value::text(fits), Value::text(too_much)]);
    }
    Ok(table)
}

fn words(device: &DeviceLedger, limits: &DeviceLimits) -> String {
    let DeviceLedger { bits, leak, schedule, flash, ram } = device;
    let leak = match leak {
        Leak::Exact { .. } => "membranes that are never rounded",
        Leak::Shift { .. } => "membranes of 16 bits",
    };
    let against = |bytes: u64, limit: Option<u64>| match limit {
        Some(limit) => format!("{} of {} bytes", grouped(bytes), grouped(limit)),
        None => format!("{} bytes", grouped(bytes)),
    };
    format!(
        "The integer network has weights of {bits} bits and {leak}; computed by {schedule}, it takes {} of flash and {} of RAM.",
        against(flash.bytes, limits.flash),
        against(ram.bytes, limits.ram)
    )
}

fn tested(test: &EvaluationRecord) -> String {
    let accuracy = percent(test.result.accuracy);
    match &test.drift {
        Some(Drift { agreement, float_accuracy, .. }) => format!(
            "In whole numbers its test accuracy is {accuracy}, that of the float network {}; both take {} of the images for the same \
             class.",
            percent(*float_accuracy),
            percent(*agreement)
        ),
        None => format!("In whole numbers its test accuracy is {accuracy}."),
    }
}

/// What takes a memory, with a line at the limit.
fn figure(name: &str, title: &str, memory: &DeviceMemory, limit: Option<u64>) -> Result<Figure> {
    let mut table = Table::new(title, &["what", "#bytes"]);
    for item in &memory.items {
        table.push(vec![Value::text(item.name.clone()), Value::number(item.bytes as f64, grouped(item.bytes))]);
    }
    let parts = parts(memory);
    let mut bars: Vec<Bar> = parts
        .iter()
        .map(|(name, bytes)| Bar {
            name: name.clone(),
            parts: vec![(*bytes as f64, 0)],
            words: format!("{name}: {} bytes", grouped(*bytes)),
        })
        .collect();
    let words = format!("all: {} bytes", grouped(memory.bytes));
    bars.push(Bar { name: "all".into(), parts: vec![(memory.bytes as f64, 0)], words });
    let values = [memory.bytes as f64, limit.unwrap_or(0) as f64];
    let largest = parts.iter().max_by_key(|(_, bytes)| *bytes);
    let alternative = format!(
        "Bars: {} bytes in all{}. The largest part is {}.",
        grouped(memory.bytes),
        limit.map_or(String::new(), |limit| format!(", a line at the limit of {}", grouped(limit))),
        largest.map_or(String::new(), |(name, bytes)| format!("{name} with {}", grouped(*bytes)))
    );
    let limit = limit.map(|limit| Rule { at: limit as f64, name: format!("limit {}", grouped(limit)) });
    let svg = Bars { x: Axis::from_zero("bytes", values), bars, series: vec![], limit }.draw()?;
    Ok(Figure { name: name.into(), title: title.into(), alternative, svg, table })
}

/// The items by their kinds: what is there for each layer is one.
fn parts(memory: &DeviceMemory) -> Vec<(String, u64)> {
    const KINDS: [&str; 4] = ["weights", "steps and biases", "thresholds", "biases"];
    let mut parts: Vec<(String, u64)> = Vec::new();
    for item in &memory.items {
        let kind = KINDS.into_iter().find(|kind| item.name.ends_with(&format!(" {kind}")));
        let place = if item.name.starts_with("classifier") { ", classifier" } else { "" };
        let name = kind.map_or_else(|| item.name.clone(), |kind| format!("{kind}{place}"));
        match parts.iter_mut().find(|(other, _)| *other == name) {
            Some((_, bytes)) => *bytes += item.bytes,
            None => parts.push((name, item.bytes)),
        }
    }
    parts
}

/// Firing rates of both networks.
fn drift(drift: &Drift) -> Table {
    let mut table = Table::new("Firing rates, float and integer", &["layer", "#float", "#integer", "#drift, %"]);
    for one in &drift.layers {
        let rate = |rate: f64| Value::number(rate, format!("{rate:.4}"));
        let part = (one.float > 0.0).then(|| 100.0 * (one.integer - one.float) / one.float);
        let part = Value::maybe(part, |part| format!("{part:+.2}"));
        table.push(vec![Value::text(layer(&one.name)), rate(one.float), rate(one.integer), part]);
    }
    table
}
