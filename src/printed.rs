//! Names and lists as they are printed: what a terminal would obey, and what is no text, becomes visible;
//! long lists are cut.

use std::borrow::Cow;
use std::fmt::Write;
use std::path::Path;

/// A name without characters that move the cursor, change colours, end the line or turn the
/// direction of writing: these are written as in source code, `\n`, `\x1b`, `\u{202e}`. All others
/// stay as they are.
pub fn shown(name: &str) -> Cow<'_, str> {
    if !name.contains(is_obeyed) {
        return Cow::Borrowed(name);
    }
    let mut text = String::with_capacity(name.len() + 8);
    name.chars().for_each(|letter| push(&mut text, letter));
    Cow::Owned(text)
}

/// A path in the same way; bytes that are not UTF-8 are written as `\xff`.
pub fn shown_path(path: &Path) -> String {
    shown_bytes(path.as_os_str().as_encoded_bytes())
}

/// Bytes that should be a text in the same way.
pub fn shown_bytes(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(bytes.len());
    for chunk in bytes.utf8_chunks() {
        chunk.valid().chars().for_each(|letter| push(&mut text, letter));
        for byte in chunk.invalid() {
            // writing into a string cannot fail
            let _ = write!(text, "\\x{byte:02x}");
        }
    }
    text
}

/// A text of several lines in the same way: their ends stay.
pub fn shown_lines(text: &str) -> Cow<'_, str> {
    if !text.contains(|letter| letter != '\n' && is_obeyed(letter)) {
        return Cow::Borrowed(text);
    }
    let lines: Vec<Cow<'_, str>> = text.split('\n').map(shown).collect();
    Cow::Owned(lines.join("\n"))
}

/// `1,234,567`.
pub fn thousands(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// A JSON text that means the same, with all characters that a terminal would obey escaped as JSON
/// does it: they stand in its texts alone, apart from ends of lines and blanks between the values.
pub fn json_shown(json: &str) -> Cow<'_, str> {
    let escaped = |letter: char| is_obeyed(letter) && letter != '\n';
    if !json.contains(escaped) {
        return Cow::Borrowed(json);
    }
    let mut text = String::with_capacity(json.len() + 8);
    for letter in json.chars() {
        if escaped(letter) {
            for unit in letter.encode_utf16(&mut [0; 2]) {
                // writing into a string cannot fail
                let _ = write!(text, "\\u{unit:04x}");
            }
        } else {
            text.push(letter);
        }
    }
    Cow::Owned(text)
}

/// The probability of a test, with the digits that count.
pub(crate) fn probability(p: f64) -> String {
    if p < 1e-3 { format!("{p:.1e}") } else { format!("{p:.3}") }
}

/// The first few of a list, and how many more there are.
pub(crate) fn few(items: &[String]) -> String {
    const SHOWN: usize = 5;
    let shown = items.iter().take(SHOWN).cloned().collect::<Vec<_>>().join(", ");
    match items.len().checked_sub(SHOWN) {
        None | Some(0) => shown,
        Some(more) => format!("{shown} and {more} more"),
    }
}

/// A word as a shell takes it.
pub(crate) fn shell_word(word: &str) -> String {
    let plain = |c: char| c.is_alphanumeric() || "-_./=:,@%+~".contains(c);
    if !word.is_empty() && word.chars().all(plain) {
        word.to_owned()
    } else {
        format!("'{}'", word.replace('\'', r"'\''"))
    }
}

fn push(text: &mut String, letter: char) {
    if !is_obeyed(letter) {
        text.push(letter);
        return;
    }
    let _ = match letter {
        '\n' | '\r' | '\t' => write!(text, "{}", letter.escape_default()),
        ascii if ascii.is_ascii() => write!(text, "\\x{:02x}", u32::from(ascii)),
        other => write!(text, "{}", other.escape_unicode()),
    };
}

/// Whether a character does something to what is printed around it: controls of both sets, ends of
/// lines, the marks of Unicode's bidirectional algorithm (UAX #9, §2), and the mark of byte order.
fn is_obeyed(letter: char) -> bool {
    letter.is_control()
        || matches!(letter,
            '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{feff}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_terminal_obeys_is_written_out() {
        for (name, expected) in [
            ("\x1b[31mred", "\\x1b[31mred"),
            ("two\nlines\r\t\0", "two\\nlines\\r\\t\\x00"),
            ("\u{9b}31m\x7f", "\\u{9b}31m\\x7f"),
            ("gpj.\u{202e}exe", "gpj.\\u{202e}exe"),
            ("\u{2066}a\u{2069}\u{2028}\u{feff}", "\\u{2066}a\\u{2069}\\u{2028}\\u{feff}"),
        ] {
            assert_eq!(shown(name), expected);
            assert_eq!(shown_path(Path::new(name)), expected);
        }
    }

    #[test]
    fn texts_keep_their_lines_or_their_meaning() {
        let text = "a\x1b[1m\nb\u{9b}\u{202e}\tc";
        assert_eq!(shown_lines(text), "a\\x1b[1m\nb\\u{9b}\\u{202e}\\tc");
        assert_eq!(json_shown("{\"\u{9b}\u{202e}\"}"), "{\"\\u009b\\u202e\"}");
    }

    #[test]
    fn all_other_names_stay() {
        for name in ["고양이.jpg", "a b\\c/é", "👩\u{200d}🚀", "\\x1b", ""] {
            assert!(matches!(shown(name), Cow::Borrowed(same) if same == name), "{name}");
            assert_eq!(shown_path(Path::new(name)), name);
        }
    }

    #[test]
    fn json_means_the_same() {
        let value = serde_json::json!({ "a\u{202e}b": ["\x1b\u{7f}\u{9b}", "\n가"] });
        let text = value.to_string();
        let escaped = json_shown(&text);
        assert!(!escaped.contains(is_obeyed) && escaped.contains('가'), "{escaped}");
        assert_eq!(serde_json::from_str::<serde_json::Value>(&escaped).unwrap(), value);
    }

    #[test]
    fn long_lists_are_cut() {
        let items: Vec<String> = (0..9).map(|n| n.to_string()).collect();
        assert_eq!(few(&items), "0, 1, 2, 3, 4 and 4 more");
        assert_eq!(few(&items[..5]), "0, 1, 2, 3, 4");
    }

    #[test]
    fn what_is_not_utf8_is_kept_apart() {
        assert_eq!(shown_bytes(b"a\xff.png"), "a\\xff.png");
        assert_ne!(shown_bytes(b"\xff"), shown_bytes(b"\xfe"));
        assert_eq!(shown_bytes("\u{ac00}\u{1b}".as_bytes()), "\u{ac00}\\x1b");
    }
}
