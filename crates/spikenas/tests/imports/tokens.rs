//! What an importer reads of Rust: names and signs.

/// Names, numbers, `::` and single signs; no comments, strings, characters and lifetimes.
pub fn tokens(mut text: &str) -> Vec<&str> {
    let mut found = Vec::new();
    while let Some(first) = text.chars().next() {
        let skipped = skipped_length(text);
        let word = text.find(|c: char| !c.is_alphanumeric() && c != '_').unwrap_or(text.len());
        let length = match skipped {
            0 if word > 0 => word,
            0 if text.starts_with("::") => 2,
            0 => first.len_utf8(),
            skipped => skipped,
        };
        if skipped == 0 {
            found.push(&text[..length]);
        }
        text = &text[length..];
    }
    found
}

/// Bytes of the space, comment, string, character or lifetime at the start of a text; 0 if something else stands there.
fn skipped_length(text: &str) -> usize {
    let quoted = text.trim_start_matches(['b', 'c', 'r']);
    let prefix = &text[..text.len() - quoted.len()];
    let raw = prefix.ends_with('r') && quoted.trim_start_matches('#').starts_with('"');
    match text.as_bytes() {
        [first, ..] if first.is_ascii_whitespace() => 1,
        [b'/', b'/', ..] => text.find('\n').unwrap_or(text.len()),
        [b'/', b'*', ..] => block_comment_length(text),
        _ if prefix.len() > 2 => 0,
        _ if raw => prefix.len() + raw_string_length(quoted),
        _ if quoted.starts_with('"') => prefix.len() + quoted_length(quoted, '"'),
        _ if quoted.starts_with('\'') => prefix.len() + apostrophe_length(quoted),
        _ => 0,
    }
}

fn block_comment_length(text: &str) -> usize {
    let (mut depth, mut at) = (1, 2);
    while depth > 0 && at < text.len() {
        let (change, length) = match &text.as_bytes()[at..] {
            [b'/', b'*', ..] => (1, 2),
            [b'*', b'/', ..] => (-1, 2),
            _ => (0, 1),
        };
        depth += change;
        at += length;
    }
    at
}

fn raw_string_length(text: &str) -> usize {
    let hashes = text.find('"').unwrap_or(0);
    let end = format!("\"{}", &text[..hashes]);
    text[hashes + 1..].find(&end).map_or(text.len(), |at| hashes + 1 + at + end.len())
}

fn quoted_length(text: &str, quote: char) -> usize {
    let mut escaped = false;
    for (at, c) in text.char_indices().skip(1) {
        if c == quote && !escaped {
            return at + 1;
        }
        escaped = c == '\\' && !escaped;
    }
    text.len()
}

/// Bytes of a character literal or of a lifetime.
fn apostrophe_length(text: &str) -> usize {
    let mut characters = text.chars().skip(1);
    let is_literal = characters.next() == Some('\\') || characters.next() == Some('\'');
    let name = text[1..].find(|c: char| !c.is_alphanumeric() && c != '_').unwrap_or(text.len() - 1);
    if is_literal { quoted_length(text, '\'') } else { 1 + name }
}
