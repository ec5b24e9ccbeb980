//! A point of a search as a file of its own: `best.cnn`.

use std::collections::BTreeSet;

use super::settings::write_value;
use super::space::{Shared, SpaceView};
use crate::ast::visit::{Visitor, walk_definition, walk_expr, walk_section};
use crate::ast::{Argument, Entry, Expr, ExprKind, File, Item, Step};
use crate::diag::Edit;
use crate::format::format;
use crate::lower::override_text;
use crate::parse::{parse, parse_value};
use crate::source::Span;
use crate::space::{Point, Value};

/// The word that is replaced.
const SEARCH: &str = "search";

impl SpaceView {
    /// The file with every `search(…)` replaced by its value at a point, without its `tune` sections, and
    /// with the settings in it that replaced those of the file from outside. What does not count at the point
    /// has its first value. Comments stay; `heading` stands before all, a comment a line.
    ///
    /// The text, checked, is the program of [`SpaceView::program_at`].
    pub fn filled(&self, point: &Point, heading: &str) -> String {
        let Shared { ast, sources, options, model, epochs, .. } = &*self.shared;
        let main = sources.main().text.clone();
        let filling = Filling { view: self, point };
        let mut text = filling.fill(ast, &main);
        let mut sources = sources.clone();
        for (path, value) in &options.overrides {
            let base = sources.add(override_text(path, value)) + path.len() + 1;
            if path.starts_with("tune.") {
                continue;
            }
            let value = filling.fill_value(value, base);
            text = overridden(&text, model, path, &value);
        }
        if let Some(epochs) = epochs {
            text = overridden(&text, model, "train.epochs", &epochs.to_string());
        }
        let heading: String =
            heading.lines().map(|line| format!("// {line}").trim_end().to_owned() + "\n").collect();
        let text = self.allowing_what_is_left(&format!("{heading}{text}"));
        // what could not be laid out is right all the same
        format(&text).unwrap_or(text)
    }

    /// With an `allow` for what only other values of the search use.
    fn allowing_what_is_left(&self, text: &str) -> String {
        if !self.has_unused(text) {
            return text.to_owned();
        }
        let line = "allow W0506 because \"other values of the search use it\"\n";
        let file = parse(text).0;
        let language = file.items.iter().find_map(|item| match item {
            Item::Language(version) => Some(version.span.end),
            Item::Use(_) | Item::Let(_) | Item::Allow(_) | Item::Definition(_) | Item::Section(_) => None,
        });
        match language {
            Some(end) => format!("{}\n{line}{}", &text[..end], text[end..].trim_start_matches('\n')),
            None => {
                // behind the comments that the file begins with
                let begins = |line: &str| line.starts_with("//") || line.trim().is_empty();
                let at: usize =
                    text.split_inclusive('\n').take_while(|line| begins(line)).map(str::len).sum();
                format!("{}{line}\n{}", &text[..at], &text[at..])
            }
        }
    }
}

/// Values in the place of searches.
struct Filling<'a> {
    view: &'a SpaceView,
    point: &'a Point,
}

/// A `search(…)`.
struct Call {
    span: Span,
    arguments: Vec<Argument>,
}

/// All of a text.
#[derive(Default)]
struct Calls {
    /// The outer before the inner ones.
    found: Vec<Call>,
    /// Places of parts of calculations: there a value of several parts needs parentheses.
    operands: BTreeSet<Span>,
}

impl Calls {
    fn add(&mut self, span: Span, arguments: &[Argument]) {
        self.found.push(Call { span, arguments: arguments.to_vec() });
    }

    fn sort(&mut self) {
        self.found.sort_by_key(|call| (call.span.start, std::cmp::Reverse(call.span.end)));
    }
}

