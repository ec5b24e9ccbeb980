//! What other people wrote, as it is shown: without what a terminal would obey, and not without end.

/// Characters of a value that a sentence mentions; what is longer loses its middle.
const MOST_CHARACTERS: usize = 2_000;

/// How a character is shown; `None` where it is shown as it is. A terminal obeys control characters, and
/// direction marks show a text in another order than the one that is compiled.
pub(super) fn picture(c: char) -> Option<char> {
    match c {
        '\u{0}'..='\u{1f}' => char::from_u32(0x2400 + c as u32),
        '\u{7f}' => Some('␡'),
        '\u{80}'..='\u{9f}' | '\u{2028}' | '\u{2029}' => Some('\u{fffd}'),
        '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{61c}' => {
            Some('\u{fffd}')
        }
        _ => None,
    }
}

/// A value that a sentence mentions, or a file's name.
pub(super) fn shown(value: &str) -> String {
    let ends = |c: char| picture(c).filter(|_| c != '\n').unwrap_or(c);
    // every character takes a byte at least
    if value.len() <= MOST_CHARACTERS {
        return value.chars().map(ends).collect();
    }
    let count = value.chars().count();
    if count <= MOST_CHARACTERS {
        return value.chars().map(ends).collect();
    }
    let half = MOST_CHARACTERS / 2;
    let start = value.chars().take(half).map(ends);
    start.chain(['…']).chain(value.chars().skip(count - half).map(ends)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_reaches_the_terminal_that_it_obeys() {
        assert_eq!(shown("a\u{1b}[2Jb\u{0}\u{202e}한"), "a␛[2Jb␀\u{fffd}한");
    }

    #[test]
    fn what_is_long_loses_its_middle() {
        let long = shown(&"가".repeat(70_000));
        assert_eq!(long.chars().count(), MOST_CHARACTERS + 1);
        assert!(long.contains("가…가"));
    }
}
