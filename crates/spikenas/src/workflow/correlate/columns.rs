//! What a table of trained architectures holds, column by column.

use csv::StringRecord;

use crate::space::{Architecture, Cell, Digits, Edge, Operation};

/// Columns of a table that an error lists, at most.
const LISTED: usize = 20;

/// The highest truth in percent that is read, far above any; sums of many are still exact.
const MOST_TRUTH: f64 = 1e6;

/// The columns that hold the architecture.
pub(super) enum Form {
    /// Its text form.
    Text(usize),
    /// SpikeNAS-Bench's digits, in the order of [`Edge::ALL`].
    Edges([usize; 6]),
}

impl Form {
    /// The columns of a table. The error names what is there.
    pub fn of(heads: &StringRecord) -> Result<Self, String> {
        if let Ok(column) = column(heads, "architecture") {
            return Ok(Self::Text(column));
        }
        let mut columns = [0; 6];
        for edge in Edge::ALL {
            columns[edge.index()] = column(heads, &format!("op{}{}", edge.from(), edge.to()))?;
        }
        Ok(Self::Edges(columns))
    }

    /// The architecture of a row.
    pub fn read(&self, record: &StringRecord) -> Result<Architecture, String> {
        let columns = match self {
            Self::Text(column) => {
                return text(record, *column).parse::<Architecture>().map_err(|e| e.to_string());
            }
            Self::Edges(columns) => columns,
        };
        let operations = Digits::SpikenasBench.operations();
        let mut cell = Cell::uniform(Operation::Zeroize);
        for (edge, &column) in Edge::ALL.into_iter().zip(columns) {
            let digit = text(record, column);
            let operation = digit.parse::<usize>().ok().and_then(|digit| operations.get(digit).copied());
            cell = cell.with(edge, operation.ok_or_else(|| format!("`{digit}` is not one of the digits 0 to 4"))?);
        }
        Architecture::repeated(cell, 1).map_err(|e| e.to_string())
    }
}

/// A field of a row; nothing where the row is shorter.
pub(super) fn text(record: &StringRecord, column: usize) -> &str {
    record.get(column).unwrap_or_default().trim()
}

/// The place of a column. The error names those that are there.
pub(super) fn column(heads: &StringRecord, name: &str) -> Result<usize, String> {
    heads.iter().position(|head| head.trim() == name).ok_or_else(|| {
        let (shown, more) = (heads.iter().take(LISTED), heads.len().saturating_sub(LISTED));
        let more = if more > 0 { format!(" and {more} more") } else { String::new() };
        format!("has no column `{name}`; it has {}{more}", shown.collect::<Vec<_>>().join(", "))
    })
}

/// An accuracy.
pub(super) fn read_truth(text: &str) -> Result<f64, String> {
    match text.parse::<f64>().ok().filter(|value| value.is_finite()) {
        None => Err(format!("`{text}` is not a number")),
        Some(value) if value.abs() > MOST_TRUTH => {
            Err(format!("{value:e} is no accuracy: give truths of at most {MOST_TRUTH}"))
        }
        Some(value) => Ok(value),
    }
}
