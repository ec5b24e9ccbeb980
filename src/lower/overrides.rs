//! Settings from the command line: `--set train.batch=64`, checked as if written in the file.

use super::Cx;
use super::section::known_section;
use crate::ast::{Argument, Entry, ExprKind, Name, Section, Setting, Step};
use crate::diag::{Code, Diagnostic};
use crate::parse::parse_value;
use crate::source::{SourceFile, SourceMap, Span, Spanned};

/// What the text of an overriding setting is called, in the place of a file's name.
pub const OVERRIDE: &str = "--set";

/// An overriding setting as a text among others: the value begins behind the path and `=`.
pub(crate) fn override_text(path: &str, value: &str) -> SourceFile {
    SourceFile::new(OVERRIDE, format!("{path}={value}"))
}

/// Sections that hold the overriding settings; arguments of calls (`train.optimizer.lr`) are changed in
/// place.
pub(super) fn apply(
    cx: &mut Cx,
    sections: &mut [Section],
    sources: &mut SourceMap,
    overrides: &[(String, String)],
) -> Vec<Section> {
    let mut added: Vec<Section> = Vec::new();
    for (path, text) in overrides {
        let base = sources.add(override_text(path, text));
        let value_base = base + path.len() + 1;
        let (value, problems) = parse_value(text, value_base);
        cx.problems.extend(problems);
        let names = words(path, base);
        let whole = Span::new(base, base + path.len());
        let (section, rest) = match &names[..] {
            [section, rest @ ..] if (1..=2).contains(&rest.len()) => (section, rest),
            _ => {
                let problem =
                    Diagnostic::new(Code::E0008).saying("path").arg("path", path).at(whole, "path-here");
                cx.report(problem.help("path-help"));
                continue;
            }
        };
        let Some(value) = value else { continue };
        if !known_section(cx, section) {
            continue;
        }
        let key = &rest[0];
        match rest.get(1) {
            None => {
                let setting = Entry::Setting(Setting { key: key.clone(), value });
                let entries = vec![setting];
                added.push(Section { kind: section.clone(), target: None, entries, span: whole });
            }
            Some(option) => {
                let argument = Argument { name: Some(option.clone()), value };
                let mut changed = false;
                let of_kind =
                    sections.iter_mut().chain(&mut added).filter(|other| other.kind.value == section.value);
                for entry in of_kind.flat_map(|section| &mut section.entries) {
                    changed |= set_argument(entry, key, &argument);
                }
                if !changed {
                    let problem = Diagnostic::new(Code::E0008)
                        .saying("absent")
                        .arg("section", &section.value)
                        .arg("name", &key.value)
                        .at(key.span, "here");
                    cx.report(problem);
                }
            }
        }
    }
    added
}

/// The words of `train.optimizer.lr`, with their places.
fn words(path: &str, base: usize) -> Vec<Name> {
    let mut start = base;
    let mut words = Vec::new();
    for word in path.split('.') {
        words.push(Spanned::new(word.to_owned(), Span::new(start, start + word.len())));
        start += word.len() + 1;
    }
    words
}

/// Sets an argument of a call, or of a setting whose value is one; `optimizer: adam` counts as `adam()`.
fn set_argument(entry: &mut Entry, key: &Name, argument: &Argument) -> bool {
    match entry {
        Entry::Call(Step { callee, arguments, .. }) if callee.value == key.value => {
            replace(arguments, argument);
            true
        }
        Entry::Setting(setting) if setting.key.value == key.value => match &mut setting.value.kind {
            ExprKind::Call(_, arguments) => {
                replace(arguments, argument);
                true
            }
            ExprKind::Name(word) => {
                let callee = Spanned::new(word.clone(), setting.value.span);
                setting.value.kind = ExprKind::Call(callee, vec![argument.clone()]);
                true
            }
            _ => false,
        },
        Entry::Call(_) | Entry::Setting(_) | Entry::Let(_) | Entry::Allow(_) | Entry::Section(_) => false,
    }
}

fn replace(arguments: &mut Vec<Argument>, argument: &Argument) {
    let name = |argument: &Argument| argument.name.as_ref().map(|name| name.value.clone());
    arguments.retain(|other| name(other) != name(argument));
    arguments.push(argument.clone());
}