impl Visitor for Calls {
    fn expr(&mut self, expr: &Expr) {
        match &expr.kind {
            ExprKind::Call(name, arguments) if name.value == SEARCH => self.add(expr.span, arguments),
            ExprKind::Negate(inner) | ExprKind::Of(inner, _) | ExprKind::Onward(inner) => {
                self.operands.insert(inner.span);
            }
            ExprKind::Binary(_, left, right) => self.operands.extend([left.span, right.span]),
            ExprKind::Range { start, end, .. } => self.operands.extend([start.span, end.span]),
            _ => {}
        }
    }

    fn step(&mut self, step: &Step) {
        if step.callee.value == SEARCH {
            self.add(step.span, &step.arguments);
        }
    }
}

/// Whether a value is a calculation itself.
fn is_composed(expr: &Expr) -> bool {
    matches!(
        expr.kind,
        ExprKind::Binary(..)
            | ExprKind::If(_)
            | ExprKind::Of(..)
            | ExprKind::By(_)
            | ExprKind::Onward(_)
            | ExprKind::Range { .. }
    )
}

/// A text that begins at `base`, with these parts replaced; none touches another.
pub(super) fn edited(text: &str, edits: &[(Span, String)], base: usize) -> String {
    let mut edits: Vec<&(Span, String)> = edits.iter().collect();
    edits.sort_by_key(|(span, _)| *span);
    let (mut made, mut at) = (String::new(), 0);
    for (span, new) in edits {
        let (start, end) = (span.start.saturating_sub(base), span.end.saturating_sub(base));
        made.push_str(text.get(at..start).unwrap_or(""));
        made.push_str(new);
        at = end;
    }
    made.push_str(text.get(at..).unwrap_or(""));
    made
}

/// A text with a setting from outside written into it: `train.batch`, or `train.optimizer.lr`.
fn overridden(text: &str, model: &str, path: &str, value: &str) -> String {
    let file = parse(text).0;
    let words: Vec<&str> = path.split('.').collect();
    let edits: Vec<(Span, String)> = match words[..] {
        [section, key] => {
            let Edit { span, text } = write_value(&file, text, Some(model), (section, key), value);
            vec![(span, text)]
        }
        [section, key, option] => {
            let sections = file.sections().filter(|other| other.kind.value == section);
            sections
                .flat_map(|section| &section.entries)
                .filter_map(|entry| argument(entry, key, option, value))
                .collect()
        }
        _ => Vec::new(),
    };
    edited(text, &edits, 0)
}

/// An argument of a call, or of a setting whose value is one.
fn argument(entry: &Entry, key: &str, option: &str, value: &str) -> Option<(Span, String)> {
    let (arguments, end, is_call) = match entry {
        Entry::Call(Step { callee, arguments, span, .. }) if callee.value == key => {
            (&arguments[..], span.end, *span != callee.span)
        }
        Entry::Setting(setting) if setting.key.value == key => match &setting.value.kind {
            ExprKind::Call(_, arguments) => (&arguments[..], setting.value.span.end, true),
            ExprKind::Name(_) => (&[][..], setting.value.span.end, false),
            _ => return None,
        },
        Entry::Call(_) | Entry::Setting(_) | Entry::Let(_) | Entry::Allow(_) | Entry::Section(_) => {
            return None;
        }
    };
    let is_it = |argument: &&Argument| argument.name.as_ref().is_some_and(|name| name.value == option);
    let written = format!("{option}: {value}");
    if let Some(argument) = arguments.iter().find(is_it) {
        return Some((argument.value.span, value.to_owned()));
    }
    Some(match (is_call, arguments.is_empty()) {
        (false, _) => (Span::new(end, end), format!("({written})")),
        (true, true) => (Span::new(end - 1, end - 1), written),
        (true, false) => (Span::new(end - 1, end - 1), format!(", {written}")),
    })
}

