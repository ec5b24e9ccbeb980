//! Edits of layers in the text: what a fix takes out, moves or adds. Each gives nothing where the text is not
//! plain enough to be sure.

use crate::diag::Edit;
use crate::ir::LayerNode;
use crate::source::Span;

fn edit(start: usize, end: usize, text: impl Into<String>) -> Edit {
    Edit { span: Span::new(start, end), text: text.into() }
}

/// Bytes of a line that is looked at: what is longer is not plain enough.
const LONGEST_LINE: usize = 10_000;

/// What stands before a place on its line.
fn before(text: &str, at: usize) -> Option<&str> {
    let head = text.get(..at)?;
    let near = head.floor_char_boundary(at.saturating_sub(LONGEST_LINE));
    match head[near..].rfind('\n') {
        Some(line) => Some(&head[near + line + 1..]),
        None => (near == 0).then_some(head),
    }
}

/// What stands behind a place on its line.
fn behind(text: &str, at: usize) -> Option<&str> {
    let tail = text.get(at..)?;
    let near = &tail[..tail.floor_char_boundary(LONGEST_LINE)];
    match near.find('\n') {
        Some(end) => Some(&near[..end]),
        None => (near.len() == tail.len()).then_some(tail),
    }
}

/// Whether this is what stands before the first layer of a statement: nothing, or a name and `=`.
fn begins_statement(before: &str) -> bool {
    let name = before.trim().strip_suffix('=').unwrap_or(before).trim();
    name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
        && (name.is_empty() || before.trim().ends_with('='))
        && !last_line_goes_on(before)
}

fn last_line_goes_on(text: &str) -> bool {
    text.trim_end().ends_with("->")
}

/// Takes a layer out of the text.
pub(super) fn delete(text: &str, span: Span) -> Option<Edit> {
    let head = text.get(..span.start)?;
    let line = before(text, span.start)?;
    let rest = behind(text, span.end)?;
    if head.trim_end().ends_with("->") {
        let arrow = head.trim_end().len() - 2;
        return Some(edit(head[..arrow].trim_end().len(), span.end, ""));
    }
    // one of several on a line
    let (next, blanks) = (rest.trim_start(), rest.len() - rest.trim_start().len());
    if head.trim_end().ends_with(';') && (next.is_empty() || next.starts_with([';', '}'])) {
        return Some(edit(head.trim_end().len() - 1, span.end, ""));
    }
    if head.trim_end().ends_with('{')
        && !line.trim().is_empty()
        && let Some(behind) = next.strip_prefix(';')
    {
        let more = behind.len() - behind.trim_start_matches(' ').len();
        return Some(edit(span.start, span.end + blanks + 1 + more, ""));
    }
    // an arrow may hide before a comment on the line above
    let above = before(text, head[..head.len() - line.len()].trim_end().len())?;
    if !begins_statement(line) || above.contains("//") && above.contains("->") {
        return None;
    }
    let start = span.start - line.len();
    if rest.trim().is_empty() {
        let end = span.end + rest.len();
        return Some(edit(start, (end + 1).min(text.len()), ""));
    }
    if let Some(behind) = rest.trim_start().strip_prefix("->") {
        let named = line.contains('=');
        let end = span.end + (rest.len() - behind.len()) + (behind.len() - behind.trim_start().len());
        return (!named).then(|| edit(span.start, end, ""));
    }
    if next.starts_with('}') {
        return Some(edit(span.start, span.end + blanks, ""));
    }
    next.starts_with("//").then(|| edit(start + line.len() - line.trim_start().len(), span.end, ""))
}

/// Moves a layer to the place before another that stands before it.
pub(super) fn move_before(text: &str, moved: Span, other: Span) -> Option<[Edit; 2]> {
    let layer = text.get(moved.start..moved.end)?;
    Some([insert_before(text, other, layer)?, delete(text, moved)?])
}

/// Puts a layer before another one.
pub(super) fn insert_before(text: &str, span: Span, layer: &str) -> Option<Edit> {
    let line = before(text, span.start)?;
    if text.get(..span.start)?.trim_end().ends_with("->") {
        return Some(edit(span.start, span.start, format!("{layer} -> ")));
    }
    let head = text.get(..span.start)?.trim_end();
    if !line.trim().is_empty() && head.ends_with([';', '{']) {
        return Some(edit(span.start, span.start, format!("{layer}; ")));
    }
    if !begins_statement(line) {
        return None;
    }
    let indent = &line[..line.len() - line.trim_start().len()];
    let start = span.start - line.trim_start().len();
    Some(edit(start, start, format!("{layer}\n{indent}")))
}

