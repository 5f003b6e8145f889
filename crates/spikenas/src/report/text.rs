//! A report in characters, at most 100 columns wide.

use super::cell::draw_in_characters;
use super::document::{Report, Section};
use super::figure::Table;
use crate::space::Architecture;

/// Columns of a terminal.
const COLUMNS: usize = 100;
/// Rows of a table that are shown.
const ROWS: usize = 15;

/// The essentials of a report: facts, cells, and the tables of short figures.
pub fn text(report: &Report, architecture: Option<&Architecture>) -> String {
    let mut lines = vec![report.title.clone(), String::new()];
    lines.extend(wrapped(&report.summary));
    let warnings = report.faults.iter().chain(&report.concerns);
    lines.extend(warnings.flat_map(|warning| wrapped(&format!("! {warning}"))));
    lines.push(String::new());
    let widest = report.facts.iter().map(|(name, _)| name.chars().count()).max().unwrap_or(0);
    lines.extend(report.facts.iter().map(|(name, value)| format!("{name:widest$}  {value}")));
    for (index, cell) in architecture.iter().flat_map(|a| a.cells()).enumerate() {
        lines.extend([String::new(), format!("cell {}", index + 1)]);
        lines.extend(draw_in_characters(cell).lines().map(String::from));
    }
    for section in &report.sections {
        lines.extend(section_lines(section));
    }
    lines.join("\n")
}

fn section_lines(section: &Section) -> Vec<String> {
    let tables = section.tables.iter().chain(section.figures.iter().map(|f| &f.table));
    let mut lines = Vec::new();
    if !section.pictures.is_empty() {
        lines.extend([String::new(), section.title.clone()]);
        lines.extend(section.pictures.iter().flat_map(|picture| wrapped(&picture.words)));
    }
    let is_alone = section.tables.len() + section.figures.len() == 1;
    for table in tables {
        lines.extend([String::new(), if is_alone { &section.title } else { &table.title }.clone()]);
        lines.extend(table_lines(table));
    }
    lines
}

/// A table in at most 100 columns: table columns that do not fit are left out, the last ones first.
pub fn table_lines(table: &Table) -> Vec<String> {
    let width = |column: usize| {
        let values = table.rows.iter().map(|row| row[column].text.chars().count());
        values.chain([table.columns[column].name.chars().count()]).max().unwrap_or(0).min(COLUMNS)
    };
    let mut widths = Vec::new();
    let mut total = 0;
    for column in 0..table.columns.len() {
        total += width(column) + if column == 0 { 0 } else { 2 };
        if total > COLUMNS {
            break;
        }
        widths.push(width(column));
    }
    let line = |texts: Vec<&str>| {
        let padded = texts.into_iter().zip(&widths).zip(&table.columns).map(|((text, &width), column)| {
            if column.is_number { format!("{text:>width$}") } else { format!("{text:width$}") }
        });
        padded.collect::<Vec<_>>().join("  ").trim_end().to_string()
    };
    let mut lines = vec![line(table.columns.iter().map(|c| c.name.as_str()).collect())];
    lines.extend(table.rows.iter().take(ROWS).map(|row| line(row.iter().map(|v| v.text.as_str()).collect())));
    if table.rows.len() > ROWS {
        lines.push(format!("… and {} more", table.rows.len() - ROWS));
    }
    lines.extend(table.notes.iter().flat_map(|note| wrapped(note)));
    lines
}

/// Words in lines of at most [`COLUMNS`].
fn wrapped(words: &str) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for word in words.split_whitespace().flat_map(pieces) {
        match lines.last_mut() {
            Some(line) if line.chars().count() + 1 + word.chars().count() <= COLUMNS => {
                line.push(' ');
                line.push_str(&word);
            }
            _ => lines.push(word),
        }
    }
    lines
}

/// A word in pieces of at most [`COLUMNS`].
fn pieces(word: &str) -> Vec<String> {
    word.chars().collect::<Vec<char>>().chunks(COLUMNS).map(|piece| piece.iter().collect()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::Value;

    #[test]
    fn tables_fit_and_lose_their_last_columns_first() {
        let names: Vec<String> = (0..12).map(|i| format!("column number {i}")).collect();
        let mut table = Table::new("wide", &names.iter().map(String::as_str).collect::<Vec<_>>());
        table.push((0..12).map(|i| Value::text(i.to_string())).collect());
        let lines = table_lines(&table);
        assert!(lines.iter().all(|l| l.chars().count() <= COLUMNS));
        assert!(lines[0].contains("column number 5") && !lines[0].contains("column number 11"));
    }

    #[test]
    fn words_are_wrapped_whole() {
        let lines = wrapped(&"spikes ".repeat(40));
        assert!(lines.len() == 3 && lines.iter().all(|l| l.chars().count() <= COLUMNS && l.ends_with("spikes")));
        let long = wrapped(&"x".repeat(250));
        assert_eq!(long.iter().map(String::len).collect::<Vec<_>>(), [100, 100, 50]);
    }
}