impl Filling<'_> {
    /// The file without searches.
    fn fill(&self, file: &File, text: &str) -> String {
        let mut calls = Calls::default();
        for item in &file.items {
            match item {
                Item::Let(constant) => walk_expr(&mut calls, &constant.value),
                Item::Definition(definition) => walk_definition(&mut calls, definition),
                Item::Section(section) if section.kind.value != "tune" => walk_section(&mut calls, section),
                Item::Section(_) | Item::Language(_) | Item::Use(_) | Item::Allow(_) => {}
            }
        }
        calls.sort();
        let mut edits = self.edits(&calls, text, 0);
        edits.extend(file.sections().filter(|section| section.kind.value == "tune").map(|section| {
            let inside =
                |comment: &&Span| section.span.start < comment.start && comment.end <= section.span.end;
            let comments = file.comments.iter().filter(inside);
            let comments: Vec<&str> = comments
                .filter_map(|comment| text.get(comment.start..comment.end))
                .map(str::trim_end)
                .collect();
            (section.span, comments.join("\n"))
        }));
        edited(text, &edits, 0)
    }

    /// A value of an override without searches; its first byte has the offset `base`.
    fn fill_value(&self, text: &str, base: usize) -> String {
        let Some(value) = parse_value(text, base).0 else { return text.to_owned() };
        let mut calls = Calls::default();
        walk_expr(&mut calls, &value);
        calls.sort();
        edited(text, &self.edits(&calls, text, base), base)
    }

    /// What replaces the outermost searches of a text that begins at `base`.
    fn edits(&self, calls: &Calls, text: &str, base: usize) -> Vec<(Span, String)> {
        let mut edits: Vec<(Span, String)> = Vec::new();
        for call in &calls.found {
            let is_inner = edits.last().is_some_and(|(outer, _)| call.span.end <= outer.end);
            if !is_inner {
                edits.push((call.span, self.value(call, calls, text, base)));
            }
        }
        edits
    }

    /// What stands for a search, as text.
    fn value(&self, call: &Call, calls: &Calls, text: &str, base: usize) -> String {
        let tune = self.view.tune();
        let parameter = tune.places.iter().position(|place| *place == call.span);
        let domain = parameter.and_then(|at| tune.space.parameters.get(at)).map(|found| &found.domain);
        let value = parameter.and_then(|at| self.point.0.get(at).copied().flatten());
        let value = match (domain, value) {
            (Some(domain), Some(value)) if domain.contains(value) => Some(value),
            (Some(domain), _) => Some(domain.first()),
            (None, _) => None,
        };
        let values = call.arguments.iter().map(|argument| &argument.value);
        for values in values {
            match (&values.kind, value, domain) {
                (ExprKind::List(items), value, _) => {
                    let index = if let Some(Value::Choice(index)) = value { index } else { 0 };
                    let Some(item) = items.get(index) else { continue };
                    let written = self.within(item, calls, text, base);
                    let is_operand = calls.operands.contains(&call.span);
                    return if is_operand && is_composed(item) { format!("({written})") } else { written };
                }
                (ExprKind::Range { .. }, Some(Value::Number(_)), Some(domain)) => {
                    return value.map_or_else(String::new, |value| domain.written(value));
                }
                // no parameter of this model
                (ExprKind::Range { start, .. }, _, _) => return self.within(start, calls, text, base),
                _ => {}
            }
        }
        String::new()
    }

    /// The text of an expression, the searches in it replaced.
    fn within(&self, expr: &Expr, calls: &Calls, text: &str, base: usize) -> String {
        let mut edits: Vec<(Span, String)> = Vec::new();
        for call in &calls.found {
            let is_inside = expr.span.start <= call.span.start && call.span.end <= expr.span.end;
            let is_inner = edits.last().is_some_and(|(outer, _)| call.span.end <= outer.end);
            if is_inside && !is_inner {
                edits.push((call.span, self.value(call, calls, text, base)));
            }
        }
        let own = text.get(expr.span.start - base..expr.span.end - base).unwrap_or("");
        edited(own, &edits, expr.span.start)
    }
}