/// Makes two layers, the first of which stands before the second, change places.
pub(super) fn swap(text: &str, first: Span, second: Span) -> Option<[Edit; 2]> {
    let (a, b) = (text.get(first.start..first.end)?, text.get(second.start..second.end)?);
    let plain = |span: Span| before(text, span.start).is_some_and(|line| !line.contains('='));
    (first.end <= second.start && plain(first) && plain(second))
        .then(|| [edit(first.start, first.end, b), edit(second.start, second.end, a)])
}

/// Sets an option of a layer: its value where it is written, else behind the others.
pub(super) fn set_option(text: &str, node: &LayerNode, option: &'static str, value: &str) -> Option<Edit> {
    if let Some((_, span)) = node.options.iter().find(|(name, _)| *name == option) {
        text.get(span.start..span.end)?;
        return Some(edit(span.start, span.end, value));
    }
    let layer = text.get(node.span.start..node.span.end)?;
    let argument = format!("{option}: {value}");
    if layer.contains(['/', '{']) && (layer.contains("//") || layer.contains('{')) {
        return None;
    }
    let Some(inner) = layer.strip_suffix(')') else {
        return Some(edit(node.span.end, node.span.end, format!("({argument})")));
    };
    let place = node.span.start + inner.trim_end().len();
    let separator = match inner.trim_end().chars().last() {
        Some('(') => "",
        Some(',') => " ",
        _ => ", ",
    };
    Some(edit(place, place, format!("{separator}{argument}")))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn applied(text: &str, mut edits: Vec<Edit>) -> String {
        edits.sort_by_key(|edit| std::cmp::Reverse(edit.span.start));
        let mut text = text.to_owned();
        for edit in edits {
            text.replace_range(edit.span.start..edit.span.end, &edit.text);
        }
        text
    }

    fn find(text: &str, word: &str) -> Span {
        let start = text.find(word).expect("it is there");
        Span::new(start, start + word.len())
    }

    #[test]
    fn layers_are_taken_out() {
        for (text, wanted) in [
            ("a\n  x\nb\n", Some("a\nb\n")),
            ("a\n  n = x\nb\n", Some("a\nb\n")),
            ("a -> x -> b", Some("a -> b")),
            ("a -> x", Some("a")),
            ("a ->\n  x\nb", Some("a\nb")),
            ("  x -> b", Some("  b")),
            ("  x // why\n", Some("   // why\n")),
            ("a -> // why\n  x\nb", None),
            ("m { a; x }", Some("m { a }")),
            ("m { a; x; b }", Some("m { a; b }")),
            ("m { x; b }", Some("m { b }")),
            ("m {\n  a;\n  x\n}", Some("m {\n  a\n}")),
            ("m {\n  a\n  x }", Some("m {\n  a\n  }")),
            ("m { a; n = x }", None),
            ("f(x)", None),
        ] {
            let edit = delete(text, find(text, "x"));
            assert_eq!(edit.map(|edit| applied(text, vec![edit])).as_deref(), wanted, "{text}");
        }
    }

    #[test]
    fn layers_change_places() {
        let text = "  a -> o\n  x(1)\nb";
        let edits = move_before(text, find(text, "x(1)"), find(text, "o")).expect("plain");
        assert_eq!(applied(text, edits.to_vec()), "  a -> x(1) -> o\nb");
        let text = "  o\n  x(1)\nb";
        let edits = move_before(text, find(text, "x(1)"), find(text, "o")).expect("plain");
        assert_eq!(applied(text, edits.to_vec()), "  x(1)\n  o\nb");
        for (text, wanted) in [
            ("m { a; o; x(1) }", "m { a; x(1); o }"),
            ("m { o; x(1); b }", "m { x(1); o; b }"),
            ("o\nx(1) }", "x(1)\no\n}"),
        ] {
            let edits = move_before(text, find(text, "x(1)"), find(text, "o")).expect("plain");
            assert_eq!(applied(text, edits.to_vec()), wanted);
        }
        let text = "  o\n  x(1)\nb";
        let edits = swap(text, find(text, "o"), find(text, "x(1)")).expect("plain");
        assert_eq!(applied(text, edits.to_vec()), "  x(1)\n  o\nb");
    }
}
