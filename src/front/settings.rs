//! Settings that a fix writes: where they go in the file.

use crate::ast::{Entry, File, Section};
use crate::diag::{Edit, NewSetting};
use crate::source::Span;

/// The edit that gives a section a setting: in place of its value, as the section's last line, or in a
/// section of its own.
pub(super) fn write(file: &File, text: &str, model: Option<&str>, setting: &NewSetting) -> Edit {
    let NewSetting { section, key, value } = setting;
    write_value(file, text, model, (section, key), value)
}

/// [`write`] for any setting, by its section and key.
pub(super) fn write_value(
    file: &File,
    text: &str,
    model: Option<&str>,
    (section, key): (&str, &str),
    value: &str,
) -> Edit {
    let of_kind = |name: &str, of_model: bool| {
        file.sections().find(|other| {
            let target = other.target.as_ref().map(|target| target.value.as_str());
            other.kind.value == name
                && if of_model { target.is_some() && target == model } else { target.is_none() }
        })
    };
    let either = |name: &str| of_kind(name, true).or_else(|| of_kind(name, false));
    let written = [of_kind(section, true), of_kind(section, false)];
    if let Some(span) = written.into_iter().flatten().find_map(|section| value_of(section, key)) {
        return Edit { span, text: value.to_owned() };
    }
    let entry = format!("{key}: {value}");
    if let Some(section) = of_kind(section, false).or_else(|| of_kind(section, true)) {
        return append(text, section, &entry);
    }
    let before = either("prepare").or_else(|| either("data")).map(|section| section.span.end);
    new_section(text, section, &entry, before)
}

/// A section of one entry, behind what ends at `before` or at the end of the file.
pub(super) fn new_section(text: &str, section: &str, entry: &str, before: Option<usize>) -> Edit {
    let at = before.unwrap_or(text.trim_end().len());
    let new = format!("\n\n{section} {{\n    {entry}\n}}");
    // what follows on the same line goes on below
    let rest = text.get(at..).and_then(|rest| rest.lines().next()).unwrap_or("");
    let end = if rest.trim().is_empty() { "" } else { "\n" };
    Edit { span: Span::new(at, at), text: format!("{new}{end}") }
}

pub(super) fn value_of(section: &Section, key: &str) -> Option<Span> {
    section.entries.iter().find_map(|entry| match entry {
        Entry::Setting(setting) if setting.key.value == key => Some(setting.value.span),
        Entry::Setting(_) | Entry::Call(_) | Entry::Let(_) | Entry::Allow(_) | Entry::Section(_) => None,
    })
}

/// A line before the closing brace, or an entry on the section's one line.
pub(super) fn append(text: &str, section: &Section, entry: &str) -> Edit {
    let close = section.span.end.saturating_sub(1);
    let inside = text.get(section.span.start..close).unwrap_or("");
    let at = |place: usize, text: String| Edit { span: Span::new(place, place), text };
    match inside.rfind('\n') {
        Some(line) if inside[line..].trim().is_empty() => {
            let place = section.span.start + line + 1;
            let before = text.get(..section.span.start).unwrap_or("");
            let indent = before.rsplit('\n').next().map_or(0, |line| line.len() - line.trim_start().len());
            at(place, format!("{}{entry}\n", " ".repeat(indent + 4)))
        }
        Some(_) => at(close, format!("; {entry}\n")),
        None if section.entries.is_empty() => at(close, format!("{entry} ")),
        None => at(section.span.start + inside.trim_end().len(), format!("; {entry}")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::parse::parse;

    fn with(text: &str, key: &'static str, value: &str) -> String {
        let setting = NewSetting { section: "prepare", key, value: value.to_owned() };
        let edit = write(&parse(text).0, text, Some("A"), &setting);
        let mut text = text.to_owned();
        text.replace_range(edit.span.start..edit.span.end, &edit.text);
        assert!(parse(&text).1.is_empty(), "{text}");
        text
    }

    #[test]
    fn settings_go_where_they_belong() {
        assert_eq!(with("prepare { rescale: 1 }\n", "rescale", "2"), "prepare { rescale: 2 }\n");
        assert_eq!(with("prepare { color: rgb }\n", "rescale", "2"), "prepare { color: rgb; rescale: 2 }\n");
        assert_eq!(with("prepare { }\n", "rescale", "2"), "prepare { rescale: 2 }\n");
        assert_eq!(
            with("prepare {\n    color: rgb // x\n}\n", "rescale", "2"),
            "prepare {\n    color: rgb // x\n    rescale: 2\n}\n"
        );
        assert_eq!(
            with("data { }\ntrain { }\n", "rescale", "2"),
            "data { }\n\nprepare {\n    rescale: 2\n}\ntrain { }\n"
        );
        assert_eq!(
            with("prepare B { rescale: 1 }", "rescale", "2"),
            "prepare B { rescale: 1 }\n\nprepare {\n    rescale: 2\n}"
        );
    }
}
