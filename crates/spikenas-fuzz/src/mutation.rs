use rand::RngExt;
use spikenas::random::Generator;

/// Values at which readers of numbers go wrong, as text and as bytes.
const NUMBERS: [&str; 12] = [
    "0",
    "-1",
    "1",
    "255",
    "65536",
    "4294967295",
    "9223372036854775808",
    "18446744073709551615",
    "1e308",
    "1e400",
    "nan",
    "-inf",
];

/// An input with a few changes; `other` is one to take parts from.
pub fn mutated(input: &[u8], other: &[u8], generator: &mut Generator) -> Vec<u8> {
    let mut bytes = input.to_vec();
    for _ in 0..generator.random_range(1..=4) {
        mutate(&mut bytes, other, generator);
    }
    bytes
}

fn mutate(bytes: &mut Vec<u8>, other: &[u8], generator: &mut Generator) {
    let at = generator.random_range(0..=bytes.len());
    let end = (at + generator.random_range(1..=32)).min(bytes.len());
    match generator.random_range(0..9) {
        0 if at < bytes.len() => bytes[at] ^= 1 << generator.random_range(0..8),
        1 if at < bytes.len() => bytes[at] = generator.random(),
        2 => bytes.truncate(at),
        3 => _ = bytes.drain(at..end),
        4 => bytes.insert(at, generator.random()),
        5 => {
            let part = bytes[at..end].repeat(generator.random_range(1..=8));
            bytes.splice(at..at, part);
        }
        6 => replace_number(bytes, at, NUMBERS[generator.random_range(0..NUMBERS.len())]),
        7 if !other.is_empty() => {
            let from = generator.random_range(0..other.len());
            let part = other[from..].iter().take(generator.random_range(1..=64)).copied();
            bytes.splice(at..end, part);
        }
        _ => {
            // A little or big endian number, or a run of one value.
            let value = [0x00, 0x7f, 0x80, 0xff][generator.random_range(0..4)];
            bytes[at..end.min(at + 8)].fill(value);
        }
    }
}

/// Puts a number in place of the next one in a text, or where there is none, at `at`.
fn replace_number(bytes: &mut Vec<u8>, at: usize, number: &str) {
    let is_digit = |b: &u8| b.is_ascii_digit();
    let start = bytes[at..].iter().position(is_digit).map_or(at, |skip| at + skip);
    let length = bytes[start..].iter().take_while(|b| is_digit(b)).count();
    bytes.splice(start..start + length, number.bytes());
}
