//! What methods of a search found on a table.

use super::figure::{Table, Value};
use super::words::grouped;
use crate::workflow::replay::ReplayRecord;

/// The truth of the best candidate of each method after so many evaluations.
pub fn table(record: &ReplayRecord) -> Table {
    let points = record.evaluations.iter().map(|&point| format!("#{}", grouped(point as u64)));
    let columns: Vec<String> = ["method", "#searches"]
        .map(String::from)
        .into_iter()
        .chain(points)
        .chain(["#came to the best".into()])
        .collect();
    let mut table = Table::new("Evaluations", &columns.iter().map(String::as_str).collect::<Vec<_>>());
    for replayed in &record.methods {
        let count = |count: usize| Value::number(count as f64, count.to_string());
        let found = replayed
            .found
            .iter()
            .map(|found| found.map_or_else(|| Value::text("-"), |found| Value::number(found.mean, found.words(2))));
        let mut row = vec![Value::text(replayed.method.name()), count(replayed.searches)];
        row.extend(found.chain([count(replayed.came_to_the_best)]));
        table.push(row);
    }
    table
}
