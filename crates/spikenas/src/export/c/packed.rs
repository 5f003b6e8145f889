use std::fmt::Write;

use crate::cost::WeightBits;
use crate::quantise::pack;

/// Columns of a line of numbers.
const WIDE: usize = 110;

/// An array of numbers.
pub(super) fn array(kind: &str, name: &str, values: &[i64]) -> String {
    format!("static const {kind} {name}[{}] = {{\n{}}};\n", values.len(), lines(values))
}

/// A matrix of weights by rows, packed into whole bytes, the first weight in the lowest bits.
pub(super) fn matrix(name: &str, weights: &[i8], columns: usize, bits: WeightBits) -> String {
    let rows = weights.chunks_exact(columns);
    let (kind, width) = (kind(bits), bits.bytes(columns));
    let mut text = format!("static const {kind} {name}[{}][{width}] = {{\n", rows.len());
    for row in rows {
        let bytes: Vec<i64> = match bits {
            WeightBits::Eight => row.iter().map(|&weight| i64::from(weight)).collect(),
            WeightBits::Four | WeightBits::Two => pack(row, bits).into_iter().map(i64::from).collect(),
        };
        let _ = write!(text, "{{\n{}}},\n", lines(&bytes));
    }
    text + "};\n"
}

/// The type of packed weights.
pub(super) fn kind(bits: WeightBits) -> &'static str {
    if bits == WeightBits::Eight { "int8_t" } else { "uint8_t" }
}

/// Numbers with commas in lines of a width.
pub(super) fn lines(values: &[i64]) -> String {
    let (mut text, mut column) = (String::new(), 0);
    for value in values {
        let number = format!("{value},");
        if column + number.len() > WIDE {
            text.push('\n');
            column = 0;
        }
        column += number.len();
        text += &number;
    }
    if !values.is_empty() {
        text.push('\n');
    }
    text
}
