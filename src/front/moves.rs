//! Entries that a fix moves to the section that they belong to.

use super::settings::{append, new_section, value_of};
use crate::ast::{Entry, Expr, ExprKind, File, Section};
use crate::diag::{Edit, Move, MoveTo};
use crate::source::Span;

/// The edits that move an entry; nothing where the place has one already, or cannot take it.
pub(super) fn write(file: &File, text: &str, entry: &Move) -> Option<Vec<Edit>> {
    let rest = text.get(entry.key.end..entry.entry.end)?;
    let written = format!("{}{rest}", entry.name);
    match &entry.to {
        MoveTo::Section(name) => {
            let into = match file.sections().find(|section| section.kind.value == *name) {
                // said twice, once is enough; where the two differ it is not known which is meant
                Some(section) if value_of(section, entry.name).is_some() => {
                    let there = value_of(section, entry.name).and_then(|span| text.get(span.start..span.end));
                    let is_same = there == Some(rest.trim_start_matches([' ', ':']));
                    return if is_same { take_out(text, entry.entry).map(|edit| vec![edit]) } else { None };
                }
                Some(section) => append(text, section, &written),
                None => new_section(text, name, &written, None),
            };
            Some(vec![into, take_out(text, entry.entry)?])
        }
        MoveTo::Argument { setting, words, default } => {
            let around = around(file, entry.entry)?;
            let Some(value) = setting_of(around, setting) else {
                let word = default.filter(|word| words.contains(word))?;
                let text = format!("{setting}: {word}({written})");
                return Some(vec![Edit { span: entry.entry, text }]);
            };
            Some(vec![with_argument(text, value, words, &written)?, take_out(text, entry.entry)?])
        }
    }
}

/// The innermost section around a place: a phase, or a section of the file.
fn around(file: &File, place: Span) -> Option<&Section> {
    let holds = |section: &&Section| section.span.start <= place.start && place.end <= section.span.end;
    let outer = file.sections().find(holds)?;
    let phases = outer.entries.iter().filter_map(|entry| match entry {
        Entry::Section(inner) => Some(inner),
        Entry::Setting(_) | Entry::Call(_) | Entry::Let(_) | Entry::Allow(_) => None,
    });
    Some(phases.into_iter().find(holds).unwrap_or(outer))
}

fn setting_of<'f>(section: &'f Section, key: &str) -> Option<&'f Expr> {
    section.entries.iter().find_map(|entry| match entry {
        Entry::Setting(setting) if setting.key.value == key => Some(&setting.value),
        Entry::Setting(_) | Entry::Call(_) | Entry::Let(_) | Entry::Allow(_) | Entry::Section(_) => None,
    })
}

/// `adam` or `adam(…)` with one more argument.
fn with_argument(text: &str, value: &Expr, words: &[&str], argument: &str) -> Option<Edit> {
    let end = value.span.end;
    match &value.kind {
        ExprKind::Name(word) if words.contains(&word.as_str()) => {
            Some(Edit { span: Span::new(end, end), text: format!("({argument})") })
        }
        ExprKind::Call(word, arguments) if words.contains(&word.value.as_str()) => {
            let name = argument.split(':').next().unwrap_or("");
            let is_there = |known: &crate::ast::Argument| match &known.name {
                Some(known) => known.value == name,
                // which option it is for is not known here
                None => true,
            };
            if arguments.iter().any(is_there) || !text.get(..end)?.ends_with(')') {
                return None;
            }
            let before = if arguments.is_empty() { "" } else { ", " };
            Some(Edit { span: Span::new(end - 1, end - 1), text: format!("{before}{argument}") })
        }
        _ => None,
    }
}

/// Takes an entry out: its line, or what stands between two `;`.
fn take_out(text: &str, entry: Span) -> Option<Edit> {
    let (head, tail) = (text.get(..entry.start)?, text.get(entry.end..)?);
    let line = head.len() - head.rfind('\n').map_or(0, |at| at + 1);
    let indent = &head[head.len() - line..];
    let rest = tail.lines().next().unwrap_or("");
    let edit = |start: usize, end: usize| Some(Edit { span: Span::new(start, end), text: String::new() });
    if let Some(behind) = rest.trim_start().strip_prefix(';') {
        let next = behind.trim_start();
        let after = entry.end + (rest.len() - next.len());
        if indent.trim().is_empty() && next.is_empty() {
            return edit(entry.start - line, (entry.end + rest.len() + 1).min(text.len()));
        }
        return edit(entry.start, after);
    }
    if indent.trim().is_empty() && rest.trim().is_empty() {
        return edit(entry.start - line, (entry.end + rest.len() + 1).min(text.len()));
    }
    match head.trim_end().strip_suffix(';') {
        Some(before) => edit(before.len(), entry.end),
        // the only entry of `data { … }`, or one before a comment
        None => edit(entry.start, entry.end),
    }
}
