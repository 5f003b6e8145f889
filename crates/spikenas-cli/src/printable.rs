//! Text that may come from a file or a user, made fit to be printed: it cannot command a terminal, and cannot fill it.

/// Most bytes of a word.
const WORD: usize = 200;
/// Most bytes of a line.
const LINE: usize = 1800;

/// A message in one line: control characters escaped, long words and a long line cut in the middle.
pub fn one_line(text: &str) -> String {
    let escaped = escaped(text, &[]);
    let words: Vec<String> = escaped.split(' ').map(|word| cut(word, WORD)).collect();
    cut(&words.join(" "), LINE)
}

/// Lines of text: control characters escaped, but for the ends of lines and tabs.
pub fn lines(text: &str) -> String {
    escaped(text, &['\n', '\t'])
}

fn escaped(text: &str, kept: &[char]) -> String {
    let mut result = String::with_capacity(text.len());
    for letter in text.chars() {
        if is_command(letter) && !kept.contains(&letter) {
            result.extend(letter.escape_default());
        } else {
            result.push(letter);
        }
    }
    result
}

/// Whether a character does something instead of being shown: control characters, and those that change the direction of
/// writing or end a line.
fn is_command(letter: char) -> bool {
    let changes_direction =
        matches!(letter, '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    letter.is_control() || changes_direction || matches!(letter, '\u{2028}' | '\u{2029}')
}

/// At most so many bytes, the middle left out: the begin says what it is, the end has the way out.
fn cut(text: &str, most: usize) -> String {
    if text.len() <= most {
        return text.to_string();
    }
    const GAP: &str = "…";
    let begin = text.floor_char_boundary(most * 2 / 3);
    let end = text.ceil_char_boundary(text.len() - (most - GAP.len() - begin));
    format!("{}{GAP}{}", &text[..begin], &text[end..])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_commands_nothing() {
        let hostile = "a\u{1b}[31mred\u{7}\r\nb\u{9b}\u{202e}gpj.\u{2066}\u{2028}c\0";
        let line = one_line(hostile);
        assert_eq!(line, "a\\u{1b}[31mred\\u{7}\\r\\nb\\u{9b}\\u{202e}gpj.\\u{2066}\\u{2028}c\\u{0}");
        assert_eq!(lines("a\tb\nc\u{1b}"), "a\tb\nc\\u{1b}");
        assert_eq!(one_line("größe 5 µs, 日本"), "größe 5 µs, 日本");
    }

    #[test]
    fn long_words_and_lines_keep_their_begin_and_end() {
        let line = one_line(&format!("file {}.csv: remove it", "ü".repeat(10_000)));
        assert!(line.starts_with("file üü") && line.ends_with("ü.csv: remove it"), "{line}");
        assert!(line.len() < 250, "{}", line.len());
        let line = one_line(&format!("columns {} end", "日本 ".repeat(100_000)));
        assert!(line.starts_with("columns 日本 ") && line.ends_with("本  end"), "{line}");
        assert!(line.len() <= LINE, "{}", line.len());
        let exact = "x".repeat(WORD);
        assert_eq!(one_line(&exact), exact);
    }
}
